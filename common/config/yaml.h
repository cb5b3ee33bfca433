#pragma once

// YAML as configs may use it: the YAML 1.2 core schema without its traps. Text stays text (`no`,
// `yes` and `on` are no booleans, 010 is ten), every key counts once, one document to a file. There
// are no anchors, aliases, merge keys or tags, so what is read is never larger than what is
// written. yaml.cc is the one place that names yaml-cpp.

#include <string>
#include <string_view>

#include "common/config/problems.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

inline constexpr size_t kMaxYamlBytes = 4 * 1024 * 1024;
inline constexpr size_t kMaxYamlNodes = 50'000;
inline constexpr int kMaxYamlDepth = 64;

// What one file says, and where it says it.
struct YamlDocument {
  Json root;
  Places places;
};

// Reads UTF-8 text, with or without a byte order mark. `file` is how errors name it:
// "file:line:column: what". An empty text is null.
Result<YamlDocument> ParseYaml(std::string_view text, const std::string& file);

// What a scalar without quotes means: null, true, false, a number, else text. The error is about
// numbers that JSON cannot hold.
Result<Json> ResolvePlainScalar(std::string_view text);

}  // namespace muster
