#pragma once

// Where things are: the program's own data, and the places an item's outputs may go.

#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// The folder of the running program, without a slash at its end.
std::string ProgramFolder();

// A data file of muster's ("prices.json"): in $MUSTER_DATA, beside an installed program
// (../share/muster), or in the source tree (../configs). The error lists where it was looked for.
Result<std::string> FindDataFile(const std::string& name);

// `folder`/`relative`, refused when `relative` is empty, absolute, or would leave the folder.
Result<std::string> PathInside(const std::string& folder, const std::string& relative);

}  // namespace muster
