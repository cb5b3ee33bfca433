#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Fills in what a config left open and what no plain default can say: the built-in providers and
// what depends on a provider's API, the environment (OPENAI_BASE_URL), folders.
void CompleteConfig(const ConfigOverrides& overrides, Config& config, Problems& problems);

}  // namespace muster
