#include <fmt/format.h>

#include "tests/fake_provider/anthropic_checks.h"

namespace fake_provider::anthropic {
namespace {

// What the server cannot enforce on a value of such a type.
const std::vector<std::string_view>& UnsupportedFor(const std::string& type) {
  static const std::vector<std::string_view> kNumber = {"minimum", "maximum", "exclusiveMinimum",
                                                        "exclusiveMaximum", "multipleOf"};
  static const std::vector<std::string_view> kString = {"minLength", "maxLength"};
  static const std::vector<std::string_view> kArray = {"maxItems", "uniqueItems"};
  static const std::vector<std::string_view> kNone;
  if (type == "integer" || type == "number") return kNumber;
  if (type == "string") return kString;
  return type == "array" ? kArray : kNone;
}

Complaint CheckType(const Json& schema, const std::string& type) {
  if (type == "object" && MemberOf(schema, "additionalProperties") != Json(false)) {
    return "For 'object' type, 'additionalProperties' must be explicitly set to false";
  }
  const Json& least = MemberOf(schema, "minItems");
  if (type == "array" && !least.is_null() && least != 0 && least != 1) {
    return "For 'array' type, 'minItems' values other than 0 or 1 are not supported";
  }
  for (std::string_view name : UnsupportedFor(type)) {
    if (schema.contains(name)) {
      return fmt::format("For '{}' type, property '{}' is not supported", type, name);
    }
  }
  return std::nullopt;
}

Complaint CheckNode(const Json& schema);

Complaint CheckAll(const Json& schemas) {
  for (const Json& schema : schemas) {
    if (Complaint wrong = CheckNode(schema)) return wrong;
  }
  return std::nullopt;
}

Complaint CheckNode(const Json& schema) {
  if (!schema.is_object()) return std::nullopt;
  const Json& type = MemberOf(schema, "type");
  for (const Json& one : type.is_array() ? type : Json::array({type})) {
    if (!one.is_string()) continue;
    if (Complaint wrong = CheckType(schema, one.get<std::string>())) return wrong;
  }
  for (const char* name : {"properties", "$defs", "definitions", "anyOf", "oneOf", "allOf"}) {
    if (Complaint wrong = CheckAll(MemberOf(schema, name))) return wrong;
  }
  return CheckNode(MemberOf(schema, "items"));
}

}  // namespace

Complaint CheckSchema(const Json& schema) {
  Complaint wrong = CheckNode(schema);
  return wrong ? "output_config.format.schema: " + *wrong : wrong;
}

}  // namespace fake_provider::anthropic
