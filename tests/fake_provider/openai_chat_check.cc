#include <fmt/format.h>

#include <algorithm>

#include "tests/fake_provider/openai_checks.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

const std::vector<Field> kFields = {
    {"audio", Field::kObject},
    {"frequency_penalty", Field::kNumber, -2, 2},
    {"function_call"},
    {"functions", Field::kArray},
    {"logit_bias", Field::kObject},
    {"logprobs", Field::kBoolean},
    {"max_completion_tokens", Field::kInteger, 1},
    {"max_tokens", Field::kInteger, 1},
    {"messages", Field::kArray},
    {"metadata", Field::kObject},
    {"modalities", Field::kArray},
    {"model", Field::kString},
    {"moderation"},
    {"n", Field::kInteger, 1, 128},
    {"parallel_tool_calls", Field::kBoolean},
    {"prediction", Field::kObject},
    {"presence_penalty", Field::kNumber, -2, 2},
    {"prompt_cache_key", Field::kString},
    {"prompt_cache_options", Field::kObject},
    {"prompt_cache_retention", Field::kString},
    {"reasoning_effort", Field::kString},
    {"response_format", Field::kObject},
    {"safety_identifier", Field::kString},
    {"seed", Field::kInteger},
    {"service_tier", Field::kString},
    {"stop"},
    {"store", Field::kBoolean},
    {"stream", Field::kBoolean},
    {"stream_options", Field::kObject},
    {"temperature", Field::kNumber, 0, 2},
    {"tool_choice"},
    {"tools", Field::kArray},
    {"top_logprobs", Field::kInteger, 0, 20},
    {"top_p", Field::kNumber, 0, 1},
    {"user", Field::kString},
    {"verbosity", Field::kString},
    {"web_search_options", Field::kObject},
};

// The content parts that a message from `role` may have.
std::vector<std::string_view> PartTypes(std::string_view role) {
  if (role == "user") return {"text", "image_url", "input_audio", "file"};
  if (role == "assistant") return {"text", "refusal"};
  return {"text"};
}

Complaint CheckPart(const Json& part, const std::string& role, const std::string& at) {
  std::string type = StringMember(part, "type");
  if (type.empty()) return MissingParameter(at + ".type");
  if (Complaint wrong = CheckEnum(type, at + ".type", PartTypes(role))) return wrong;
  const Json& content = MemberOf(part, type == "file" || type == "input_audio" ? type : "text");
  if (type == "image_url") {
    const Json& image = MemberOf(part, "image_url");
    Complaint wrong = CheckMembers(image, at + ".image_url", {"url", "detail"});
    if (!wrong) wrong = CheckImageUrl(MemberOf(image, "url"), at + ".image_url.url");
    if (wrong) return wrong;
    return CheckEnum(MemberOf(image, "detail"), at + ".image_url.detail", {"auto", "low", "high"});
  }
  if (type == "refusal" || !content.is_null()) return std::nullopt;
  return MissingParameter(at + "." + type);
}

Complaint CheckMessage(const Json& message, const std::string& at) {
  std::string role = StringMember(message, "role");
  if (role.empty()) return MissingParameter(at + ".role");
  Complaint wrong = CheckEnum(role, at + ".role",
                              {"system", "assistant", "user", "function", "tool", "developer"});
  if (wrong) return wrong;
  const Json& content = MemberOf(message, "content");
  if (content.is_string() || (content.is_null() && role == "assistant")) return std::nullopt;
  if (!content.is_array()) return MissingParameter(at + ".content");
  for (size_t i = 0; i < content.size(); ++i) {
    wrong = CheckPart(content[i], role, fmt::format("{}.content[{}]", at, i));
    if (wrong) return wrong;
  }
  return std::nullopt;
}

// What models that think do not take.
Complaint CheckForReasoning(const Call& call) {
  if (!IsReasoningModel(call.model)) return std::nullopt;
  if (!MemberOf(call.body, "max_tokens").is_null()) {
    return BadRequest(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "max_tokens", "unsupported_parameter");
  }
  const Json& temperature = MemberOf(call.body, "temperature");
  if (temperature.is_null() || temperature == 1) return std::nullopt;
  return BadRequest(
      fmt::format("Unsupported value: 'temperature' does not support {} with this model. Only the "
                  "default (1) value is supported.",
                  temperature.dump()),
      "temperature", "unsupported_value");
}

Complaint CheckChoices(const Json& body) {
  const Json& n = MemberOf(body, "n");
  if (n.is_null() || n == 1) return std::nullopt;
  return BadRequest("More than one choice is not supported by this fake yet.", "n",
                    "unsupported_value");
}

}  // namespace

Complaint CheckMessages(const Json& messages) {
  if (messages.is_null()) return MissingParameter("messages");
  if (messages.empty()) {
    return BadRequest(
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an "
        "empty array instead.",
        "messages", "empty_array");
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    if (Complaint wrong = CheckMessage(messages[i], fmt::format("messages[{}]", i))) return wrong;
  }
  return std::nullopt;
}

Complaint CheckStop(const Call& call) {
  const Json& stop = MemberOf(call.body, "stop");
  if (stop.is_null()) return std::nullopt;
  if (call.model.starts_with("o3") || call.model.starts_with("o4")) {
    return BadRequest("Unsupported parameter: 'stop' is not supported with this model.", "stop",
                      "unsupported_parameter");
  }
  bool fits = stop.is_string();
  if (stop.is_array()) {
    fits = stop.size() <= 4 &&
           std::all_of(stop.begin(), stop.end(), [](const Json& each) { return each.is_string(); });
  }
  if (fits) return std::nullopt;
  return BadRequest("Invalid 'stop': expected a string or an array of at most 4 strings.", "stop",
                    "invalid_type");
}

Complaint CheckResponseFormat(const Json& format) {
  if (format.is_null()) return std::nullopt;
  Complaint wrong = CheckMembers(format, "response_format", {"type", "json_schema"});
  if (wrong) return wrong;
  const Json& type = MemberOf(format, "type");
  if (type.is_null()) return MissingParameter("response_format.type");
  wrong = CheckEnum(type, "response_format.type", {"json_object", "json_schema", "text"});
  if (wrong || type != "json_schema") return wrong;
  const Json& schema = MemberOf(format, "json_schema");
  if (schema.is_null()) return MissingParameter("response_format.json_schema");
  wrong = CheckMembers(schema, "response_format.json_schema",
                       {"name", "schema", "strict", "description"});
  return wrong ? wrong : CheckSchemaFormat(schema, "response_format.json_schema");
}

Complaint CheckChat(const Call& call) {
  Complaint wrong = CheckBasics(call, kFields);
  if (!wrong) wrong = CheckForReasoning(call);
  if (!wrong) wrong = CheckChoices(call.body);
  if (!wrong) wrong = CheckMessages(MemberOf(call.body, "messages"));
  if (!wrong) wrong = CheckStop(call);
  const Json& effort = MemberOf(call.body, "reasoning_effort");
  if (!wrong) wrong = CheckEffort(call, effort, "reasoning_effort");
  const Json& options = MemberOf(call.body, "stream_options");
  if (!wrong) {
    wrong = CheckMembers(options, "stream_options", {"include_usage", "include_obfuscation"});
  }
  if (!wrong) wrong = CheckEnum(MemberOf(call.body, "verbosity"), "verbosity", kVerbosities);
  if (!wrong) wrong = CheckResponseFormat(MemberOf(call.body, "response_format"));
  return wrong;
}

}  // namespace fake_provider::openai
