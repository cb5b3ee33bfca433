#include <fmt/format.h>

#include <chrono>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_checks.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  Question question{.body_sha256 = call.body_sha256,
                    .input_chars = CountTextChars(MemberOf(call.body, "messages")),
                    .reasons = IsReasoningModel(call.model),
                    .effort = StringMember(call.body, "reasoning_effort"),
                    .max_output_tokens = {},
                    .wished_text = wishes.text,
                    .wished_finish = wishes.finish};
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
          {"prompt_tokens_details", {{"cached_tokens", usage.cached}, {"audio_tokens", 0}}},
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
    return ErrorReply(200, "An error occurred while processing your request.", "server_error", "",
                      code);
  }
  Answer answer = Compose(QuestionOf(call, wishes));
  std::string id = Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 29);
  int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  Json completion = {{"id", "chatcmpl-" + id},
                     {"object", "chat.completion"},
                     {"created", now},
                     {"model", call.model},
                     {"choices", Json::array({Choice(answer)})},
                     {"usage", wishes.usage ? *wishes.usage : UsageJson(answer.usage)},
                     {"service_tier", "default"},
                     {"system_fingerprint", nullptr}};
  if (wishes.no_usage) completion.erase("usage");
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}},
          .body = ToText(completion, 2),
          .usage = answer.usage};
}

}  // namespace fake_provider::openai
