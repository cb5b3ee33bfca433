#include "supervisor/inputs.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "common/config/items.h"
#include "common/expression.h"
#include "common/fd.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/process.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"
#include "supervisor/crew/squad_plan.h"
#include "supervisor/plan/budget_check.h"
#include "supervisor/plan/plan.h"

namespace muster {
namespace {

// Items that are looked at to find one without a mistake.
constexpr int64_t kMostLookedAt = 50;
constexpr size_t kMistakesShown = 5;

Error Told(const std::string& message) { return Error{"muster: " + message}; }

// A mistake and who has it.
struct ItemMistake {
  std::string text, first_item;
  int64_t items = 0;
};

std::string TextOf(const std::vector<ItemMistake>& mistakes) {
  std::vector<std::string> lines;
  int64_t items = 0;
  for (const ItemMistake& each : mistakes) {
    items += each.items;
    if (lines.size() == kMistakesShown) continue;
    std::string more = each.items == 1 ? "" : fmt::format(" and {} more", each.items - 1);
    lines.push_back(fmt::format("{} (item {}{})", each.text, VisibleText(each.first_item), more));
  }
  if (items >= kMostLookedAt || mistakes.size() > kMistakesShown) {
    lines.push_back(fmt::format(
        "none of the first {} items can be done; `muster check` looks at all of them", items));
  }
  return fmt::format("{}", fmt::join(lines, "\nmuster: "));
}

// Of the first selected item that can be rehearsed; empty where none is selected. Others with a
// mistake end with it when their turn comes; only if every item has one nothing is begun.
Result<Rehearsal> FirstRehearsal(const Config& config, const Selection& selection) {
  std::optional<Rehearsal> first;
  std::vector<ItemMistake> mistakes;
  int64_t position = 0, looked_at = 0;
  auto takes = TakesSelected(config, selection);
  auto read = ForEachItem(config, [&](const SourceItem& item) -> Result<void> {
    if (!takes(++position, item.id)) return {};
    auto rehearsal = Rehearse(config, item.fields);
    if (rehearsal) {
      first = std::move(*rehearsal);
      return Fail("enough");
    }
    auto same = std::find_if(mistakes.begin(), mistakes.end(), [&](const ItemMistake& each) {
      return each.text == rehearsal.error();
    });
    if (same == mistakes.end()) same = mistakes.insert(same, {rehearsal.error(), item.id});
    ++same->items;
    return ++looked_at < kMostLookedAt ? Result<void>() : Fail("enough");
  });
  if (first) return *std::move(first);
  if (!mistakes.empty()) return Error{TextOf(mistakes)};
  if (!read) return Error{read.error()};
  return Rehearsal();
}

// The providers that the first item calls, and those that the models of selected items name, where
// items decide: as far as a model can be told before any answer. Reads no further than until every
// provider was seen.
std::set<std::string> ProvidersCalled(const Config& config, const Selection& selection,
                                      const Rehearsal& first) {
  std::set<std::string> names;
  for (const RehearsedCall& call : first.calls) {
    if (!call.maybe && !call.spare) names.insert(call.provider);
  }
  bool by_item = false;
  size_t all = ProvidersInUse(config, &by_item).size();
  if (!by_item) return names;
  int64_t position = 0;
  auto takes = TakesSelected(config, selection);
  (void)ForEachItem(config, [&](const SourceItem& item) -> Result<void> {
    if (!takes(++position, item.id)) return {};
    Json context = ItemContext(config, item.fields);
    for (const Step* step : WorkingSteps(config)) {
      auto wanted = IsTrue(step->when, context, true);
      if (!step->chat || !wanted || !*wanted) continue;
      auto model = Render(step->chat->model.text, step->chat->model.origin, context);
      auto known = model ? ResolveModel(config, *model) : Result<ModelRef>(Error{""});
      if (known) names.insert(known->provider->name);
    }
    return names.size() < all ? Result<void>() : Fail("enough");
  });
  return names;
}

}  // namespace

int64_t WorkerCount(const Config& config, bool sequential) {
  int64_t workers = 0;
  for (const SquadPlan& squad : PlanSquads(config, "", sequential)) {
    workers += static_cast<int64_t>(squad.size);
  }
  return workers;
}

Result<Inputs> ReadInputs(const RunOptions& options) {
  Inputs inputs;
  auto config = LoadConfig(options.config, options.overrides);
  if (!config) return Error{config.error()};
  inputs.config = std::move(*config);
  auto selected = SelectItems(inputs.config, options.selection);
  if (!selected) return Told(selected.error());
  auto rehearsal = FirstRehearsal(inputs.config, *selected);
  if (!rehearsal) return Told(rehearsal.error());
  inputs.rehearsal = std::move(*rehearsal);
  auto file = FindDataFile("prices.json");
  if (!file) return Told(file.error());
  auto prices = PriceTable::Load(*file);
  if (!prices) return Told(prices.error());
  inputs.prices = std::move(*prices);
  if (auto bounded = CheckBudget(inputs.config, inputs.prices); !bounded) {
    return Error{bounded.error()};
  }
  auto keys = TakeKeys(inputs.config, ProvidersCalled(inputs.config, *selected, inputs.rehearsal));
  if (!keys) return Told(keys.error());
  inputs.keys = std::move(*keys);
  inputs.worker = ProgramFolder() + "/muster-worker";
  if (access(inputs.worker.c_str(), X_OK) != 0) {
    return Told(fmt::format("cannot start {}: {}", inputs.worker, ErrnoText(errno)));
  }
  return inputs;
}

}  // namespace muster
