#include "supervisor/ledger/batches.h"

namespace muster {

Result<void> CommitNow(Ledger& ledger) {
  if (ledger.Commit() == CommitOutcome::kCommitted) return {};
  return Fail("the ledger cannot be written: {}", ledger.last_error());
}

Result<void> ForEachInBatches(Ledger& ledger,
                              const std::function<void(const ItemStanding&)>& take) {
  Result<void> committed;
  ledger.view().ForEachStanding([&](const ItemStanding& item) {
    take(item);
    if (ledger.pending() >= kRecordsABatch) committed = CommitNow(ledger);
    return committed.ok();
  });
  return committed ? CommitNow(ledger) : committed;
}

}  // namespace muster
