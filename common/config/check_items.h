#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges `items`: one source, and settings that fit it and each other. What its fields are is known
// only when they are read.
void CheckItems(const Config& config, Problems& problems);

}  // namespace muster
