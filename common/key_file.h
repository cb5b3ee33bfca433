#pragma once

// Files that hold an API key, which nobody else may be able to read.

#include <string>

#include "common/result.h"

namespace muster {

// Whether there is a file at `path` and a key may be kept in it: a regular file (also behind a
// symbolic link) of ours, mode 600 or stricter, 64 KB at most. false: there is none; an error:
// what is wrong with it, and how to mend it.
Result<bool> KeyFileExists(const std::string& path);

// The key: the file's one line, without its end. The same rules hold for what is opened. Errors
// name the file and never what it holds.
Result<std::string> ReadKeyFile(const std::string& path);

}  // namespace muster
