#pragma once

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/ledger/ledger.h"

namespace muster {

// What to do when the config or its items changed since the ledger's answers were made.
enum class OnChange {
  kStop,      // show the difference and stop
  kRedo,      // hand everything out again; only what changed is paid
  kKeepDone,  // keep what is done, go on with the new
};

struct Intake {
  int64_t found = 0;  // items in the source
  // Outputs, scores or report rules: done items are handed out again, to be written anew.
  bool outputs_changed = false;
  std::vector<std::string> differences;  // a line each, when OnChange::kStop must stop
  bool unread = false;  // the source is the one of the last time, by its stamp: it was not read
};

// Brings the source's items into the ledger: new ones are added, those that are gone become absent,
// changed ones follow `on_change`; every item's lane is the one it begins in under this config. An
// item that was never begun is skipped where its outputs say so (skip_existing), and is pending
// again where they no longer do.
// When there are differences to decide on, nothing is written. A source that is the same by its
// stamp (source_stamp.h) as when it was last read to its end is not read again.
Result<Intake> TakeItemsIn(const Config& config, Ledger& ledger, OnChange on_change);

// Failed and quarantined items become pending, with a fresh ask each. Returns how many.
Result<int64_t> ReopenFailed(Ledger& ledger);

}  // namespace muster
