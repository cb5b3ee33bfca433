#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/prices.h"
#include "common/result.h"

namespace muster {

// One call as it will be asked for, rendered with examples where answers of earlier steps stand.
struct RehearsedCall {
  std::string step;  // path
  std::string provider, model;
  std::string system, user;
  std::optional<int64_t> max_tokens;
  bool exact = true;  // no example is in it: this is the very prompt
};

struct Rehearsal {
  std::vector<RehearsedCall> calls;
  std::vector<std::string> output_paths;
};

// Renders everything an item will need, without a call: every template of every step and output.
// Finds unknown names and providers before anything is sent.
Result<Rehearsal> Rehearse(const Config& config, const Json& item);

// What the calls can cost at most; nullopt when one of them has no price or no bound.
std::optional<Picodollars> WorstCostOf(const Rehearsal& rehearsal, const Config& config,
                                       const PriceTable& prices);
// Input tokens as they are usually counted: four characters each.
int64_t InputTokensOf(const Rehearsal& rehearsal);

}  // namespace muster
