#pragma once

#include <string>

#include "common/config/config.h"
#include "common/prices.h"
#include "supervisor/plan/plan.h"

namespace muster {

// What a run would do, as `muster check` and `muster run --dry-run` show it: where calls go, which
// programs will be run, what limits them, what may be spent, the estimate and the folders. Every
// text is safe for a terminal. `workers`: as many as there will be. The headline is the caller's.
std::string PlanPage(const Config& config, const PriceTable& prices, const Plan& plan,
                     int64_t workers);

// The first chat call as it will be asked; "" where there is none.
std::string FirstPromptPage(const Plan& plan);

// Mistakes of the plan itself, and models that a budget cannot have; a line each, "" if none.
std::string MistakesOf(const Config& config, const PriceTable& prices, const Plan& plan);

}  // namespace muster
