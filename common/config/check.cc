#include "common/config/check.h"

#include "common/config/check_items.h"
#include "common/config/check_limits.h"
#include "common/config/check_outputs.h"
#include "common/config/check_providers.h"
#include "common/config/check_steps.h"
#include "common/config/kinds.h"

namespace muster {
namespace {

// `base` only where a person set it: one who lowers `most` alone means the whole.
void CheckOrder(const std::string& base, const std::string& most, Milliseconds base_value,
                Milliseconds most_value, Problems& problems) {
  if (base_value <= most_value || !problems.places().HasKey(base)) return;
  problems.AtValue(base, fmt::format("\"{}\" is {}, longer than \"{}\" ({})", base,
                                     DurationText(base_value), most, DurationText(most_value)));
}

}  // namespace

void CheckConfig(const Config& config, Problems& problems) {
  CheckItems(config, problems);
  CheckProviders(config, problems);
  CheckLimits(config, problems);
  CheckBudgetLimits(config.budget, problems);
  CheckOrder("limits.time.base", "limits.time.most", config.time.base, config.time.most, problems);
  CheckOrder("retry.base", "retry.most", config.retry.base, config.retry.most, problems);
  CheckSteps(config, problems);
  CheckOutputs(config, problems);
}

}  // namespace muster
