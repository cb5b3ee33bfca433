#include <fmt/format.h>

#include "tests/fake_provider/openai_checks.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

const std::vector<Field> kFields = {
    {"background", Field::kBoolean},
    {"context_management", Field::kArray},
    {"conversation"},
    {"include", Field::kArray},
    {"input", Field::kTextOrArray},
    {"instructions", Field::kString},
    {"max_output_tokens", Field::kInteger, 16},
    {"max_tool_calls", Field::kInteger},
    {"metadata", Field::kObject},
    {"model", Field::kString},
    {"moderation"},
    {"parallel_tool_calls", Field::kBoolean},
    {"previous_response_id", Field::kString},
    {"prompt", Field::kObject},
    {"prompt_cache_key", Field::kString},
    {"prompt_cache_options", Field::kObject},
    {"prompt_cache_retention", Field::kString},
    {"reasoning", Field::kObject},
    {"safety_identifier", Field::kString},
    {"service_tier", Field::kString},
    {"store", Field::kBoolean},
    {"stream", Field::kBoolean},
    {"stream_options", Field::kObject},
    {"temperature", Field::kNumber, 0, 2},
    {"text", Field::kObject},
    {"tool_choice"},
    {"tools", Field::kArray},
    {"top_logprobs", Field::kInteger, 0, 20},
    {"top_p", Field::kNumber, 0, 1},
    {"truncation", Field::kString},
    {"user", Field::kString},
};

Complaint CheckFilePart(const Json& part, const std::string& at) {
  bool given = part.contains("file_id") || part.contains("file_data") || part.contains("file_url");
  return given ? std::nullopt : MissingParameter(at + ".file_id");
}

// One content part of a message from `role`. Assistant messages carry what models write.
Complaint CheckPart(const Json& part, const std::string& role, const std::string& at) {
  std::string type = StringMember(part, "type");
  if (type.empty()) return MissingParameter(at + ".type");
  Complaint wrong = role == "assistant" ? CheckEnum(type, at + ".type", {"output_text", "refusal"})
                                        : CheckEnum(type, at + ".type",
                                                    {"input_text", "input_image", "input_file"});
  if (wrong) return wrong;
  if (type == "input_file") return CheckFilePart(part, at);
  if (type == "input_image") {
    const Json& detail = MemberOf(part, "detail");
    if (detail.is_null()) return MissingParameter(at + ".detail");
    wrong = CheckEnum(detail, at + ".detail", {"low", "high", "auto", "original"});
    if (wrong || part.contains("file_id")) return wrong;
    return CheckImageUrl(MemberOf(part, "image_url"), at + ".image_url");
  }
  std::string member = type == "refusal" ? "refusal" : "text";
  if (!MemberOf(part, member).is_string()) return MissingParameter(at + "." + member);
  return std::nullopt;
}

// One item of the input. Other items than messages (tool calls and the like) are taken as they are.
Complaint CheckItem(const Json& item, const std::string& at) {
  if (item.is_object() && item.contains("type") && item["type"] != "message") return std::nullopt;
  std::string role = StringMember(item, "role");
  if (role.empty()) return MissingParameter(at + ".role");
  Complaint wrong = CheckEnum(role, at + ".role", {"assistant", "system", "developer", "user"});
  if (wrong) return wrong;
  const Json& content = MemberOf(item, "content");
  if (content.is_string()) return std::nullopt;
  if (!content.is_array()) return MissingParameter(at + ".content");
  for (size_t i = 0; i < content.size(); ++i) {
    wrong = CheckPart(content[i], role, fmt::format("{}.content[{}]", at, i));
    if (wrong) return wrong;
  }
  return std::nullopt;
}

Complaint CheckInput(const Json& body) {
  const Json& input = MemberOf(body, "input");
  if (input.is_null()) return MissingParameter("input");
  if (input.is_string()) return std::nullopt;
  for (size_t i = 0; i < input.size(); ++i) {
    if (Complaint wrong = CheckItem(input[i], fmt::format("input[{}]", i))) return wrong;
  }
  return std::nullopt;
}

Complaint CheckText(const Json& text) {
  if (Complaint wrong = CheckMembers(text, "text", {"format", "verbosity"})) return wrong;
  const Json& verbosity = MemberOf(text, "verbosity");
  if (Complaint wrong = CheckEnum(verbosity, "text.verbosity", kVerbosities)) {
    return wrong;
  }
  const Json& format = MemberOf(text, "format");
  if (format.is_null()) return std::nullopt;
  Complaint wrong =
      CheckMembers(format, "text.format", {"type", "name", "schema", "strict", "description"});
  if (wrong) return wrong;
  const Json& type = MemberOf(format, "type");
  if (type.is_null()) return MissingParameter("text.format.type");
  wrong = CheckEnum(type, "text.format.type", {"json_object", "json_schema", "text"});
  if (wrong || type != "json_schema") return wrong;
  return CheckSchemaFormat(format, "text.format");
}

Complaint CheckReasoning(const Call& call) {
  const Json& reasoning = MemberOf(call.body, "reasoning");
  Complaint wrong = CheckMembers(reasoning, "reasoning",
                                 {"effort", "summary", "mode", "context", "generate_summary"});
  if (wrong) return wrong;
  const Json& effort = MemberOf(reasoning, "effort");
  if ((wrong = CheckEffort(call, effort, "reasoning.effort"))) return wrong;
  return CheckEnum(MemberOf(reasoning, "summary"), "reasoning.summary",
                   {"auto", "concise", "detailed"});
}

Complaint CheckTemperature(const Call& call) {
  const Json& temperature = MemberOf(call.body, "temperature");
  if (temperature.is_null() || temperature == 1 || !IsReasoningModel(call.model)) {
    return std::nullopt;
  }
  return BadRequest("Unsupported parameter: 'temperature' is not supported with this model.",
                    "temperature", "");
}

}  // namespace

Complaint CheckResponses(const Call& call) {
  Complaint wrong = CheckBasics(call, kFields);
  if (!wrong) wrong = CheckInput(call.body);
  if (!wrong) wrong = CheckReasoning(call);
  if (!wrong) wrong = CheckText(MemberOf(call.body, "text"));
  if (!wrong) wrong = CheckTemperature(call);
  const Json& options = MemberOf(call.body, "stream_options");
  if (!wrong) wrong = CheckMembers(options, "stream_options", {"include_obfuscation"});
  return wrong;
}

}  // namespace fake_provider::openai
