#pragma once

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/prices.h"
#include "supervisor/rehearsal.h"
#include "supervisor/run.h"

namespace muster {

// What a run stands on, read and checked before anything is made or sent. The keys are taken out of
// the environment here and live in memory alone.
struct Inputs {
  Config config;
  Rehearsal rehearsal;  // of the first selected item that has no mistake
  Json keys;
  PriceTable prices;
  std::string worker;  // its program
};

// An error holds whole lines for people.
Result<Inputs> ReadInputs(const RunOptions& options);

// How many workers a run has: the config's, else one per core.
int64_t WorkerCount(const Config& config, bool sequential);

}  // namespace muster
