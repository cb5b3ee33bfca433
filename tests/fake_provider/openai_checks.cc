#include "tests/fake_provider/openai_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/images.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

std::string_view TypeName(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return "a boolean";
  if (value.is_number_integer()) return "an integer";
  if (value.is_number()) return "a decimal";
  return value.is_array() ? "an array" : "an object";
}

struct KindFacts {
  bool fits;
  std::string_view expected;
};

KindFacts Against(Field::Kind kind, const Json& value) {
  switch (kind) {
    case Field::kAny:
      return {true, ""};
    case Field::kString:
      return {value.is_string(), "a string"};
    case Field::kBoolean:
      return {value.is_boolean(), "a boolean"};
    case Field::kInteger:
      return {value.is_number_integer(), "an integer"};
    case Field::kNumber:
      return {value.is_number(), "a decimal"};
    case Field::kObject:
      return {value.is_object(), "an object"};
    case Field::kArray:
      return {value.is_array(), "an array"};
    case Field::kTextOrArray:
      return {value.is_string() || value.is_array(), "one of an array of objects or string"};
  }
  return {true, ""};
}

ApiReply UnknownParameter(const std::string& param) {
  return BadRequest(fmt::format("Unknown parameter: '{}'.", param), param, "unknown_parameter");
}

Complaint CheckBounds(const Field& field, const Json& value) {
  double number = value.get<double>();
  bool below = field.min && number < *field.min;
  if (!below && !(field.max && number > *field.max)) return std::nullopt;
  std::string_view kind = field.kind == Field::kInteger ? "integer" : "decimal";
  std::string_view side = below ? "below minimum" : "above maximum";
  return BadRequest(fmt::format("Invalid '{}': {} {} value. Expected a value {} {}, but got {} "
                                "instead.",
                                field.name, kind, side,
                                below ? ">=" : "<=", below ? *field.min : *field.max, value.dump()),
                    std::string(field.name),
                    fmt::format("{}_{}_value", kind, below ? "below_min" : "above_max"));
}

Complaint CheckField(const std::string& name, const Json& value, const std::vector<Field>& fields) {
  auto field = std::find_if(fields.begin(), fields.end(),
                            [&](const Field& known) { return known.name == name; });
  if (field == fields.end()) return UnknownParameter(name);
  if (value.is_null()) return std::nullopt;
  KindFacts facts = Against(field->kind, value);
  if (!facts.fits) return InvalidType(name, facts.expected, value);
  return value.is_number() ? CheckBounds(*field, value) : std::nullopt;
}

Complaint CheckEnvelope(const Call& call) {
  if (call.http.method != "POST") {
    return ErrorReply(405,
                      fmt::format("Not allowed to {} on {}. (HINT: Perhaps you meant to use a "
                                  "different HTTP method?)",
                                  call.http.method, call.http.path),
                      "invalid_request_error", "", "method_not_supported");
  }
  const std::string* type = FindHeader(call.http.headers, "Content-Type");
  if (!type || !SameName(std::string_view(*type).substr(0, 16), "application/json")) {
    return ErrorReply(415,
                      fmt::format("Unsupported content type: '{}'. This API method only accepts "
                                  "'application/json' requests.",
                                  type ? *type : ""),
                      "invalid_request_error", "", "unsupported_content_type");
  }
  if (!call.body.is_object()) {
    return BadRequest(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
        "using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was "
        "sent was not valid JSON.)",
        "", "");
  }
  return std::nullopt;
}

// gpt-5.6 and what came after.
bool WritesCache(std::string_view model) {
  if (!model.starts_with("gpt-")) return false;
  model.remove_prefix(4);
  if (!model.starts_with("5")) return model >= "6" && model < "9";
  return model.size() >= 3 && model[1] == '.' && model[2] >= '6' && model[2] <= '9';
}

void AddPart(const Json& part, std::string& text, Prompt& prompt) {
  text += StringMember(part, "text") + StringMember(part, "refusal");
  const Json& image = MemberOf(part, "image_url");
  std::string url = image.is_string() ? image.get<std::string>() : StringMember(image, "url");
  if (url.empty()) return;
  std::optional<InlineImage> inside = ParseDataUri(url);
  prompt.images.push_back(inside ? std::move(inside->bytes) : url);
}

}  // namespace

ApiReply InvalidType(const std::string& param, std::string_view expected, const Json& value) {
  return BadRequest(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", param,
                                expected, TypeName(value)),
                    param, "invalid_type");
}

Complaint MissingParameter(const std::string& param) {
  return BadRequest(fmt::format("Missing required parameter: '{}'.", param), param,
                    "missing_required_parameter");
}

