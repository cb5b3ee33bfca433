#pragma once

// The one place that names nlohmann-json. Everything hostile is parsed by ParseJson, which bounds
// depth and refuses duplicate keys; everything written goes through DumpJson or CanonicalJson.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// Objects keep the order of their keys, so that a config or an answer is shown as it was written.
using Json = nlohmann::ordered_json;

// Deeper documents are refused: dump and copy recurse.
inline constexpr int kMaxJsonDepth = 128;

// Parses exactly one JSON text (RFC 8259, UTF-8). Errors name the byte offset.
Result<Json> ParseJson(std::string_view text);

// One line; bytes that are not UTF-8 become U+FFFD, NaN becomes null.
std::string DumpJson(const Json& value);

// The same for people: two spaces of indentation.
std::string PrettyJson(const Json& value);

// One line with keys sorted at every level: the form that hashes are taken of.
std::string CanonicalJson(const Json& value);

// An empty object that takes so many members without being moved: growing copies all that is in it.
Json ObjectWithRoom(size_t members);

// Member `key` of an object, or nullptr when `value` is no object or has no such key.
const Json* Member(const Json& value, std::string_view key);

// Members that parsers of foreign documents read; nullptr/empty/nullopt where absent or of another
// type, so that a hostile shape is a missing field and never a crash.
std::string StringMember(const Json& value, std::string_view key);
std::optional<int64_t> IntMember(const Json& value, std::string_view key);
std::optional<double> NumberMember(const Json& value, std::string_view key);

}  // namespace muster
