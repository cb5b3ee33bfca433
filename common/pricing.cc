#include "common/pricing.h"

namespace muster {

std::optional<ModelPrice> FindPrice(const PriceTable& table, const Provider& provider,
                                    const std::string& model) {
  const ModelPrice* listed = provider.price_vendor.empty()
                                 ? (provider.api == "mock" ? table.FindAnywhere(model) : nullptr)
                                 : table.Find(provider.price_vendor, model);
  ModelPrice price = listed ? *listed : ModelPrice{};
  if (auto own = provider.prices.find(model); own != provider.prices.end()) {
    price.input = own->second.input;
    price.output = own->second.output;
    price.cached_input = own->second.cached_input;
    price.cache_write = own->second.cache_write;
    price.reasoning.reset();
    price.above.clear();
    return price;
  }
  return listed ? std::optional(price) : std::nullopt;
}

}  // namespace muster
