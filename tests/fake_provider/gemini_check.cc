#include "tests/fake_provider/gemini_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/fake_provider/gemini_errors.h"
#include "tests/fake_provider/gemini_models.h"
#include "tests/fake_provider/gemini_proto.h"
#include "tests/fake_provider/images.h"

namespace fake_provider::gemini {
namespace {

// What is wrong with a request, as an INVALID_ARGUMENT (400) says it; nothing when it is fine.
using Complaint = std::optional<std::string>;

constexpr size_t kMostStops = 5;

Complaint At(std::string_view field, std::string_view why) {
  return fmt::format("* GenerateContentRequest.{}: {}\n", field, why);
}

ApiReply WrongTypes(const Call& call, const std::vector<Violation>& violations) {
  std::string message;
  Json list = Json::array();
  for (const Violation& violation : violations) {
    message += (message.empty() ? "" : "\n") + violation.description;
    Json entry = Json::object();
    if (!violation.field.empty()) entry["field"] = violation.field;
    entry["description"] = violation.description;
    list.push_back(entry);
  }
  Json details = Json::array(
      {{{"@type", "type.googleapis.com/google.rpc.BadRequest"}, {"fieldViolations", list}}});
  return ErrorReply(call, 400, message, details);
}

// Pictures; other media are taken as they are.
Complaint CheckInlineData(const Json& blob) {
  constexpr std::array<std::string_view, 5> kImages = {"image/png", "image/jpeg", "image/webp",
                                                       "image/heic", "image/heif"};
  std::string type = ProtoText(blob, "mime_type");
  if (!type.starts_with("image/")) {
    bool media = type.starts_with("audio/") || type.starts_with("video/") ||
                 type.starts_with("text/") || type == "application/pdf";
    return media ? std::nullopt : Complaint("Unsupported MIME type: " + type);
  }
  if (std::find(kImages.begin(), kImages.end(), type) == kImages.end()) {
    return "Unsupported MIME type: " + type;
  }
  if (type == "image/heic" || type == "image/heif") return std::nullopt;
  std::optional<std::string> bytes = DecodeBase64(ProtoText(blob, "data"));
  if (bytes && WhatIsWrong({type, *bytes}).empty()) return std::nullopt;
  return "Unable to process input image. Please retry or report in "
         "https://developers.generativeai.google/guide/troubleshooting";
}

Complaint CheckPart(const Json& part, const std::string& at) {
  constexpr std::array<std::string_view, 7> kData = {"text",
                                                     "inline_data",
                                                     "file_data",
                                                     "function_call",
                                                     "function_response",
                                                     "executable_code",
                                                     "code_execution_result"};
  auto count = std::count_if(kData.begin(), kData.end(), [&](std::string_view name) {
    return !ProtoMember(part, name).is_null();
  });
  if (count == 0) {
    return At(at + ".data", "required oneof field 'data' must have one initialized field");
  }
  if (count > 1) {
    return fmt::format("Invalid value at '{}' (oneof), oneof field 'data' is already set.", at);
  }
  const Json& blob = ProtoMember(part, "inline_data");
  return blob.is_null() ? std::nullopt : CheckInlineData(blob);
}

Complaint CheckParts(const Json& content, const std::string& at) {
  const Json& parts = ProtoMember(content, "parts");
  if (parts.empty()) {
    return At(at + ".parts", "contents.parts must not be empty.");
  }
  if (!parts.is_array()) return CheckPart(parts, at + ".parts[0]");
  for (size_t i = 0; i < parts.size(); ++i) {
    Complaint wrong = CheckPart(parts[i], fmt::format("{}.parts[{}]", at, i));
    if (wrong) return wrong;
  }
  return std::nullopt;
}

// One turn needs no role; of several, each does.
Complaint CheckContents(const Json& contents) {
  if (contents.empty()) return At("contents", "contents is not specified");
  if (!contents.is_array()) return CheckParts(contents, "contents[0]");
  for (size_t i = 0; i < contents.size(); ++i) {
    std::string role = ProtoText(contents[i], "role");
    bool known = role == "user" || role == "model" || (role.empty() && contents.size() == 1);
    if (!known) return "Please use a valid role: user, model.";
    Complaint wrong = CheckParts(contents[i], fmt::format("contents[{}]", i));
    if (wrong) return wrong;
  }
  return std::nullopt;
}

Complaint CheckSystem(const Json& system) {
  if (system.is_null()) return std::nullopt;
  const Json& parts = ProtoMember(system, "parts");
  if (parts.empty()) return At("system_instruction", "system_instruction parts must not be empty");
  for (const Json& part : parts.is_array() ? parts : Json::array({parts})) {
    if (!ProtoMember(part, "text").is_string()) return "System instruction only supports text.";
  }
  return std::nullopt;
}

Complaint CheckRange(const Json& config, std::string_view name, double least, double most) {
  const Json& value = ProtoMember(config, name);
  if (value.is_null() || (value >= least && value <= most)) return std::nullopt;
  return At(fmt::format("generation_config.{}", name),
            fmt::format("{} must be in the range [{:.1f}, {:.1f}].", name, least, most));
}

Complaint CheckSampling(const Json& config) {
  Complaint wrong = CheckRange(config, "temperature", 0, 2);
  if (!wrong) wrong = CheckRange(config, "top_p", 0, 1);
  const Json& top_k = ProtoMember(config, "top_k");
  if (!wrong && !top_k.is_null() && top_k < 1) {
    wrong = At("generation_config.top_k", "top_k must be positive.");
  }
  const Json& count = ProtoMember(config, "candidate_count");
  if (!wrong && !count.is_null() && count != 1) {
    wrong = "More than one candidate is not supported by this fake yet.";
  }
  const Json& stops = ProtoMember(config, "stop_sequences");
  if (!wrong && stops.size() > kMostStops) {
    wrong =
        At("generation_config.stop_sequences", "the number of stop_sequences must not exceed 5");
  }
  return wrong;
}

Complaint CheckLength(const Call& call, const Json& config) {
  const Json& tokens = ProtoMember(config, "max_output_tokens");
  if (tokens.is_null()) return std::nullopt;
  int64_t most = FactsOf(call.model).max_output;
  if (tokens >= 1 && tokens <= most) return std::nullopt;
  return fmt::format(
      "Unable to submit request because it has a maxOutputTokens value of {} but the supported "
      "range is from 1 (inclusive) to {} (exclusive). Update the value and try again.",
      ToText(tokens), most + 1);
}

Complaint CheckBudget(const ModelFacts& model, int64_t budget) {
  if (model.most_budget == 0) return "Thinking is not supported for this model.";
  if (budget == -1) return std::nullopt;
  if (budget == 0 && model.stops_thinking) return std::nullopt;
  if (budget == 0) return "Budget 0 is invalid. This model only works in thinking mode.";
  if (budget >= std::max<int64_t>(1, model.least_budget) && budget <= model.most_budget) {
    return std::nullopt;
  }
  return fmt::format("The thinking budget {} is invalid. Please choose a value between {} and {}.",
                     budget, model.least_budget, model.most_budget);
}

Complaint CheckThinking(const Call& call, const Json& thinking) {
  if (thinking.is_null()) return std::nullopt;
  const ModelFacts& model = FactsOf(call.model);
  const Json& budget = ProtoMember(thinking, "thinking_budget");
  std::string level = ProtoText(thinking, "thinking_level");
  if (!budget.is_null() && !level.empty()) {
    return "You can only set only one of thinking budget and thinking level.";
  }
  if (!budget.is_null()) return CheckBudget(model, budget.get<int64_t>());
  bool thoughts = ProtoMember(thinking, "include_thoughts") == true;
  if (model.most_budget == 0 && thoughts) return "Thinking is not supported for this model.";
  if (level.empty()) return std::nullopt;
  if (model.levels.empty()) return "Thinking level is not supported for this model.";
  if (std::find(model.levels.begin(), model.levels.end(), level) != model.levels.end()) {
    return std::nullopt;
  }
  return fmt::format(
      "Thinking level {} is not supported for this model. Please retry with other thinking level.",
      level);
}

Complaint CheckFormat(const Json& config) {
  constexpr std::array<std::string_view, 6> kTypes = {
      "", "text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum"};
  std::string type = ProtoText(config, "response_mime_type");
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    return At("generation_config.response_mime_type",
              "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, "
              "`application/yaml` and `text/x.enum`.");
  }
  const Json& schema = ProtoMember(config, "response_schema");
  const Json& json_schema = ProtoMember(config, "response_json_schema");
  if (schema.is_null() && json_schema.is_null()) return std::nullopt;
  if (!schema.is_null() && !json_schema.is_null()) {
    return At("generation_config.response_json_schema",
              "only one of response_schema and response_json_schema may be set");
  }
  std::string name = schema.is_null() ? "response_json_schema" : "response_schema";
  if (!json_schema.is_null() && !json_schema.is_object()) {
    return At("generation_config." + name, "the schema must be an object");
  }
  if (type == "application/json" || type == "text/x.enum") return std::nullopt;
  return At("generation_config." + name, "only allowed with response_mime_type=application/json");
}

Complaint CheckSafety(const Json& settings) {
  std::vector<std::string> seen;
  for (const Json& setting : settings) {
    std::string category = ProtoText(setting, "category");
    if (category.empty()) return At("safety_settings.category", "category must be specified");
    if (std::find(seen.begin(), seen.end(), category) != seen.end()) {
      return At("safety_settings", "element predicate failed: $.category must be unique");
    }
    seen.push_back(category);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ApiReply> CheckBody(const Call& call) {
  std::vector<Violation> violations = CheckTypes(call.body);
  if (!violations.empty()) return WrongTypes(call, violations);
  const Json& config = ProtoMember(call.body, "generation_config");
  Complaint wrong = CheckContents(ProtoMember(call.body, "contents"));
  if (!wrong) wrong = CheckSystem(ProtoMember(call.body, "system_instruction"));
  if (!wrong) wrong = CheckSampling(config);
  if (!wrong) wrong = CheckLength(call, config);
  if (!wrong) wrong = CheckThinking(call, ProtoMember(config, "thinking_config"));
  if (!wrong) wrong = CheckFormat(config);
  if (!wrong) wrong = CheckSafety(ProtoMember(call.body, "safety_settings"));
  return wrong ? std::optional(ErrorReply(call, 400, *wrong)) : std::nullopt;
}

}  // namespace fake_provider::gemini
