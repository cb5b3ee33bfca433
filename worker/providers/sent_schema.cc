// Anthropic's limits of schemas are those of its guide to structured outputs and of the 400s that
// users report; OpenAI's are those of its guide.

#include "worker/providers/sent_schema.h"

#include <algorithm>

namespace muster {
namespace {

constexpr const char* kUnenforced[] = {
    "minimum",   "maximum",  "exclusiveMinimum", "exclusiveMaximum", "multipleOf",   "minLength",
    "maxLength", "maxItems", "uniqueItems",      "minProperties",    "maxProperties"};
constexpr const char* kLists[] = {"anyOf", "oneOf", "allOf", "prefixItems"};
constexpr const char* kMaps[] = {"properties", "$defs", "definitions"};
constexpr const char* kSingle[] = {"items", "additionalProperties", "not"};
constexpr const char* kNotStrict[] = {"allOf", "oneOf", "not", "prefixItems"};

// Every schema right inside `schema`, which may be const.
template <class Schema, class Visit>
void ForEachInside(Schema& schema, const Visit& visit) {
  for (const char* name : kLists) {
    if (!schema.contains(name) || !schema[name].is_array()) continue;
    for (auto& each : schema[name]) visit(each);
  }
  for (const char* name : kMaps) {
    if (!schema.contains(name) || !schema[name].is_object()) continue;
    for (auto& each : schema[name]) visit(each);
  }
  for (const char* name : kSingle) {
    if (schema.contains(name) && schema[name].is_object()) visit(schema[name]);
  }
}

bool IsOfType(const Json& schema, std::string_view type) {
  const Json* types = Member(schema, "type");
  if (!types) return false;
  return types->is_array() ? std::ranges::count(*types, Json(type)) > 0 : *types == type;
}

void Adapt(Json& schema) {
  if (!schema.is_object()) return;
  for (const char* name : kUnenforced) schema.erase(name);
  if (IntMember(schema, "minItems").value_or(0) > 1) schema["minItems"] = 1;
  bool open = !schema.contains("additionalProperties") || schema["additionalProperties"] == true;
  if (IsOfType(schema, "object") && open) schema["additionalProperties"] = false;
  ForEachInside(schema, Adapt);
}

bool NamesAllMembers(const Json& schema) {
  const Json* further = Member(schema, "additionalProperties");
  const Json* members = Member(schema, "properties");
  const Json* required = Member(schema, "required");
  if (!further || *further != false || !members || !members->is_object()) return false;
  if (!required || !required->is_array()) return members->empty();
  return std::ranges::all_of(members->items(), [&](const auto& member) {
    return std::ranges::count(*required, Json(member.key())) > 0;
  });
}

}  // namespace

Json SchemaForAnthropic(const Json& schema) {
  Json adapted = schema;
  Adapt(adapted);
  return adapted;
}

bool FitsStrictMode(const Json& schema) {
  if (!schema.is_object()) return false;
  for (const char* name : kNotStrict) {
    if (schema.contains(name)) return false;
  }
  if (IsOfType(schema, "object") && !NamesAllMembers(schema)) return false;
  bool fits = true;
  ForEachInside(schema, [&](const Json& each) { fits = fits && FitsStrictMode(each); });
  return fits;
}

}  // namespace muster
