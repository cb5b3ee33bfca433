#pragma once

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/prices.h"
#include "supervisor/plan/plan.h"

namespace muster {

// What a run would do, as `muster check` and `muster run --dry-run` show it: where calls go, which
// programs will be run, what limits them, what may be spent, the estimate and the folders. Every
// text is safe for a terminal. `workers`: as many as there will be. The headline is the caller's.
std::string PlanPage(const Config& config, const PriceTable& prices, const Plan& plan,
                     int64_t workers);

// Programs that a run will start and requests that its steps will send, a line each: what `muster
// run` says before its first item, so that a config of somebody else's surprises nobody.
std::vector<std::string> WorkLines(const Config& config);

// The first chat call as it will be asked; "" where there is none.
std::string FirstPromptPage(const Plan& plan);

// Mistakes of the plan itself, and models that a budget cannot have; a line each, "" if none.
std::string MistakesOf(const Config& config, const PriceTable& prices, const Plan& plan);

}  // namespace muster
