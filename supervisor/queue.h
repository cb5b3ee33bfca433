#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "supervisor/ledger/view.h"

namespace muster {

// Which items of the source a session takes. An item that is not selected is not touched.
struct Selection {
  std::set<std::string> only;                        // ids; empty: all
  std::optional<std::pair<int64_t, int64_t>> range;  // both included
  std::optional<int64_t> limit;                      // the first so many of the others' choice
  bool range_by_id = false;  // the range names ids that are numbers, not positions

  bool everything() const { return only.empty() && !range && !limit; }
  // Whether `only` and `range` take it; `limit` is counted by whoever goes through the items.
  bool Takes(int64_t position, const std::string& id) const;
};

// The last position that `limit` lets in, counting selected items in the ledger's order.
int64_t LastSelected(const LedgerView& view, const Selection& selection);

// What is still to be handed out: an index over the ledger's pending items, paged in the source's
// order, so that memory does not grow with the run. Items that come back go first.
class Queue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Queue(const LedgerView& view, Selection selection);

  std::optional<ItemRow> Next(Time now);
  void Return(ItemRow row) { returned_.push_back(std::move(row)); }
  // Comes again at `until`.
  void Park(ItemRow row, Time until) { parked_.emplace(until, std::move(row)); }

  // Nothing will come any more unless something is returned.
  bool Empty();
  // Up to `most` items that Next() would give now.
  size_t Ready(Time now, size_t most);
  std::optional<Time> NextDue() const;

 private:
  void FillPage();

  const LedgerView& view_;
  Selection selection_;
  int64_t last_ = 0;    // position of the last item that counts
  int64_t cursor_ = 0;  // position up to which items were paged
  bool source_done_ = false;
  std::deque<ItemRow> page_;
  std::deque<ItemRow> returned_;
  std::multimap<Time, ItemRow> parked_;
};

}  // namespace muster
