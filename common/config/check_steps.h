#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges steps, and outputs, which are made of what steps leave: ids, the names in their templates,
// models and the options that those take, how answers are parsed, which files are written.
void CheckSteps(const Config& config, Problems& problems);

}  // namespace muster
