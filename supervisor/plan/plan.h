#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/prices.h"
#include "common/result.h"
#include "supervisor/ledger/view.h"
#include "supervisor/plan/estimate.h"
#include "supervisor/plan/measured.h"
#include "supervisor/queue.h"
#include "supervisor/rehearsal.h"

namespace muster {

// What would go wrong with items; told once, however many have it.
struct PlanMistake {
  std::string text, first_item;  // empty: the text says which
  int64_t items = 0;
};

// What a run would do, from a rehearsal of every item it takes.
struct Plan {
  Estimate estimate;
  std::optional<Rehearsal> first;  // of the first item
  std::string first_id;
  std::vector<PlanMistake> mistakes;
  Picodollars spent = 0;  // by the run so far, what is unknown at its worst
};

// Which items a plan is about, and what of them is there already.
struct PlanScope {
  using Takes = std::function<bool(int64_t position, const std::string& id)>;
  using Answered = std::function<std::set<std::string>(const std::string& id)>;
  Takes takes;        // positions from 1; empty: all items
  Answered answered;  // paths of calls whose answers the ledger has; empty: none
};

// Goes through the items one at a time; memory grows with the steps, and by eight bytes an output
// to find two that would write one file. Sends and writes nothing.
Result<Plan> MakePlan(const Config& config, const PriceTable& prices, Measurements measured,
                      int64_t workers, const PlanScope& scope = {});

// What a session would still do in a run: the selected items that have not ended (`again`: nor
// failed), less the calls that were answered. Neither the view nor the ledger is kept.
struct LeftOver {
  Selection selection;  // of SelectItems
  bool retry_failed = false;
  bool redo = false;  // whatever has ended
};
Result<Plan> PlanWhatIsLeft(const Config& config, const PriceTable& prices, const LedgerView& view,
                            const MeasuredLedger& ledger, const LeftOver& left, int64_t workers);

// Whether a selection (of SelectItems) takes an item, asked in the source's order; counts for its
// `limit`.
PlanScope::Takes TakesSelected(const Config& config, const Selection& selection);

}  // namespace muster
