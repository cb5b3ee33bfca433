#pragma once

#include <string>

namespace muster {

// Where a program is: beside `base_dir` when its name has a slash, else in the first absolute
// folder of `path`, which is as PATH. Empty: nowhere, or it is none that we may start.
std::string FindProgram(const std::string& name, const std::string& base_dir,
                        const std::string& path);

// PATH, or what it is where it is not set.
std::string SearchPath();

}  // namespace muster
