#include "supervisor/inputs.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "common/config/items.h"
#include "common/fd.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/process.h"
#include "common/text.h"
#include "supervisor/plan/budget_check.h"

namespace muster {
namespace {

Error Told(const std::string& message) { return Error{"muster: " + message}; }

}  // namespace

Result<std::optional<Json>> FirstItem(const Config& config) {
  std::optional<Json> first;
  auto read = ForEachItem(config, [&](SourceItem item) -> Result<void> {
    first = std::move(item.fields);
    return Fail("enough");
  });
  if (!first && !read) return Error{read.error()};
  return first;
}

Result<void> CheckOnly(const Config& config, const Selection& selection) {
  std::set<std::string> missing = selection.only;
  if (missing.empty()) return {};
  std::vector<std::string> ids;
  auto read = ForEachItem(config, [&](const SourceItem& item) -> Result<void> {
    missing.erase(item.id);
    ids.push_back(item.id);
    return {};
  });
  if (!read || missing.empty()) return read;
  std::string nearest = NearestName(*missing.begin(), ids);
  return Fail("--only: no item is called \"{}\"{}", VisibleText(*missing.begin()),
              nearest.empty() ? "" : "; did you mean \"" + VisibleText(nearest) + "\"?");
}

int64_t WorkerCount(const Config& config, bool sequential) {
  if (sequential) return 1;
  if (config.workers > 0) return config.workers;
  return std::max<int64_t>(1, sysconf(_SC_NPROCESSORS_ONLN));
}

Result<Inputs> ReadInputs(const RunOptions& options) {
  Inputs inputs;
  auto config = LoadConfig(options.config, options.overrides);
  if (!config) return Error{config.error()};
  inputs.config = std::move(*config);
  auto first = FirstItem(inputs.config);
  if (!first) return Told(first.error());
  if (*first) {
    auto rehearsed = Rehearse(inputs.config, **first);
    if (!rehearsed) return Told(rehearsed.error());
    inputs.rehearsal = std::move(*rehearsed);
  }
  if (auto known = CheckOnly(inputs.config, options.selection); !known) return Told(known.error());
  auto file = FindDataFile("prices.json");
  if (!file) return Told(file.error());
  auto prices = PriceTable::Load(*file);
  if (!prices) return Told(prices.error());
  inputs.prices = std::move(*prices);
  if (auto bounded = CheckBudget(inputs.config, inputs.prices); !bounded) {
    return Error{bounded.error()};
  }
  auto keys = TakeKeys(inputs.config);
  if (!keys) return Told(keys.error());
  inputs.keys = std::move(*keys);
  inputs.worker = ProgramFolder() + "/muster-worker";
  if (access(inputs.worker.c_str(), X_OK) != 0) {
    return Told(fmt::format("cannot start {}: {}", inputs.worker, ErrnoText(errno)));
  }
  return inputs;
}

}  // namespace muster
