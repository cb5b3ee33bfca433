#pragma once

// Many records at once, as an intake makes them: in commits of a bounded size, none of which is
// kept.

#include <functional>

#include "common/result.h"
#include "supervisor/ledger/ledger.h"

namespace muster {

inline constexpr size_t kRecordsABatch = 10'000;

// Commits what was added; any failure is an error.
Result<void> CommitNow(Ledger& ledger);

// Goes through all items in the source's order and commits what `take` adds to the ledger, batch by
// batch.
Result<void> ForEachInBatches(Ledger& ledger, const std::function<void(const ItemStanding&)>& take);

}  // namespace muster
