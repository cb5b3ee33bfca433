#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "supervisor/ledger/records.h"
#include "supervisor/ledger/view.h"

namespace muster::torture {

// All that a ledger says, row by row, read with statements of our own: what LedgerView makes of it
// is a thing to be compared.
struct LedgerFacts {
  struct Try {
    record::TryOutcome outcome = record::TryOutcome::kSent;
    std::string kind;
    int64_t session = 0, attempt = 0;
    std::optional<int64_t> worst, cost;  // picodollars
  };
  struct Call {
    std::string item, place, provider, model;
    int64_t ask = 0;
    bool rejected = false;
    std::optional<std::string> answer;
    std::vector<Try> tries;
  };
  struct Item {
    std::string id;
    ItemStatus status = ItemStatus::kPending;
    std::string reason;
    int64_t done_attempts = 0, open_attempts = 0, lost_attempts = 0;
  };
  struct Output {
    std::string item, path, text;
    bool written = false;
  };
  struct Session {
    int64_t pid = 0;
    bool lost = false, ended = false;
    std::optional<int64_t> exit_code;
  };

  std::string integrity;  // "ok", or what SQLite finds
  std::vector<Item> items;
  std::map<int64_t, Call> calls;        // by number
  std::map<int64_t, Session> sessions;  // by number
  std::vector<Output> outputs;
  Totals view_totals;  // LedgerView's sums
};

// Reads the ledger of a run whose processes are all gone, from a copy of its files in `scratch`, so
// that what a crash left behind stays as it is. Nullopt: there is none yet.
Result<std::optional<LedgerFacts>> ReadLedger(const std::string& run_dir,
                                              const std::string& scratch);

}  // namespace muster::torture
