// What OpenRouter refuses of a request.

#include <fmt/format.h>

#include <algorithm>

#include "tests/fake_provider/openrouter_parts.h"

namespace fake_provider::openrouter {
namespace {

using openai::Complaint;
using openai::Field;

const std::vector<Field> kFields = {
    {"cache_control", Field::kObject},
    {"debug", Field::kObject},
    {"frequency_penalty", Field::kNumber, -2, 2},
    {"image_config", Field::kObject},
    {"logit_bias", Field::kObject},
    {"logprobs", Field::kBoolean},
    {"max_completion_tokens", Field::kInteger, 1},
    {"max_tokens", Field::kInteger, 1},
    {"messages", Field::kArray},
    {"metadata", Field::kObject},
    {"min_p", Field::kNumber, 0, 1},
    {"modalities", Field::kArray},
    {"model", Field::kString},
    {"models", Field::kArray},
    {"parallel_tool_calls", Field::kBoolean},
    {"plugins", Field::kArray},
    {"prediction", Field::kObject},
    {"presence_penalty", Field::kNumber, -2, 2},
    {"prompt_cache_key", Field::kString},
    {"prompt_cache_options", Field::kObject},
    {"provider", Field::kObject},
    {"reasoning", Field::kObject},
    {"reasoning_effort", Field::kString},
    {"repetition_penalty", Field::kNumber, 0, 2},
    {"response_format", Field::kObject},
    {"route"},
    {"seed", Field::kInteger},
    {"service_tier", Field::kString},
    {"session_id", Field::kString},
    {"stop"},
    {"stop_server_tools_when"},
    {"stream", Field::kBoolean},
    {"stream_options", Field::kObject},
    {"temperature", Field::kNumber, 0, 2},
    {"tool_choice"},
    {"tools", Field::kArray},
    {"top_a", Field::kNumber, 0, 1},
    {"top_k", Field::kInteger, 0},
    {"top_logprobs", Field::kInteger, 0, 20},
    {"top_p", Field::kNumber, 0, 1},
    {"trace", Field::kObject},
    {"usage", Field::kObject},  // no longer has an effect
    {"user", Field::kString},
    {"verbosity", Field::kString},
};

Complaint CheckReasoning(const Json& body) {
  const Json& reasoning = MemberOf(body, "reasoning");
  Complaint wrong = openai::CheckMembers(reasoning, "reasoning",
                                         {"effort", "max_tokens", "enabled", "exclude", "summary"});
  const Json& effort = MemberOf(reasoning, "effort");
  const Json& shorthand = MemberOf(body, "reasoning_effort");
  const Json& most = MemberOf(reasoning, "max_tokens");
  const Json& enabled = MemberOf(reasoning, "enabled");
  if (!wrong) wrong = openai::CheckEnum(effort, "reasoning.effort", openai::kEfforts);
  if (!wrong) wrong = openai::CheckEnum(shorthand, "reasoning_effort", openai::kEfforts);
  if (wrong) return wrong;
  if (!effort.is_null() && !shorthand.is_null() && effort != shorthand) {
    return ErrorReply(400, "reasoning.effort and reasoning_effort must not differ.");
  }
  if (!effort.is_null() && !most.is_null()) {
    return ErrorReply(400,
                      "Only one of \"reasoning.effort\" and \"reasoning.max_tokens\" may be "
                      "specified.");
  }
  bool good_most = most.is_null() || (most.is_number_integer() && most > 0);
  if (good_most && (enabled.is_null() || enabled.is_boolean())) return std::nullopt;
  return ErrorReply(400, "reasoning: expected max_tokens above 0 and a boolean enabled.");
}

Complaint CheckAll(const Call& call) {
  Complaint wrong = openai::CheckFields(call, kFields);
  if (!wrong) wrong = CheckReasoning(call.body);
  if (!wrong) wrong = openai::CheckMessages(MemberOf(call.body, "messages"));
  if (!wrong) wrong = openai::CheckStop(call);
  if (!wrong) wrong = openai::CheckResponseFormat(MemberOf(call.body, "response_format"));
  const Json& verbosity = MemberOf(call.body, "verbosity");
  if (!wrong) wrong = openai::CheckEnum(verbosity, "verbosity", {"low", "medium", "high", "max"});
  const Json& tier = MemberOf(call.body, "service_tier");
  if (wrong) return wrong;
  return openai::CheckEnum(tier, "service_tier",
                           {"auto", "default", "fast", "flex", "priority", "scale"});
}

}  // namespace

std::optional<ApiReply> Check(const Call& call) {
  bool has_vendor = call.model.find('/') != std::string::npos;
  if (!call.model.empty() && !HasModel(call, has_vendor)) {
    return ErrorReply(400, fmt::format("{} is not a valid model ID", call.model));
  }
  Complaint wrong = CheckAll(call);
  if (!wrong) return std::nullopt;
  Json error = ErrorOf(*wrong);  // OpenAI's words in OpenRouter's form
  return ErrorReply(wrong->status, StringMember(error, "message"));
}

std::string EffortOf(const Json& body) {
  std::string effort = StringMember(MemberOf(body, "reasoning"), "effort");
  if (effort.empty()) effort = StringMember(body, "reasoning_effort");
  bool off = MemberOf(MemberOf(body, "reasoning"), "enabled") == false;
  return off ? "none" : effort;
}

}  // namespace fake_provider::openrouter
