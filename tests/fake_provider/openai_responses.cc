#include <fmt/format.h>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_checks.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  const Json& input = MemberOf(call.body, "input");
  const Json& format = MemberOf(MemberOf(call.body, "text"), "format");
  Prompt prompt{.system = StringMember(call.body, "instructions"), .user = {}, .images = {}};
  if (input.is_string()) prompt.user = input.get<std::string>();
  if (input.is_array()) AddMessages(input, prompt);
  Question question =
      QuestionFor(call, wishes, std::move(prompt), SchemaOf(format, MemberOf(format, "schema")));
  question.reasons = IsReasoningModel(call.model);
  question.effort = StringMember(MemberOf(call.body, "reasoning"), "effort");
  question.untold = UntoldBy(call);
  const Json& most = MemberOf(call.body, "max_output_tokens");
  if (!most.is_null()) question.max_output_tokens = most.get<int64_t>();
  return question;
}

Json UsageJson(const Usage& usage) {
  return {{"input_tokens", usage.input},
          {"input_tokens_details",
           {{"cached_tokens", usage.cached}, {"cache_write_tokens", usage.cache_write}}},
          {"output_tokens", usage.output},
          {"output_tokens_details", {{"reasoning_tokens", usage.reasoning}}},
          {"total_tokens", usage.input + usage.output}};
}

Json MessageItem(const Answer& answer, const std::string& id, bool complete) {
  Json part = {{"type", "output_text"},
               {"annotations", Json::array()},
               {"logprobs", Json::array()},
               {"text", answer.text}};
  if (answer.finish == Finish::kRefusal) part = {{"type", "refusal"}, {"refusal", answer.text}};
  return {{"id", "msg_" + id},
          {"type", "message"},
          {"status", complete ? "completed" : "incomplete"},
          {"content", Json::array({part})},
          {"role", "assistant"}};
}

// A model that thinks says so in an item of its own, before the message; one that spent all its
// tokens on that says nothing more.
Json OutputItems(const Call& call, const Question& question, const Answer& answer,
                 const std::string& id, bool complete) {
  Json output = Json::array();
  bool thinks = IsReasoningModel(call.model) || answer.usage.reasoning > 0;
  if (thinks && question.effort != "none") {
    output.push_back({{"id", "rs_" + id}, {"type", "reasoning"}, {"summary", Json::array()}});
  }
  if (complete || !answer.text.empty()) output.push_back(MessageItem(answer, id, complete));
  return output;
}

// The request's field, or what the server shows when there was none.
Json Echo(const Call& call, std::string_view name, Json absent) {
  const Json& value = MemberOf(call.body, name);
  return value.is_null() ? std::move(absent) : value;
}

Json TextSettings(const Call& call) {
  const Json& text = MemberOf(call.body, "text");
  const Json& format = MemberOf(text, "format");
  const Json& verbosity = MemberOf(text, "verbosity");
  return {{"format", format.is_null() ? Json{{"type", "text"}} : format},
          {"verbosity", verbosity.is_null() ? Json("medium") : verbosity}};
}

Json ReasoningSettings(const Call& call) {
  const Json& reasoning = MemberOf(call.body, "reasoning");
  Json effort = MemberOf(reasoning, "effort");
  if (effort.is_null() && IsReasoningModel(call.model)) effort = "medium";
  return {{"effort", effort}, {"summary", MemberOf(reasoning, "summary")}};
}

// The response object without its outcome, which the caller fills in.
Json ResponseObject(const Call& call, const std::string& id) {
  int64_t now = UnixTime();
  return {{"id", "resp_" + id},
          {"object", "response"},
          {"created_at", now},
          {"status", "completed"},
          {"background", false},
          {"completed_at", now},
          {"error", nullptr},
          {"incomplete_details", nullptr},
          {"instructions", Echo(call, "instructions", nullptr)},
          {"max_output_tokens", Echo(call, "max_output_tokens", nullptr)},
          {"max_tool_calls", Echo(call, "max_tool_calls", nullptr)},
          {"model", call.model},
          {"output", Json::array()},
          {"parallel_tool_calls", Echo(call, "parallel_tool_calls", true)},
          {"previous_response_id", Echo(call, "previous_response_id", nullptr)},
          {"prompt_cache_key", Echo(call, "prompt_cache_key", nullptr)},
          {"prompt_cache_retention", Echo(call, "prompt_cache_retention", nullptr)},
          {"reasoning", ReasoningSettings(call)},
          {"safety_identifier", Echo(call, "safety_identifier", nullptr)},
          {"service_tier", TierOf(call)},
          {"store", Echo(call, "store", true)},
          {"temperature", Echo(call, "temperature", 1.0)},
          {"text", TextSettings(call)},
          {"tool_choice", Echo(call, "tool_choice", "auto")},
          {"tools", Echo(call, "tools", Json::array())},
          {"top_logprobs", Echo(call, "top_logprobs", 0)},
          {"top_p", Echo(call, "top_p", 1.0)},
          {"truncation", Echo(call, "truncation", "disabled")},
          {"usage", nullptr},
          {"user", Echo(call, "user", nullptr)},
          {"metadata", Echo(call, "metadata", Json::object())}};
}

void SetIncomplete(Json& response, Finish finish) {
  response["status"] = "incomplete";
  response["completed_at"] = nullptr;
  response["incomplete_details"] = {
      {"reason", finish == Finish::kLength ? "max_output_tokens" : "content_filter"}};
}

void SetFailed(Json& response, const std::string& code) {
  response["status"] = "failed";
  response["completed_at"] = nullptr;
  response["error"] = {{"code", code.empty() ? "server_error" : code},
                       {"message", "An error occurred while processing your request."}};
}

void SetUsage(Json& response, const Usage& usage, const AnswerWishes& wishes) {
  response["usage"] = wishes.usage ? *wishes.usage : UsageJson(usage);
  if (wishes.no_usage) response.erase("usage");
}

}  // namespace

Limiter::Demand DemandOfResponses(const Call& call) {
  Question question = QuestionOf(call, AnswerWishes());
  return {.model = call.model,
          .input = InputTokens(question),
          .most_output = question.max_output_tokens.value_or(0)};
}

ApiReply RespondResponses(const Call& call, const AnswerWishes& wishes) {
  std::string id = Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 50);
  Json response = ResponseObject(call, id);
  std::optional<Usage> usage;
  if (wishes.response_status == "failed") {
    SetFailed(response, wishes.error_code);
  } else {
    Question question = QuestionOf(call, wishes);
    Answer answer = Compose(question);
    bool complete = answer.finish != Finish::kLength && answer.finish != Finish::kContentFilter;
    if (!complete) SetIncomplete(response, answer.finish);
    response["output"] = OutputItems(call, question, answer, id, complete);
    SetUsage(response, answer.usage, wishes);
    usage = answer.usage;
  }
  ApiReply reply = IsStreamed(call, wishes)
                       ? StreamReply(kEventStream, ResponseEvents(call, response))
                       : JsonReply(200, response, 2);
  reply.usage = usage;
  return reply;
}

}  // namespace fake_provider::openai
