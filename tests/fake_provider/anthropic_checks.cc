#include "tests/fake_provider/anthropic_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace fake_provider::anthropic {
namespace {

bool IsInt64(const Json& value) {
  if (!value.is_number_unsigned()) return value.is_number_integer();
  return value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

// What a value should be, or "" when it is.
std::string_view Mismatch(Field::Kind kind, const Json& value) {
  switch (kind) {
    case Field::kAny:
      return "";
    case Field::kString:
      return value.is_string() ? "" : "a valid string";
    case Field::kBoolean:
      return value.is_boolean() ? "" : "a valid boolean";
    case Field::kInteger:
      return IsInt64(value) ? "" : "a valid integer";
    case Field::kNumber:
      return value.is_number() ? "" : "a valid number";
    case Field::kObject:
      return value.is_object() ? "" : "an object";
    case Field::kArray:
      return value.is_array() ? "" : "a valid array";
    case Field::kTextOrArray:
      return value.is_string() || value.is_array() ? "" : "a valid array";
  }
  return "";
}

Complaint CheckBounds(const Field& field, const Json& value, const std::string& at) {
  double number = value.get<double>();
  if (field.min && field.max && (number < *field.min || number > *field.max)) {
    return fmt::format("{}: range: {}..{}", at, *field.min, *field.max);
  }
  if (!field.min || number >= *field.min) return std::nullopt;
  return fmt::format("{}: Input should be greater than or equal to {}", at, *field.min);
}

Complaint CheckMember(const Field& field, const Json& value, const std::string& at) {
  if (value.is_null()) {
    return field.required ? Complaint(at + ": Field required") : std::nullopt;
  }
  std::string_view mismatch = Mismatch(field.kind, value);
  if (!mismatch.empty()) return fmt::format("{}: Input should be {}", at, mismatch);
  return value.is_number() ? CheckBounds(field, value, at) : std::nullopt;
}

}  // namespace

std::string Join(const std::string& at, std::string_view name) {
  return at.empty() ? std::string(name) : fmt::format("{}.{}", at, name);
}

Complaint CheckObject(const Json& object, const std::string& at, const std::vector<Field>& fields) {
  if (!object.is_object()) return at + ": Input should be an object";
  for (const Field& field : fields) {
    Complaint wrong = CheckMember(field, MemberOf(object, field.name), Join(at, field.name));
    if (wrong) return wrong;
  }
  for (const auto& [name, value] : object.items()) {
    bool known = std::any_of(fields.begin(), fields.end(),
                             [&](const Field& field) { return field.name == name; });
    if (!known) return Join(at, name) + ": Extra inputs are not permitted";
  }
  return std::nullopt;
}

Complaint CheckChoice(const Json& value, const std::string& at,
                      const std::vector<std::string_view>& allowed) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string() && std::find(allowed.begin(), allowed.end(),
                                     value.get_ref<const std::string&>()) != allowed.end()) {
    return std::nullopt;
  }
  std::string list;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (i > 0) list += i + 1 == allowed.size() ? " or " : ", ";
    list += fmt::format("'{}'", allowed[i]);
  }
  return fmt::format("{}: Input should be {}", at, list);
}

Complaint CheckCacheControl(const Json& control, const std::string& at) {
  if (control.is_null()) return std::nullopt;
  Complaint wrong =
      CheckObject(control, at, {{"type", Field::kString, true}, {"ttl", Field::kString}});
  if (!wrong) wrong = CheckChoice(MemberOf(control, "type"), at + ".type", {"ephemeral"});
  if (!wrong) wrong = CheckChoice(MemberOf(control, "ttl"), at + ".ttl", {"5m", "1h"});
  return wrong;
}

}  // namespace fake_provider::anthropic
