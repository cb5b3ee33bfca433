#pragma once

#include <string>

#include "common/config/config.h"
#include "common/prices.h"
#include "common/result.h"
#include "supervisor/plan/measured.h"

namespace muster {

// Whether the run, an item or a provider has a ceiling of money.
bool HasBudget(const Config& config);

// Why nobody can say what a call of that step (an index in WorkingSteps) to that model may cost at
// most: its model has no price, or neither it nor the step says how long answers may be; a request
// without cost_per_call. "": it can be said.
std::string WhyUnbounded(const Config& config, const PriceTable& prices, size_t step_index,
                         const StepModel& what);

// A budget can only be kept if the worst case of every call is known. Looks at the models of every
// item that can be rehearsed, before anything is sent; the error has a line for each that has none.
// Without a budget there is nothing to check.
Result<void> CheckBudget(const Config& config, const PriceTable& prices);

}  // namespace muster
