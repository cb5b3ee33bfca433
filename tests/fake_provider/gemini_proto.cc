#include "tests/fake_provider/gemini_proto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>

namespace fake_provider::gemini {
namespace {

struct Message;

// One field of a message. `values` names an enum's; `message` is a message's type.
struct Field {
  enum Kind { kAny, kString, kBytes, kBool, kInt32, kFloat, kEnum, kMessage, kMap };
  std::string_view name;
  Kind kind = kAny;
  bool repeated = false;
  const Message* message = nullptr;
  std::string_view enum_name = {};
  std::vector<std::string_view> values = {};
};

struct Message {
  std::vector<Field> fields;
};

constexpr bool kRepeated = true;

extern const Message kSchema;

const Message kBlob = {
    {{"mime_type", Field::kString}, {"data", Field::kBytes}, {"display_name", Field::kString}}};
const Message kFileData = {{{"mime_type", Field::kString}, {"file_uri", Field::kString}}};
const Message kPart = {{{"text", Field::kString},
                        {"inline_data", Field::kMessage, false, &kBlob},
                        {"file_data", Field::kMessage, false, &kFileData},
                        {"thought", Field::kBool},
                        {"thought_signature", Field::kBytes},
                        {"function_call"},
                        {"function_response"},
                        {"executable_code"},
                        {"code_execution_result"},
                        {"video_metadata"},
                        {"media_resolution"},
                        {"part_metadata"}}};
const Message kContent = {
    {{"parts", Field::kMessage, kRepeated, &kPart}, {"role", Field::kString}}};

// Upper case: lower-case types are JSON Schema's, which goes into response_json_schema.
const Message kSchema = {
    {{"type",
      Field::kEnum,
      false,
      nullptr,
      "Type",
      {"TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}},
     {"format", Field::kString},
     {"title", Field::kString},
     {"description", Field::kString},
     {"nullable", Field::kBool},
     {"enum", Field::kString, kRepeated},
     {"max_items"},
     {"min_items"},
     {"properties", Field::kMap, false, &kSchema},
     {"required", Field::kString, kRepeated},
     {"min_properties"},
     {"max_properties"},
     {"min_length"},
     {"max_length"},
     {"pattern", Field::kString},
     {"example"},
     {"any_of", Field::kMessage, kRepeated, &kSchema},
     {"property_ordering", Field::kString, kRepeated},
     {"default"},
     {"items", Field::kMessage, false, &kSchema},
     {"minimum", Field::kFloat},
     {"maximum", Field::kFloat}}};

const Message kThinkingConfig = {
    {{"include_thoughts", Field::kBool},
     {"thinking_budget", Field::kInt32},
     {"thinking_level",
      Field::kEnum,
      false,
      nullptr,
      "ThinkingLevel",
      {"THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH"}}}};

const Message kGenerationConfig = {{{"temperature", Field::kFloat},
                                    {"top_p", Field::kFloat},
                                    {"top_k", Field::kInt32},
                                    {"max_output_tokens", Field::kInt32},
                                    {"stop_sequences", Field::kString, kRepeated},
                                    {"candidate_count", Field::kInt32},
                                    {"seed", Field::kInt32},
                                    {"response_mime_type", Field::kString},
                                    {"response_schema", Field::kMessage, false, &kSchema},
                                    {"response_json_schema"},
                                    {"_response_json_schema"},
                                    {"presence_penalty", Field::kFloat},
                                    {"frequency_penalty", Field::kFloat},
                                    {"response_logprobs", Field::kBool},
                                    {"logprobs", Field::kInt32},
                                    {"enable_enhanced_civic_answers", Field::kBool},
                                    {"response_modalities"},
                                    {"speech_config"},
                                    {"image_config"},
                                    {"thinking_config", Field::kMessage, false, &kThinkingConfig},
                                    {"media_resolution",
                                     Field::kEnum,
                                     false,
                                     nullptr,
                                     "GenerationConfig.MediaResolution",
                                     {"MEDIA_RESOLUTION_UNSPECIFIED", "MEDIA_RESOLUTION_LOW",
                                      "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"}}}};

const Message kSafetySetting = {
    {{"category",
      Field::kEnum,
      false,
      nullptr,
      "HarmCategory",
      {"HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
       "HARM_CATEGORY_DANGEROUS_CONTENT", "HARM_CATEGORY_CIVIC_INTEGRITY"}},
     {"threshold",
      Field::kEnum,
      false,
      nullptr,
      "SafetySetting.HarmBlockThreshold",
      {"HARM_BLOCK_THRESHOLD_UNSPECIFIED", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE",
       "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"}}}};

const Message kRequest = {{{"model", Field::kString},
                           {"contents", Field::kMessage, kRepeated, &kContent},
                           {"system_instruction", Field::kMessage, false, &kContent},
                           {"generation_config", Field::kMessage, false, &kGenerationConfig},
                           {"safety_settings", Field::kMessage, kRepeated, &kSafetySetting},
                           {"tools"},
                           {"tool_config"},
                           {"cached_content", Field::kString},
                           {"labels"},
                           {"store", Field::kBool},
                           {"service_tier", Field::kString}}};

bool Fits(const Field& field, const Json& value) {
  switch (field.kind) {
    case Field::kString:
      return value.is_string();
    case Field::kBytes:
      return value.is_string() && IsBase64(value.get_ref<const std::string&>());
    case Field::kBool:
      return value.is_boolean();
    case Field::kInt32:
      return value.is_number() && std::abs(value.get<double>()) < 2147483648.0 &&
             value == Json(static_cast<int32_t>(value.get<double>()));
    case Field::kFloat:
      return value.is_number();
    case Field::kEnum:
      return value.is_string() &&
             std::find(field.values.begin(), field.values.end(),
                       value.get_ref<const std::string&>()) != field.values.end();
    default:
      return true;
  }
}

std::string TypeName(const Field& field) {
  switch (field.kind) {
    case Field::kBytes:
      return "TYPE_BYTES";
    case Field::kBool:
      return "TYPE_BOOL";
    case Field::kInt32:
      return "TYPE_INT32";
    case Field::kFloat:
      return "TYPE_FLOAT";
    case Field::kEnum:
      return fmt::format("type.googleapis.com/google.ai.generativelanguage.v1beta.{}",
                         field.enum_name);
    default:
      return "TYPE_STRING";
  }
}

// What was sent instead, as far as an error shows it.
std::string Shown(const Field& field, const Json& value) {
  bool coded = field.kind == Field::kBytes && value.is_string();
  if (!coded) return ToText(value).substr(0, 200);
  return fmt::format("Base64 decoding failed for {}", ToText(value).substr(0, 40));
}

// One look at a body, gathering what is wrong with it.
class TypeCheck {
 public:
  void CheckMessage(const Json& object, const Message& message, const std::string& at) {
    if (!object.is_object()) {
      return Add(at, fmt::format("Invalid value at '{}' (type.googleapis.com), {}", at,
                                 ToText(object).substr(0, 200)));
    }
    for (const auto& [name, value] : object.items()) {
      const Field* field = Find(message, name);
      if (!field) {
        std::string where = at.empty() ? "" : fmt::format(" at '{}'", at);
        Add(at, fmt::format("Invalid JSON payload received. Unknown name \"{}\"{}: Cannot find "
                            "field.",
                            name, where));
      } else if (!value.is_null()) {
        CheckField(*field, value,
                   at.empty() ? std::string(field->name) : fmt::format("{}.{}", at, field->name));
      }
    }
  }

  std::vector<Violation> violations;

 private:
  static const Field* Find(const Message& message, const std::string& name) {
    auto found = std::find_if(
        message.fields.begin(), message.fields.end(),
        [&](const Field& field) { return field.name == name || CamelCase(field.name) == name; });
    return found == message.fields.end() ? nullptr : &*found;
  }

  void CheckField(const Field& field, const Json& value, const std::string& at) {
    if (!field.repeated) return CheckValue(field, value, at);
    // One value stands for a list of one.
    if (!value.is_array()) return CheckValue(field, value, at);
    for (size_t i = 0; i < value.size(); ++i) {
      CheckValue(field, value[i], fmt::format("{}[{}]", at, i));
    }
  }

  void CheckValue(const Field& field, const Json& value, const std::string& at) {
    if (field.kind == Field::kMessage) return CheckMessage(value, *field.message, at);
    if (field.kind == Field::kMap && value.is_object()) {
      size_t i = 0;
      for (const auto& [name, entry] : value.items()) {
        CheckMessage(entry, *field.message, fmt::format("{}[{}].value", at, i++));
      }
      return;
    }
    if (Fits(field, value)) return;
    Add(at,
        fmt::format("Invalid value at '{}' ({}), {}", at, TypeName(field), Shown(field, value)));
  }

  void Add(const std::string& field, const std::string& description) {
    violations.push_back({field, description});
  }
};

}  // namespace

std::vector<Violation> CheckTypes(const Json& body) {
  TypeCheck check;
  check.CheckMessage(body, kRequest, "");
  return std::move(check.violations);
}

std::string CamelCase(std::string_view name) {
  std::string camel;
  for (size_t i = 0; i < name.size(); ++i) {
    bool joint = name[i] == '_' && i > 0 && i + 1 < name.size();
    camel += joint ? static_cast<char>(std::toupper(name[++i])) : name[i];
  }
  return camel;
}

const Json& ProtoMember(const Json& object, std::string_view name) {
  const Json& camel = MemberOf(object, CamelCase(name));
  return camel.is_null() ? MemberOf(object, name) : camel;
}

std::string ProtoText(const Json& object, std::string_view name) {
  const Json& member = ProtoMember(object, name);
  return member.is_string() ? member.get<std::string>() : "";
}

bool IsBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '+' || c == '/' || c == '-' || c == '_';
         });
}

}  // namespace fake_provider::gemini
