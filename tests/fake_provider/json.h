#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace fake_provider {

// The one place that names the JSON library. Objects keep the order in which fields were added, so
// that replies read like the real ones.
using Json = nlohmann::ordered_json;

inline std::optional<Json> ParseJson(std::string_view text) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

// Text on one line, or indented by so many blanks. Bytes that are not UTF-8 become U+FFFD instead
// of an exception.
inline std::string ToText(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The member `key` of `object`; null when there is none or `object` is not an object.
inline const Json& MemberOf(const Json& object, std::string_view key) {
  static const Json null;
  if (!object.is_object()) return null;
  auto found = object.find(std::string(key));
  return found == object.end() ? null : *found;
}

// The string member `key` of `object`, or "".
inline std::string StringMember(const Json& object, std::string_view key) {
  const Json& member = MemberOf(object, key);
  return member.is_string() ? member.get<std::string>() : std::string();
}

}  // namespace fake_provider
