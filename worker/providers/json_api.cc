#include "worker/providers/json_api.h"

#include "worker/providers/extra_fields.h"

namespace muster {

Result<ApiRequest> JsonApi::MakeRequest(const ChatRequest& request,
                                        const Provider& provider) const {
  Result<Json> body = form_.request(request, provider);
  if (!body) return Error{body.error()};
  if (auto merged = MergeExtra(request.extra, *body); !merged) return Error{merged.error()};
  return ApiRequest{std::string(form_.path), std::move(*body), {}};
}

Reading JsonApi::ReadReply(const HttpReply& reply) const {
  bool success = reply.status >= 200 && reply.status <= 299;
  Reading reading = success ? ReadSuccess(reply) : ReadErrorReply(reply, form_.path);
  if (form_.limits) reading.limits = form_.limits(reply);
  return reading;
}

Reading JsonApi::ReadSuccess(const HttpReply& reply) const {
  Reading reading;
  reading.request_id = RequestId(reply);
  Result<Json> body = ParseJson(reply.body);
  if (!body) {
    reading.failure = BadReply(reply, body.error());
    return reading;
  }
  reading.served_model = StringMember(*body, "model");
  reading.usage = form_.usage(*body);
  Result<ChatAnswer> answer = AnswerIn(*body);
  reading.answered = answer.ok();
  if (answer) return reading;
  std::optional<ApiError> error = form_.error(*body);
  reading.failure = error ? InnerFailure(reply, *error) : BadReply(reply, answer.error());
  if (reading.usage) reading.failure.billing = Billing::kUsage;
  return reading;
}

Result<ChatAnswer> JsonApi::ReadAnswer(std::string_view body) const {
  Result<Json> json = ParseJson(body);
  if (!json) return Error{json.error()};
  return AnswerIn(*json);
}

Result<ChatAnswer> JsonApi::AnswerIn(const Json& body) const {
  if (form_.error(body)) return Fail("the generation failed");
  return form_.answer(body);
}

}  // namespace muster
