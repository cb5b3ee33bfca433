#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// Writes `text` to `path` so that a crash leaves the old file or the new one, never a part: a
// temporary file beside it (mode 0600), fsync, rename. Makes missing folders. Errors name the path.
Result<void> ReplaceFile(const std::string& path, std::string_view text);

// The same for `path` below `root` (folder_below.h). After a power cut the old file may be there
// again until SyncFolderOf().
Result<void> ReplaceFileBelow(const std::string& root, const std::string& path,
                              std::string_view text);

}  // namespace muster
