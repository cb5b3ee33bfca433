// What OpenAI's APIs want of a schema that an answer is to fit.

#include <fmt/format.h>

#include <algorithm>

#include "tests/fake_provider/openai_checks.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

ApiReply InvalidSchema(const std::string& param, const std::string& at, std::string_view what) {
  return BadRequest(
      fmt::format("Invalid schema for response_format: In context=({}), {}", at, what), param, "");
}

// What a strict schema must be everywhere: closed objects whose members are all required.
Complaint CheckStrict(const Json& schema, const std::string& param, const std::string& at) {
  const Json& properties = MemberOf(schema, "properties");
  if (StringMember(schema, "type") == "object" || properties.is_object()) {
    if (MemberOf(schema, "additionalProperties") != false) {
      return InvalidSchema(param, at,
                           "'additionalProperties' is required to be supplied and to be false.");
    }
    const Json& required = MemberOf(schema, "required");
    for (const auto& [name, property] : properties.items()) {
      if (std::find(required.begin(), required.end(), name) == required.end()) {
        return InvalidSchema(param, at,
                             fmt::format("'required' is required to be supplied and to be an array "
                                         "including every key in properties. Missing '{}'.",
                                         name));
      }
    }
  }
  if (!schema.is_structured()) return std::nullopt;
  for (const auto& [name, member] : schema.items()) {
    if (name == "enum" || name == "const" || !member.is_structured()) continue;
    if (Complaint wrong = CheckStrict(member, param, fmt::format("{}'{}', ", at, name))) {
      return wrong;
    }
  }
  return std::nullopt;
}

}  // namespace

Complaint CheckSchemaFormat(const Json& format, const std::string& param) {
  std::string name = StringMember(format, "name");
  if (name.empty()) return MissingParameter(param + ".name");
  bool plain = std::all_of(name.begin(), name.end(),
                           [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
  if (!plain || name.size() > 64) {
    return BadRequest(fmt::format("Invalid '{}.name': string does not match pattern. Expected a "
                                  "string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
                                  param),
                      param + ".name", "invalid_value");
  }
  const Json& schema = MemberOf(format, "schema");
  if (schema.is_null()) return MissingParameter(param + ".schema");
  if (!schema.is_object()) return InvalidType(param + ".schema", "an object", schema);
  const Json& strict = MemberOf(format, "strict");
  if (!strict.is_null() && !strict.is_boolean()) {
    return InvalidType(param + ".strict", "a boolean", strict);
  }
  if (StringMember(schema, "type") != "object") {
    return InvalidSchema(param, "", "schema must be a JSON Schema of 'type: \"object\"'.");
  }
  return strict == true ? CheckStrict(schema, param, "") : std::nullopt;
}

Json SchemaOf(const Json& format, const Json& schema) {
  std::string type = StringMember(format, "type");
  if (type == "json_schema") return schema;
  if (type != "json_object") return nullptr;
  return {{"type", "object"}, {"properties", {{"answer", {{"type", "string"}}}}}};
}

}  // namespace fake_provider::openai
