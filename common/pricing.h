#pragma once

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/prices.h"

namespace muster {

// The price of a provider's model: the config's own, else the table's for the provider's vendor;
// for the mock provider whichever vendor has such a model. nullopt: not known.
std::optional<ModelPrice> FindPrice(const PriceTable& table, const Provider& provider,
                                    const std::string& model);

}  // namespace muster
