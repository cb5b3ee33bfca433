#include "worker/providers/json_api.h"

#include "common/extra_fields.h"

namespace muster {
namespace {

constexpr size_t kMaxPartialBytes = 64 * 1024;

Failure BrokeOff(const HttpReply& reply) {
  Failure failure;
  failure.status = reply.status;
  failure.kind = FailureKind::kNetwork;
  failure.message = "the stream ended before its answer was complete";
  failure.billing = Billing::kUnknown;
  return failure;
}

// The beginning of a text, not cut within a character.
std::string Beginning(std::string text) {
  if (text.size() <= kMaxPartialBytes) return text;
  size_t end = kMaxPartialBytes;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

Result<ApiRequest> JsonApi::MakeRequest(const ChatRequest& request,
                                        const Provider& provider) const {
  Result<ApiRequest> made = form_.request(request, provider);
  if (!made) return made;
  if (auto merged = MergeExtra(request.extra, made->body); !merged) return Error{merged.error()};
  return made;
}

Reading JsonApi::ReadReply(const HttpReply& reply) const {
  bool success = reply.status >= 200 && reply.status <= 299;
  Reading reading = success ? ReadSuccess(reply) : ReadErrorReply(reply, form_.path, form_.meaning);
  if (form_.limits) reading.limits = form_.limits(reply);
  Failure& failure = reading.failure;
  if (form_.wait && !reading.answered && !failure.retry_after_ms) {
    failure.retry_after_ms = form_.wait(reply, failure);
  }
  return reading;
}

Reading JsonApi::ReadSuccess(const HttpReply& reply) const {
  if (form_.stream && IsStream(*form_.stream, reply)) return ReadStream(reply);
  Reading reading;
  Result<Json> body = ParseJson(reply.body);
  if (body) {
    reading = ReadBody(reply, *body);
    reading.body = reading.answered ? reply.body : "";
  } else {
    reading.failure = BadReply(reply, body.error());
  }
  if (!reading.answered) reading.partial = Beginning(reply.body);
  reading.request_id = RequestId(reply);
  return reading;
}

Reading JsonApi::ReadStream(const HttpReply& reply) const {
  Reading reading;
  auto mended = form_.mended ? form_.mended(reply.body) : std::nullopt;
  Result<Folded> folded = FoldStream(*form_.stream, mended ? *mended : reply.body);
  if (!folded) {
    reading.failure = BadReply(reply, folded.error());
  } else if (folded->error) {
    reading.failure = InnerFailure(reply, *folded->error, form_.meaning);
  } else if (!folded->body) {
    reading.failure = BrokeOff(reply);
  } else {
    reading = ReadBody(reply, *folded->body);
    if (reading.answered) reading.body = DumpJson(*folded->body);
  }
  if (!reading.answered && folded) reading.partial = Beginning(std::move(folded->text));
  reading.request_id = RequestId(reply);
  return reading;
}

Reading JsonApi::ReadBody(const HttpReply& reply, const Json& body) const {
  Reading reading;
  reading.served_model = StringMember(body, "model");
  reading.usage = form_.usage(body);
  if (form_.tier) reading.tier = form_.tier(body);
  if (form_.own_cost) reading.own_cost = form_.own_cost(body);
  Result<ChatAnswer> answer = AnswerIn(body);
  reading.answered = answer.ok();
  if (answer) {
    if (!answer->served_model.empty()) reading.served_model = answer->served_model;
    return reading;
  }
  std::optional<ApiError> error = form_.error(body);
  reading.failure =
      error ? InnerFailure(reply, *error, form_.meaning) : BadReply(reply, answer.error());
  if (reading.usage) reading.failure.billing = Billing::kUsage;
  return reading;
}

std::string JsonApi::ReadPartial(const HttpReply& reply) const {
  if (!form_.stream || !IsStream(*form_.stream, reply)) return Beginning(reply.body);
  // The last event may be cut off: what came before it counts.
  Result<Folded> folded = FoldStream(*form_.stream, reply.body);
  if (!folded) {
    size_t end = reply.body.find_last_of("\r\n");
    folded = FoldStream(*form_.stream, std::string_view(reply.body).substr(0, end + 1));
  }
  return folded ? Beginning(std::move(folded->text)) : Beginning(reply.body);
}

std::unique_ptr<StreamWatch> JsonApi::Watch() const {
  return form_.stream ? WatchStream(*form_.stream) : nullptr;
}

Result<ChatAnswer> JsonApi::ReadAnswer(std::string_view body) const {
  Result<Json> json = ParseJson(body);
  if (!json) return Error{json.error()};
  Result<ChatAnswer> answer = AnswerIn(*json);
  if (answer) answer->usage = form_.usage(*json);
  return answer;
}

Result<ChatAnswer> JsonApi::AnswerIn(const Json& body) const {
  if (form_.error(body)) return Fail("the generation failed");
  return form_.answer(body);
}

}  // namespace muster
