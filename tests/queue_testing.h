#pragma once

// What the tests of the queue share: a ledger of numbered items, and who has room.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "supervisor/ledger/ledger.h"
#include "supervisor/queue.h"

namespace muster {

inline const Queue::Time kNow{std::chrono::hours(1'000)};

using Ids = std::vector<std::string>;

inline bool Always(const std::string&) { return true; }
inline bool Never(const std::string&) { return false; }

// Room in these lanes only, and for items without one.
inline Queue::HasRoom Only(std::set<std::string> open) {
  return [open = std::move(open)](const std::string& lane) {
    return lane.empty() || open.contains(lane);
  };
}

inline void Commit(Ledger& ledger) { REQUIRE(ledger.Commit() == CommitOutcome::kCommitted); }

// Items 1..n, pending but for those in `done`; item i's lane is the (i-1)th of `lanes`, which
// repeat.
inline Ledger MakeLedger(int64_t n, const std::set<int64_t>& done = {},
                         const std::vector<std::string>& lanes = {""}) {
  auto ledger = Ledger::Open(":memory:", {1, "host", "muster run", 1'000});
  REQUIRE(ledger);
  for (int64_t i = 1; i <= n; ++i) {
    const std::string& lane = lanes[static_cast<size_t>(i - 1) % lanes.size()];
    ledger->Add(record::Item{i, std::to_string(i), "{}", "hash", lane});
    if (!done.contains(i)) continue;
    ledger->Add(record::Status{std::to_string(i), ItemStatus::kDone, "", 0, 0});
  }
  Commit(*ledger);
  return *std::move(ledger);
}

}  // namespace muster
