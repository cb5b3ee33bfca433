#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges what settings mean together, in a complete config: sources of items, ids, kinds of steps,
// names in templates, models and their providers. Where a part has a mistake already, what would
// only follow from it is not reported.
void CheckConfig(const Config& config, Problems& problems);

}  // namespace muster
