#include "supervisor/plan/plan.h"

#include <algorithm>

#include "common/config/items.h"
#include "common/text.h"
#include "supervisor/plan/output_clash.h"

namespace muster {
namespace {

constexpr size_t kMistakesShown = 1'000;  // different ones

Result<void> AddMistake(std::vector<PlanMistake>& mistakes, const std::string& item,
                        const std::string& text) {
  for (PlanMistake& each : mistakes) {
    if (each.text == text) return ++each.items, Result<void>();
  }
  mistakes.push_back({text, item, 1});
  return mistakes.size() < kMistakesShown ? Result<void>() : Fail("too many mistakes");
}

// Calls `take` with the items that the scope takes.
Result<void> ForEachTaken(const Config& config, const PlanScope& scope,
                          const std::function<Result<void>(SourceItem)>& take) {
  int64_t position = 0;
  return ForEachItem(config, [&](SourceItem item) -> Result<void> {
    ++position;
    if (scope.takes && !scope.takes(position, item.id)) return {};
    return take(std::move(item));
  });
}

// Goes through the items a second time, only when there is something to name.
std::vector<PlanMistake> NameClashes(const Config& config, const PlanScope& scope,
                                     OutputClash& clash) {
  std::vector<PlanMistake> mistakes;
  (void)ForEachTaken(config, scope, [&](const SourceItem& item) -> Result<void> {
    auto rehearsal = Rehearse(config, item.fields);
    if (!rehearsal) return {};
    std::string why = clash.Name(item.id, rehearsal->output_paths);
    return why.empty() ? Result<void>() : AddMistake(mistakes, "", why);
  });
  return mistakes;
}

}  // namespace

Result<Plan> MakePlan(const Config& config, const PriceTable& prices, Measurements measured,
                      int64_t workers, const PlanScope& scope) {
  Plan plan;
  Estimator estimator(config, prices, std::move(measured), workers);
  OutputClash clash(config);
  const PlanScope again = scope;  // which may count as it is asked
  auto read = ForEachTaken(config, scope, [&](SourceItem item) -> Result<void> {
    auto rehearsal = Rehearse(config, item.fields);
    if (!rehearsal) return AddMistake(plan.mistakes, item.id, rehearsal.error());
    if (auto paths = clash.Add(rehearsal->output_paths); !paths) {
      return AddMistake(plan.mistakes, item.id, paths.error());
    }
    estimator.Add(*rehearsal, scope.answered ? scope.answered(item.id) : std::set<std::string>(),
                  item.id);
    if (!plan.first) {
      plan.first = std::move(*rehearsal);
      plan.first_id = item.id;
    }
    return {};
  });
  if (!read && plan.mistakes.empty()) return Error{read.error()};
  if (plan.mistakes.empty() && clash.MayClash()) {
    plan.mistakes = NameClashes(config, again, clash);
  }
  plan.estimate = estimator.Finish();
  return plan;
}

PlanScope::Takes TakesSelected(const Config& config, const Selection& selection) {
  Selection own = selection;
  own.range_by_id = config.items.range.has_value();
  return [own, taken = int64_t{0}](int64_t position, const std::string& id) mutable {
    if (own.limit && taken == *own.limit) return false;
    if (!own.Takes(position, id)) return false;
    ++taken;
    return true;
  };
}

Result<Plan> PlanWhatIsLeft(const Config& config, const PriceTable& prices, const LedgerView& view,
                            const MeasuredLedger& ledger, const LeftOver& left, int64_t workers) {
  auto measured = ledger.Read();
  if (!measured) return Error{measured.error()};
  auto to_do = [&](ItemStatus status) {
    bool failed = status == ItemStatus::kFailed || status == ItemStatus::kQuarantined;
    return !IsFinal(status) || left.redo || status == ItemStatus::kAbsent ||
           (failed && left.retry_failed);
  };
  PlanScope scope;
  scope.takes = [&, selected = TakesSelected(config, left.selection)](int64_t position,
                                                                      const std::string& id) {
    if (!selected(position, id)) return false;
    auto row = view.FindItem(id);
    return !row || to_do(row->status);
  };
  // Before a redo nobody has compared the requests: all count as changed.
  if (!left.redo) scope.answered = [&](const std::string& id) { return ledger.AnsweredSteps(id); };
  auto plan = MakePlan(config, prices, std::move(*measured), workers, scope);
  if (plan) {
    Totals totals = view.RunTotals();
    plan->spent = AddMoney(totals.cost, totals.unknown_cost);
  }
  if (!view.error().empty()) return Fail("the ledger cannot be read: {}", view.error());
  return plan;
}

}  // namespace muster
