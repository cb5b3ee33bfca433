#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges what is made of what steps leave: outputs, which files they write and what goes together
// in them; scores; what a report compares.
void CheckOutputs(const Config& config, Problems& problems);

}  // namespace muster
