#include "common/pricing.h"

#include <algorithm>

namespace muster {

std::optional<Picodollars> WorstOfTry(const ModelPrice& price, const Provider& provider,
                                      int64_t input, std::optional<int64_t> output,
                                      std::string_view tier) {
  if (provider.api != "claude-code") return WorstCost(price, input, output, tier);
  constexpr int64_t kRequests = 4, kOwnText = 2'000;  // observed; tokens that the CLI adds
  if (!output) output = price.max_output;
  if (!output) return std::nullopt;
  std::optional<Picodollars> sum = 0;
  for (int64_t i = 0; i < kRequests; ++i) {
    auto one = WorstCost(price, input + kOwnText + i * *output, output, tier);
    if (!one) return std::nullopt;
    sum = AddMoney(*sum, *one);
  }
  return sum;
}

std::optional<ModelPrice> FindPrice(const PriceTable& table, const Provider& provider,
                                    const std::string& model) {
  const ModelPrice* listed = provider.price_vendor.empty()
                                 ? (provider.api == "mock" ? table.FindAnywhere(model) : nullptr)
                                 : table.Find(provider.price_vendor, model);
  ModelPrice price = listed ? *listed : ModelPrice{};
  if (auto own = provider.prices.find(model); own != provider.prices.end()) {
    const ConfiguredPrice& given = own->second;
    TokenPrices usual;
    usual.input = given.input;
    usual.output = given.output;
    usual.cached_input = given.cached_input;
    usual.cache_write = given.cache_write;
    usual.cache_write_1h = given.cache_write_1h;
    price.tiers = {{"", usual}};
    price.above.clear();
    return price;
  }
  return listed ? std::optional(price) : std::nullopt;
}

std::optional<Picodollars> CostOfTry(const Provider& provider,
                                     const std::optional<ModelPrice>& price, const Called& called) {
  std::optional<Picodollars> ours;
  if (called.usage && price) ours = CostOf(*price, *called.usage, called.tier);
  if (called.failure && called.failure->billing == Billing::kNo) ours = 0;
  bool billed = provider.api == "openrouter" && called.own_cost;
  if (!billed || !IsPlausibleOwnCost(*called.own_cost)) return ours;
  return std::max(ours.value_or(0), *called.own_cost);
}

std::optional<Picodollars> WorstOfCall(const PriceTable& table, const Provider& provider,
                                       const Call& call) {
  if (call.fixed_cost) return call.fixed_cost;
  auto price = FindPrice(table, provider, call.model);
  if (!price) return std::nullopt;
  return WorstOfTry(*price, provider, call.input_most, call.output_most, call.tier);
}

std::optional<Picodollars> CostOfCall(const PriceTable& table, const Provider& provider,
                                      const Call& call, const Called& called) {
  if (!call.fixed_cost) return CostOfTry(provider, FindPrice(table, provider, call.model), called);
  if (called.answer) return call.fixed_cost;
  return called.failure && called.failure->billing == Billing::kNo ? std::optional<Picodollars>(0)
                                                                   : std::nullopt;
}

}  // namespace muster
