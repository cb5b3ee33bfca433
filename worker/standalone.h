#pragma once

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/money.h"
#include "common/prices.h"

namespace muster {

struct StandaloneOptions {
  std::string item;
  bool json = false;   // one JSON object instead of text
  bool write = false;  // write the outputs; else those that grow are shown
  std::optional<Picodollars> max_cost;
};

// One item in the foreground, with the same code as under a supervisor and without one: every ask
// goes once, nothing is recorded or retried. Returns the exit code: 0 done, 1 failed, 2 no such
// item.
int RunStandalone(const Config& config, const Json& keys, const PriceTable& prices,
                  const StandaloneOptions& options);

}  // namespace muster
