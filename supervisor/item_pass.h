#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/items.h"
#include "common/result.h"
#include "supervisor/item_lane.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/outputs/existing_outputs.h"

namespace muster {

// A pass over the source against what the ledger knows, item by item, none of which is kept: of
// those that the ledger had at the start there is a bit each. Config and ledger must outlive it.
class ItemPass {
 public:
  ItemPass(const Config& config, Ledger& ledger);

  // Only looks: adds a line for each of the first `most` items that were worked on and whose
  // contents changed, and counts them all.
  Result<void> Look(size_t most, std::vector<std::string>* lines, size_t* count);
  // Brings the ledger up to date, committing as it goes; what was added stays where an error ends
  // it.
  Result<void> Write();

  int64_t found() const { return found_; }  // items in the source, by Write()

 private:
  Result<void> Put(SourceItem item);
  void SkipOrNot(const SourceItem& item, ItemStatus status, int64_t attempts);
  Result<void> CommitBatch();
  Error TellRepeated() const;
  Result<void> MarkAbsent();

  const Config& config_;
  Ledger& ledger_;
  ItemLanes lanes_;
  ExistingOutputs existing_;
  const int64_t last_;      // number of the ledger's last item at the start
  std::vector<bool> here_;  // by number: this pass has found it
  int64_t found_ = 0, new_ = 0;
  bool repeated_ = false;  // an id came twice
  size_t batch_bytes_ = 0;
};

}  // namespace muster