Complaint CheckFields(const Call& call, const std::vector<Field>& fields) {
  if (Complaint wrong = CheckEnvelope(call)) return wrong;
  for (const auto& [name, value] : call.body.items()) {
    if (Complaint wrong = CheckField(name, value, fields)) return wrong;
  }
  return call.model.empty() ? Complaint(MissingParameter("model")) : std::nullopt;
}

Complaint CheckBasics(const Call& call, const std::vector<Field>& fields) {
  if (Complaint wrong = CheckFields(call, fields)) return wrong;
  const Json& options = MemberOf(call.body, "stream_options");
  if (!options.is_null() && MemberOf(call.body, "stream") != true) {
    return BadRequest("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                      "stream_options", "");
  }
  return CheckEnum(MemberOf(call.body, "service_tier"), "service_tier",
                   {"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"});
}

Complaint CheckEnum(const Json& value, const std::string& param,
                    const std::vector<std::string_view>& allowed) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_string()) return InvalidType(param, "a string", value);
  const std::string& text = value.get_ref<const std::string&>();
  if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return std::nullopt;
  return BadRequest(fmt::format("Invalid value: '{}'. Supported values are: '{}'.", text,
                                fmt::join(allowed, "', '")),
                    param, "invalid_value");
}

Complaint CheckMembers(const Json& object, const std::string& param,
                       const std::vector<std::string_view>& known) {
  if (object.is_null()) return std::nullopt;
  if (!object.is_object()) return InvalidType(param, "an object", object);
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return UnknownParameter(param + "." + name);
    }
  }
  return std::nullopt;
}

Complaint CheckImageUrl(const Json& url, const std::string& param) {
  if (url.is_null()) return MissingParameter(param);
  if (!url.is_string()) return InvalidType(param, "an image URL", url);
  const std::string& text = url.get_ref<const std::string&>();
  if (text.starts_with("https://") || text.starts_with("http://")) return std::nullopt;
  std::optional<InlineImage> inside = ParseDataUri(text);
  if (inside && WhatIsWrong(*inside).empty()) return std::nullopt;
  if (inside) {
    return BadRequest(
        fmt::format("You uploaded an unsupported image. Please make sure your image has of one the "
                    "following formats: ['png', 'jpeg', 'gif', 'webp']. ({})",
                    WhatIsWrong(*inside)),
        param, "invalid_image_format");
  }
  return BadRequest(fmt::format("Invalid '{}'. Expected a valid URL, but got a value with an "
                                "invalid format.",
                                param),
                    param, "invalid_value");
}

Complaint CheckEffort(const Call& call, const Json& effort, const std::string& param) {
  if (effort.is_null()) return std::nullopt;
  bool thinks = IsReasoningModel(call.model) || !IsOwnModel(call.model);
  if (thinks || call.model.starts_with("fake-")) return CheckEnum(effort, param, kEfforts);
  return BadRequest(
      fmt::format("Unsupported parameter: '{}' is not supported with this model.", param), param,
      "unsupported_parameter");
}

bool IsOwnModel(std::string_view model) {
  constexpr std::array<std::string_view, 5> kPrefixes = {"gpt-", "o1", "o3", "o4", "fake-"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [model](auto prefix) { return model.starts_with(prefix); });
}

bool IsReasoningModel(std::string_view model) {
  constexpr std::array<std::string_view, 4> kPrefixes = {"gpt-5", "o1", "o3", "o4"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [model](auto prefix) { return model.starts_with(prefix); });
}

void AddMessages(const Json& messages, Prompt& prompt) {
  for (const Json& message : messages) {
    std::string role = StringMember(message, "role");
    bool system = role == "system" || role == "developer";
    std::string& text = system ? prompt.system : prompt.user;
    const Json& content = MemberOf(message, "content");
    if (content.is_string()) text += content.get_ref<const std::string&>();
    if (!content.is_array()) continue;
    for (const Json& part : content) AddPart(part, text, prompt);
  }
}

Untold UntoldBy(const Call& call) {
  return {.cache_write = !call.settings->by_prompt && !WritesCache(call.model)};
}

std::string TierOf(const Call& call) {
  std::string tier = StringMember(call.body, "service_tier");
  return tier.empty() || tier == "auto" ? "default" : tier;
}

bool IsStreamed(const Call& call, const AnswerWishes& wishes) {
  return MemberOf(call.body, "stream") == true && !wishes.no_stream;
}

std::string Obfuscation(std::string_view delta) {
  return Sha256Hex(delta).substr(0, 16 - delta.size() % 16);
}

}  // namespace fake_provider::openai
