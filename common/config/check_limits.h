#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges the limits of the run, of every provider, model and key: rates that limit nothing, that
// say the same thing twice or contradict the limits per minute, and keys that no provider has.
void CheckLimits(const Config& config, Problems& problems);

// Judges what may be spent: an item can never cost more than the run.
void CheckBudgetLimits(const BudgetLimits& budget, Problems& problems);

}  // namespace muster
