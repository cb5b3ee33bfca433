#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace muster {

// What a glob looks for; links count as what they lead to.
enum class GlobFor { kFolders, kFiles };

// The paths that match `pattern` (*, ? and [] within names, never across a slash; hidden names only
// where the pattern has the dot), relative to `folder` as the pattern is, in natural order. A part
// of the pattern without * that does not exist is an error, so that a misspelt folder is no empty
// result.
Result<std::vector<std::string>> Glob(const std::string& folder, const std::string& pattern,
                                      GlobFor what);

// By bytes, but digits by their value: part2 before part10.
bool NaturalLess(std::string_view a, std::string_view b);

}  // namespace muster
