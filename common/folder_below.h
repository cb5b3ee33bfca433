#pragma once

#include <string>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// Where files lie whose names come from items, below a folder that is the user's choice: `root` may
// be or contain links, what is below it may not, or a planted one would lead elsewhere. `path` is
// relative and has no "..". Errors name the whole path.

// The folder that the file `path` lies in; `make` makes those that are missing.
Result<Fd> OpenFolderOf(const std::string& root, const std::string& path, bool make);

// What was renamed in the folder of `path` is on the disk, when this has returned.
Result<void> SyncFolderOf(const std::string& root, const std::string& path);

}  // namespace muster
