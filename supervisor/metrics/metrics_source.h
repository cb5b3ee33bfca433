#pragma once

// Where the numbers come from: the run's ledger, read-only, and its supervisor, asked over the
// control socket. How they are written is metrics_text.h.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/json.h"
#include "common/money.h"
#include "common/result.h"
#include "common/usage.h"
#include "supervisor/ledger/view.h"

namespace muster {

// Upper bounds of the histogram of durations, in milliseconds; what took longer is in none.
inline constexpr std::array<int64_t, 12> kDurationBoundsMs{
    100, 250, 500, 1'000, 2'500, 5'000, 10'000, 30'000, 60'000, 120'000, 300'000, 600'000};

// Sums over the tries of one provider's model, over all sessions of the run.
struct ModelFigures {
  int64_t answered = 0, failed = 0, unknown = 0, in_the_air = 0;
  int64_t unpriced = 0;  // answered, at a cost that is not known
  Usage usage;
  Picodollars cost = 0;
  Picodollars unknown_cost = 0;  // worst case of the unknown ones, where it has a bound
  // Of the answered ones: how many took no longer than each bound, how many there are, and their
  // sum.
  std::array<int64_t, kDurationBoundsMs.size()> within{};
  int64_t timed = 0, total_ms = 0;
};

// What the ledger says.
struct LedgerFigures {
  StatusCounts items{};
  std::map<std::pair<std::string, std::string>, ModelFigures> models;  // by provider and model
};

// One reading. Of a run that nobody works on, what was in the air counts as unknown.
struct RunFigures {
  bool live = false;                    // a supervisor works on it
  std::optional<LedgerFigures> ledger;  // nullopt: it could not be read now
  std::optional<Json> status;           // the supervisor's own; nullopt: it did not answer
};

// The sums of the ledger in the run directory. Opens and closes it.
Result<LedgerFigures> ReadLedgerFigures(const std::string& run_dir, bool live);

RunFigures ReadRunFigures(const std::string& run_dir);

}  // namespace muster
