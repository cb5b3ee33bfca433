#pragma once

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/prices.h"
#include "common/protocol.h"

namespace muster {

// The most one try of a call can cost; as WorstCost, but for the claude CLI, which goes on by
// itself where an answer reaches the model's maximum: up to four requests, each with the answer so
// far.
std::optional<Picodollars> WorstOfTry(const ModelPrice& price, const Provider& provider,
                                      int64_t input, std::optional<int64_t> output,
                                      std::string_view tier = "");

// The price of a provider's model: the config's own, else the table's for the provider's vendor;
// for the mock provider whichever vendor has such a model. nullopt: not known. A price of the
// config holds in the usual service tier only.
std::optional<ModelPrice> FindPrice(const PriceTable& table, const Provider& provider,
                                    const std::string& model);

// What a provider says of one call's cost is believed from 0 to this; anything else is absurd.
inline constexpr Picodollars kMostOwnCost = 10'000 * kPicodollarsPerDollar;
inline bool IsPlausibleOwnCost(Picodollars cost) { return cost >= 0 && cost <= kMostOwnCost; }

// The most one try of a call can cost; nullopt: no price, or nothing bounds it. What commands and
// HTTP jobs cost says the config, not a price of tokens.
std::optional<Picodollars> WorstOfCall(const PriceTable& table, const Provider& provider,
                                       const Call& call);

// What a try that ended so cost; nullopt: not known. Its usage is priced in the tier that served
// it; a failure that is not billed costs 0. The provider's own figure counts where it is the bill,
// with api: openrouter: of ours and theirs the larger, so that never less is counted than was paid,
// and theirs alone where we have no price or no usage. Elsewhere it is somebody's estimate and only
// kept. `price` is what FindPrice says.
std::optional<Picodollars> CostOfTry(const Provider& provider,
                                     const std::optional<ModelPrice>& price, const Called& called);

// The same of any call.
std::optional<Picodollars> CostOfCall(const PriceTable& table, const Provider& provider,
                                      const Call& call, const Called& called);

}  // namespace muster
