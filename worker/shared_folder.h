#pragma once

#include <string>

#include "common/result.h"

namespace muster {

// That this machine sees the run's folder as the supervisor does: its lock file holds `mark`, and
// the config's folder is there too. Pictures, work files and what programs make go through them.
// An empty mark: nothing goes through them. The error names this machine.
Result<void> CheckSharedFolder(const std::string& run_dir, const std::string& mark,
                               const std::string& config_dir);

}  // namespace muster
