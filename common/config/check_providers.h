#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges what the settings of each provider mean together: an API, one source of its key at most,
// and nothing that its API has no use for.
void CheckProviders(const Config& config, Problems& problems);

}  // namespace muster
