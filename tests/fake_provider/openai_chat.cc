#include <fmt/format.h>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_chat_stream.h"
#include "tests/fake_provider/openai_checks.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  const Json& format = MemberOf(call.body, "response_format");
  const Json& schema = MemberOf(MemberOf(format, "json_schema"), "schema");
  Prompt prompt;
  AddMessages(MemberOf(call.body, "messages"), prompt);
  Question question = QuestionFor(call, wishes, std::move(prompt), SchemaOf(format, schema));
  question.reasons = IsReasoningModel(call.model);
  question.effort = StringMember(call.body, "reasoning_effort");
  question.untold = UntoldBy(call);
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const Json& most = MemberOf(call.body, name);
    if (!most.is_null()) question.max_output_tokens = most.get<int64_t>();
  }
  return question;
}

Json UsageJson(const Usage& usage) {
  return {{"prompt_tokens", usage.input},
          {"completion_tokens", usage.output},
          {"total_tokens", usage.input + usage.output},
          {"prompt_tokens_details",
           {{"cached_tokens", usage.cached},
            {"audio_tokens", 0},
            {"cache_write_tokens", usage.cache_write}}},
          {"completion_tokens_details",
           {{"reasoning_tokens", usage.reasoning},
            {"audio_tokens", 0},
            {"accepted_prediction_tokens", 0},
            {"rejected_prediction_tokens", 0}}}};
}

std::string_view FinishReason(Finish finish) {
  if (finish == Finish::kLength) return "length";
  return finish == Finish::kContentFilter ? "content_filter" : "stop";
}

Json Choice(const Answer& answer) {
  bool refused = answer.finish == Finish::kRefusal;
  Json text = answer.text;
  return {{"index", 0},
          {"message",
           {{"role", "assistant"},
            {"content", refused ? Json() : text},
            {"refusal", refused ? text : Json()},
            {"annotations", Json::array()}}},
          {"logprobs", nullptr},
          {"finish_reason", FinishReason(answer.finish)}};
}

}  // namespace

Limiter::Demand DemandOfChat(const Call& call) {
  Question question = QuestionOf(call, AnswerWishes());
  return {.model = call.model,
          .input = InputTokens(question),
          .most_output = question.max_output_tokens.value_or(0)};
}

ApiReply RespondChat(const Call& call, const AnswerWishes& wishes) {
  if (wishes.response_status == "failed") {
    // Chat has no status of its own; gateways put an error object into the 200.
    std::string code = wishes.error_code.empty() ? "server_error" : wishes.error_code;
    ApiReply error = ErrorReply(200, "An error occurred while processing your request.",
                                "server_error", "", code);
    if (!IsStreamed(call, wishes)) return error;
    const Json body = ParseJson(error.body).value_or(Json());
    return StreamReply(kEventStream, {ChatStreamError(MemberOf(body, "error"), 0)});
  }
  Answer answer = Compose(QuestionOf(call, wishes));
  std::string id = Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 29);
  Json completion = {{"id", "chatcmpl-" + id},
                     {"object", "chat.completion"},
                     {"created", UnixTime()},
                     {"model", call.model},
                     {"choices", Json::array({Choice(answer)})},
                     {"usage", wishes.usage ? *wishes.usage : UsageJson(answer.usage)},
                     {"service_tier", TierOf(call)},
                     {"system_fingerprint", nullptr}};
  if (wishes.no_usage) completion.erase("usage");
  ApiReply reply = JsonReply(200, completion, 2);
  if (IsStreamed(call, wishes)) {
    const Json& options = MemberOf(call.body, "stream_options");
    bool obfuscation = MemberOf(options, "include_obfuscation") != false;
    reply = StreamReply(kEventStream, ChatEvents(completion, {.usage = TellsUsage(call),
                                                              .obfuscation = obfuscation}));
  }
  reply.usage = answer.usage;
  return reply;
}

std::string ChatStreamError(const Json& error, size_t) { return SseEvent("", {{"error", error}}); }

std::vector<std::string> ChatStreamJunk() {
  return {": keep-alive\n\n",
          SseEvent("", {{"id", ""},
                        {"object", ""},
                        {"created", 0},
                        {"model", ""},
                        {"choices", Json::array()},
                        {"prompt_filter_results", Json::array()}}),
          "id: 7\nretry: 1500\n\n", ":\n\n"};
}

bool TellsUsage(const Call& call) {
  return MemberOf(MemberOf(call.body, "stream_options"), "include_usage") == true;
}

}  // namespace fake_provider::openai
