#pragma once

#include <cstddef>
#include <string>

#include "common/result.h"

namespace muster {

// The most a prompt or one text of an item may hold.
inline constexpr size_t kMaxTextFile = 4 * 1024 * 1024;  // bytes

// The text of a regular file, without a byte order mark. `path` may be relative to `folder`; the
// error names it as it was written: "prompts/chunk.md: no such file". Refuses what is larger than
// `most` bytes or not UTF-8.
Result<std::string> ReadTextFile(const std::string& folder, const std::string& path,
                                 size_t most = kMaxTextFile);

}  // namespace muster
