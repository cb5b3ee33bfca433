#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Names the pools that have no name and judges them together: one at most is local, launched ones
// say how many workers they have, and no two are called alike.
void CompletePools(const ConfigOverrides& overrides, Config& config, Problems& problems);

}  // namespace muster
