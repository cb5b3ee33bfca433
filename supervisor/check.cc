#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "common/config/items.h"
#include "common/files.h"
#include "common/text.h"
#include "supervisor/inputs.h"
#include "supervisor/plan/plan_page.h"
#include "supervisor/run.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

Result<PriceTable> LoadPrices() {
  auto file = FindDataFile("prices.json");
  return file ? PriceTable::Load(*file) : Result<PriceTable>(Error{file.error()});
}

// As many as `muster run` will have.
int Complain(const std::string& message) {
  fmt::print(stderr, "muster: {}\n", message);
  return kBadInput;
}

// The page, or the mistakes of the plan.
int Show(const Config& config, const PriceTable& prices, const Plan& plan,
         const std::string& headline, int64_t workers) {
  std::string mistakes = MistakesOf(config, prices, plan);
  if (!mistakes.empty()) return fmt::print(stderr, "{}", mistakes), kBadInput;
  fmt::print("{}\n{}{}", headline, PlanPage(config, prices, plan, workers), FirstPromptPage(plan));
  return kAllDone;
}

// The books of a run that was begun, as far as a plan asks for them.
struct BegunRun {
  LedgerView view;
  MeasuredLedger measured;
};

std::string LedgerOf(const Config& config) { return config.run_dir + "/ledger.sqlite"; }

// nullopt: nothing was begun.
Result<std::optional<BegunRun>> OpenRun(const Config& config) {
  std::error_code error;
  std::string path = LedgerOf(config);
  if (!std::filesystem::exists(path, error)) return std::optional<BegunRun>();
  auto view = LedgerView::Open(path);
  if (!view) return Error{view.error()};
  auto measured = MeasuredLedger::Open(path);
  if (!measured) return Error{measured.error()};
  return std::optional<BegunRun>(BegunRun{*std::move(view), *std::move(measured)});
}

std::string CountText(int64_t count, const char* noun) {
  return fmt::format("{} {}{}", FormatCount(count), noun, count == 1 ? "" : "s");
}

std::string Headline(const Config& config, const Estimate& estimate, const char* left) {
  return fmt::format("{}: {}{}, {}, nothing was sent", config.name,
                     CountText(estimate.items, "item"), left, CountText(estimate.calls, "call"));
}

// Where the run stands that would go on.
std::string StandText(const Config& config, const LedgerView& view, const Estimate& estimate) {
  StatusCounts counts = view.CountItems();
  auto count = [&](ItemStatus status) { return FormatCount(counts[static_cast<size_t>(status)]); };
  Totals totals = view.RunTotals();
  std::string text =
      fmt::format("  so far     {} done, {} failed, {} spent", count(ItemStatus::kDone),
                  count(ItemStatus::kFailed), FormatMoney(totals.cost));
  if (totals.unknown_cost > 0) text += ", up to " + FormatMoney(totals.unknown_cost) + " unknown";
  text += "\n";
  if (estimate.replayed > 0) {
    text += fmt::format("             {} of the items left will come from the ledger\n",
                        CountText(estimate.replayed, "answer"));
  }
  auto asked = view.Meta("fingerprint");
  if (asked && *asked != CanonicalJson(FingerprintOf(config))) {
    text +=
        "  note       the config asks other questions than this run did: it will want --redo,\n"
        "             --keep-done, --fresh or another --run\n";
  }
  return text;
}

}  // namespace

int CheckCommand(const std::string& path, const ConfigOverrides& overrides) {
  auto config = LoadConfig(path, overrides);
  if (!config) return fmt::print(stderr, "{}\n", config.error()), kBadInput;
  auto prices = LoadPrices();
  if (!prices) return Complain(prices.error());
  // Of a run that cannot be read there is nothing to learn; a check does not need it.
  Measurements measured;
  if (auto begun = OpenRun(*config); begun && *begun) {
    if (auto read = (*begun)->measured.Read()) measured = *std::move(read);
  }
  int64_t workers = WorkerCount(*config, false);
  auto plan = MakePlan(*config, *prices, std::move(measured), workers);
  if (!plan) return Complain(plan.error());
  return Show(*config, *prices, *plan, Headline(*config, plan->estimate, ""), workers);
}

int DryRunCommand(const RunOptions& options) {
  auto config = LoadConfig(options.config, options.overrides);
  if (!config) return fmt::print(stderr, "{}\n", config.error()), kBadInput;
  auto prices = LoadPrices();
  if (!prices) return Complain(prices.error());
  int64_t workers = WorkerCount(*config, options.sequential);
  auto selection = SelectItems(*config, options.selection);
  if (!selection) return Complain(selection.error());
  auto begun = options.fresh ? Result<std::optional<BegunRun>>(std::nullopt) : OpenRun(*config);
  if (!begun) return Complain(begun.error());
  if (!*begun) {
    PlanScope scope{TakesSelected(*config, *selection), nullptr};
    auto plan = MakePlan(*config, *prices, {}, workers, scope);
    if (!plan) return Complain(plan.error());
    return Show(*config, *prices, *plan, Headline(*config, plan->estimate, ""), workers);
  }
  LeftOver left{*selection, options.retry_failed, options.on_change == OnChange::kRedo};
  const LedgerView& view = (*begun)->view;
  auto plan = PlanWhatIsLeft(*config, *prices, view, (*begun)->measured, left, workers);
  if (!plan) return Complain(plan.error());
  std::string headline =
      Headline(*config, plan->estimate, " left") + "\n" + StandText(*config, view, plan->estimate);
  headline.pop_back();
  return Show(*config, *prices, *plan, headline, workers);
}

}  // namespace muster
