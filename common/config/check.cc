#include "common/config/check.h"

#include <algorithm>

#include "common/config/check_limits.h"
#include "common/config/check_providers.h"
#include "common/config/check_steps.h"
#include "common/config/kinds.h"
#include "common/config/template_names.h"

namespace muster {
namespace {

// Fields of an item that its source gives.
constexpr std::string_view kSourceFields[] = {"id", "files", "number"};

void CheckItems(const ItemSource& items, Problems& problems) {
  const Places& places = problems.places();
  if (!places.HasKey("items")) {
    return problems.AtValue("", "\"items\" is missing; expected directories or range in it");
  }
  if (problems.Under("items")) return;
  bool directories = !items.directories.empty();
  if (directories && items.range) {
    problems.AtKey("items.range", "\"items\" has directories and range; expected one of them");
  } else if (!directories && !items.range) {
    problems.AtKey("items", "\"items\" says no source; expected directories or range in it");
  }
  if (!items.files.empty() && !directories) {
    problems.AtKey("items.files", "\"items.files\" needs \"items.directories\" to look in");
  }
  for (const auto& [name, text] : items.fields) {
    if (std::find(std::begin(kSourceFields), std::end(kSourceFields), name) ==
        std::end(kSourceFields)) {
      continue;
    }
    problems.AtKey(
        MemberPath("items.fields", name),
        fmt::format("\"{}\" is a field that the source gives; choose another name", name));
  }
}

// `base` only where a person set it: one who lowers `most` alone means the whole.
void CheckOrder(const std::string& base, const std::string& most, Milliseconds base_value,
                Milliseconds most_value, Problems& problems) {
  if (base_value <= most_value || !problems.places().HasKey(base)) return;
  problems.AtValue(base, fmt::format("\"{}\" is {}, longer than \"{}\" ({})", base,
                                     DurationText(base_value), most, DurationText(most_value)));
}

}  // namespace

void CheckConfig(const Config& config, Problems& problems) {
  CheckItems(config.items, problems);
  for (const auto& [name, text] : config.items.fields) {
    CheckNames({text, ""}, MemberPath("items.fields", name), {"item", "params"}, {}, config.params,
               problems);
  }
  CheckProviders(config, problems);
  CheckLimits(config, problems);
  CheckBudgetLimits(config.budget, problems);
  CheckOrder("limits.time.base", "limits.time.most", config.time.base, config.time.most, problems);
  CheckOrder("retry.base", "retry.most", config.retry.base, config.retry.most, problems);
  CheckSteps(config, problems);
}

}  // namespace muster
