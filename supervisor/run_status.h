#pragma once

// Where a run stands, as another process reads it: its ledger and its lock. Nothing is changed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "supervisor/ledger/view.h"

namespace muster {

// One reading of a run's books; of a live one it is a moment old already.
struct RunStatus {
  struct Item {
    ItemRow row;
    Totals totals;
  };

  std::string name;
  std::string run_dir;
  bool live = false;        // a supervisor holds the lock
  bool other_host = false;  // the last session was another machine's, whose locks may not show here
  std::optional<LedgerView::Session> session;  // the last; nullopt: there was none yet
  StatusCounts counts{};
  Totals totals;          // of the run
  Totals session_totals;  // of the last session
  // Of a live run: calls under way. Else those that its end cut off; the next start finds them and
  // counts them as unknown.
  std::vector<LedgerView::InAir> in_the_air;
  std::vector<UnknownTry> unknown;
  std::vector<ItemRow> failed;  // failed or quarantined, in the source's order
  std::vector<Item> items;      // all of them, when asked for
  int64_t now_ms = 0;           // when this was read
  Json said;                    // by the supervisor of a live run (control_server.h); null: nothing
};

// Fails when `run_dir` holds no run, or its ledger cannot be read. `items`: every single one too.
Result<RunStatus> ReadRunStatus(const std::string& run_dir, bool items);

// The run in `folder` whose books were written last.
Result<std::string> LatestRun(const std::string& folder);

// Whether a supervisor has this run directory in use: the lock file in it is held.
bool IsRunLocked(const std::string& run_dir);

}  // namespace muster
