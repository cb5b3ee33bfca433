#pragma once

#include <string>
#include <string_view>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// Files whose names come from items, below a folder that is the user's choice: `root` may be or
// contain links, what is below it may not, or a planted one would lead elsewhere. `path` is
// relative and has no "..". Errors name the whole path.

// The folder that the file `path` lies in; `make` makes those that are missing.
Result<Fd> OpenFolderOf(const std::string& root, const std::string& path, bool make);

// Writes `text` to `name` in the open folder `folder` (or AT_FDCWD) so that a crash leaves the old
// file or the new one, never a part: a temporary file beside it (mode 0600), fsync, rename. The
// error is only the reason.
Result<void> ReplaceFileAt(int folder, const std::string& name, std::string_view text);

// The same for `path` below `root`; makes missing folders. After a power cut the old file may be
// there again until SyncFolderOf().
Result<void> ReplaceFileBelow(const std::string& root, const std::string& path,
                              std::string_view text);

// What was replaced in the folder of `path` is on the disk, when this has returned.
Result<void> SyncFolderOf(const std::string& root, const std::string& path);

}  // namespace muster
