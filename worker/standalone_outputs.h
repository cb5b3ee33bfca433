#pragma once

#include <string>

#include "common/config/config.h"
#include "common/protocol.h"
#include "common/result.h"

namespace muster {

// What a done item leaves when there is no supervisor to keep it.

// An output as its file would hold it: of one that grows, with what such a file begins with.
Result<std::string> ShownOutput(const Config& config, const OutputText& output);

// Writes all of them. What grows is appended to; a CSV file with other columns is left as it is,
// and that is an error. `tell`: says which files these are.
Result<void> WriteOutputs(const Config& config, const Done& done, bool tell);

// Shows, on standard output, what would have been appended where.
Result<void> ShowGrowth(const Config& config, const Done& done);

}  // namespace muster
