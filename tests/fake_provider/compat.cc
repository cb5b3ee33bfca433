#include "tests/fake_provider/compat.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_chat_stream.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider {
namespace {

constexpr std::string_view kChat = "/compat/v1/chat/completions";
constexpr std::string_view kModels = "/compat/v1/models";

ApiReply ErrorReply(int status, const std::string& message) {
  return JsonReply(status, {{"error",
                             {{"message", message},
                              {"type", status < 500 ? "BadRequestError" : "InternalServerError"},
                              {"param", nullptr},
                              {"code", status}}}});
}

// OpenAI's error in this server's form.
ApiReply Translated(const ApiReply& theirs) {
  if (!ParseJson(theirs.body)) return theirs;
  ApiReply reply = ErrorReply(theirs.status, StringMember(openai::ErrorOf(theirs), "message"));
  if (const std::string* wait = FindHeader(theirs.headers, "Retry-After")) {
    reply.headers.emplace_back("Retry-After", *wait);
  }
  return reply;
}

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  const Json& format = MemberOf(call.body, "response_format");
  const Json& schema = MemberOf(MemberOf(format, "json_schema"), "schema");
  Prompt prompt;
  openai::AddMessages(MemberOf(call.body, "messages"), prompt);
  Question question =
      QuestionFor(call, wishes, std::move(prompt), openai::SchemaOf(format, schema));
  question.effort = StringMember(call.body, "reasoning_effort");
  const Json& most = MemberOf(call.body, "max_tokens");
  if (most.is_number_integer() && most > 0) question.max_output_tokens = most.get<int64_t>();
  question.untold = {.reasoning = true, .cached = true, .cache_write = true};
  return question;
}

Json Completion(const Call& call, const Answer& answer, const AnswerWishes& wishes) {
  std::string id = Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 32);
  Json message = {{"role", "assistant"}, {"content", answer.text}, {"reasoning_content", nullptr}};
  Json completion = {{"id", "chatcmpl-" + id},
                     {"object", "chat.completion"},
                     {"created", UnixTime()},
                     {"model", call.model},
                     {"choices", Json::array()}};
  completion["choices"].push_back(
      {{"index", 0},
       {"message", message},
       {"logprobs", nullptr},
       {"finish_reason", answer.finish == Finish::kLength ? "length" : "stop"}});
  const Usage& usage = answer.usage;
  completion["usage"] = wishes.usage ? *wishes.usage
                                     : Json{{"prompt_tokens", usage.input},
                                            {"total_tokens", usage.input + usage.output},
                                            {"completion_tokens", usage.output},
                                            {"prompt_tokens_details", nullptr}};
  if (wishes.no_usage) completion.erase("usage");
  return completion;
}

class Compat : public Api {
 public:
  bool Serves(std::string_view path) const override { return path == kChat || path == kModels; }

  bool NeedsKey(const Request&) const override { return false; }
  std::string KeyOf(const Request& request) const override { return openai::BearerKey(request); }
  std::string ModelOf(const Call& call) const override { return StringMember(call.body, "model"); }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    if (call.http.method != "GET" || call.http.path != kModels) return std::nullopt;
    return openai::ListModels(call);
  }

  std::optional<ApiReply> Check(const Call& call) const override {
    if (call.http.method != "POST") return ErrorReply(405, "Method Not Allowed");
    if (!call.body.is_object()) return ErrorReply(400, "the body is no JSON object");
    if (call.http.path != kChat) return ErrorReply(404, "Not Found");
    if (!HasModel(call, true)) {
      return ErrorReply(404, fmt::format("The model `{}` does not exist.", call.model));
    }
    openai::Complaint wrong = openai::CheckMessages(MemberOf(call.body, "messages"));
    if (!wrong) wrong = openai::CheckResponseFormat(MemberOf(call.body, "response_format"));
    return wrong ? std::optional(Translated(*wrong)) : std::nullopt;
  }

  Limiter::Demand DemandOf(const Call& call) const override {
    Question question = QuestionOf(call, AnswerWishes());
    return {.model = call.model,
            .input = InputTokens(question),
            .most_output = question.max_output_tokens.value_or(0)};
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    bool streamed = openai::IsStreamed(call, wishes);
    if (wishes.response_status == "failed") {
      ApiReply error = ErrorReply(500, "the engine died");
      error.status = 200;
      if (!streamed) return error;
      return StreamReply(openai::kEventStream, {StreamError("server_error", call, 0)});
    }
    Answer answer = Compose(QuestionOf(call, wishes));
    Json completion = Completion(call, answer, wishes);
    ApiReply reply =
        streamed ? StreamReply(openai::kEventStream,
                               openai::ChatEvents(completion, {.usage = openai::TellsUsage(call)}))
                 : JsonReply(200, completion);
    reply.usage = answer.usage;
    return reply;
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    return Translated(openai::NamedError(name, call, retry_after, "messages"));
  }

  std::string StreamError(std::string_view name, const Call& call, size_t) const override {
    return SseEvent("", {{"error", openai::ErrorOf(NamedError(name, call, ""))}});
  }

  std::vector<std::string> StreamJunk(const Call&) const override {
    return openai::ChatStreamJunk();
  }

  ApiReply KeyError(const Call&, bool) const override { return ErrorReply(401, "Unauthorized"); }

  ApiReply StatusError(const Call&, int status) const override {
    return status < 400 ? openai::StatusError(status)
                        : ErrorReply(status, fmt::format("answered with status {}", status));
  }

  ApiReply LimitError(const Call&, const Limiter::Refusal& refusal, bool) const override {
    int64_t wait = std::chrono::ceil<std::chrono::seconds>(refusal.wait).count();
    ApiReply reply = ErrorReply(429, "Too many requests");
    reply.headers.emplace_back("Retry-After", std::to_string(std::max<int64_t>(1, wait)));
    return reply;
  }

  Headers CommonHeaders(const Call&, int64_t) const override { return {}; }
  Headers LimitHeaders(const std::vector<Limiter::Standing>&) const override { return {}; }
};

}  // namespace

std::unique_ptr<Api> MakeCompat() { return std::make_unique<Compat>(); }

}  // namespace fake_provider
