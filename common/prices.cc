#include "common/prices.h"

#include <algorithm>
#include <array>

namespace muster {
namespace {

using Money = std::optional<Picodollars>;

// What one request pays per token; nullopt: not known, and of cache_write_1h also not on offer.
struct Rates {
  Picodollars input = 0, output = 0;
  Money cached_input, cache_write, cache_write_1h, reasoning;
};

void Overlay(TokenPrices& prices, const TokenPrices& with) {
  for (Money TokenPrices::*each :
       {&TokenPrices::input, &TokenPrices::output, &TokenPrices::cached_input,
        &TokenPrices::cache_write, &TokenPrices::cache_write_1h, &TokenPrices::reasoning}) {
    if (with.*each) prices.*each = with.*each;
  }
}

// The prices of a tier; `above`: those for long inputs, nullptr: for short ones.
std::optional<TokenPrices> PricesOf(const ModelPrice& price, std::string_view tier,
                                    const LongInputPrices* above) {
  auto own = price.tiers.find(tier);
  if (own == price.tiers.end()) return std::nullopt;
  TokenPrices prices = own->second;
  if (above) {
    auto longer = above->tiers.find(tier);
    if (longer == above->tiers.end()) return std::nullopt;
    Overlay(prices, longer->second);
  }
  return prices.known() ? std::optional(prices) : std::nullopt;
}

// The rate of tokens that can be priced apart from `base`.
Money Apart(Money own, Picodollars base, Money usual, Money usual_base) {
  if (own) return own;
  bool dearer = usual && usual_base && *usual > *usual_base;
  return dearer ? std::nullopt : Money(base);
}

std::optional<Rates> RatesOf(const ModelPrice& price, std::string_view tier,
                             const LongInputPrices* above) {
  auto prices = PricesOf(price, tier, above);
  if (!prices) return std::nullopt;
  TokenPrices usual = PricesOf(price, "", above).value_or(TokenPrices());
  Rates rates;
  rates.input = *prices->input;
  rates.output = *prices->output;
  rates.cached_input = Apart(prices->cached_input, rates.input, usual.cached_input, usual.input);
  rates.cache_write = Apart(prices->cache_write, rates.input, usual.cache_write, usual.input);
  rates.cache_write_1h = prices->cache_write_1h;
  rates.reasoning = Apart(prices->reasoning, rates.output, usual.reasoning, usual.output);
  return rates;
}

std::optional<Rates> RatesFor(const ModelPrice& price, std::string_view tier, int64_t input) {
  const LongInputPrices* applies = nullptr;
  for (const LongInputPrices& above : price.above) {
    if (input > above.input_tokens_over) applies = &above;
  }
  return RatesOf(price, tier, applies);
}

// Adds `tokens` at a rate that need only be known if there are any.
void Add(Money& cost, int64_t tokens, Money each) {
  if (tokens <= 0 || !cost) return;
  cost = each ? Money(AddMoney(*cost, PriceOf(tokens, *each))) : std::nullopt;
}

// The dearest token in and out.
struct Dearest {
  Picodollars input = 0, output = 0;
};

void Raise(Dearest& dearest, const Rates& rates) {
  dearest.input = std::max({dearest.input, rates.input, rates.cached_input.value_or(0),
                            rates.cache_write.value_or(0), rates.cache_write_1h.value_or(0)});
  dearest.output = std::max({dearest.output, rates.output, rates.reasoning.value_or(0)});
}

// Raises it by all that an input of at most `input` tokens can meet in a tier. False: it can meet
// what is not known.
bool RaiseByTier(Dearest& dearest, const ModelPrice& price, std::string_view tier, int64_t input) {
  std::vector<const LongInputPrices*> reached{nullptr};
  for (const LongInputPrices& above : price.above) {
    if (input > above.input_tokens_over) reached.push_back(&above);
  }
  bool all_known = true;
  for (const LongInputPrices* above : reached) {
    auto rates = RatesOf(price, tier, above);
    if (rates) Raise(dearest, *rates);
    all_known &= rates && rates->cached_input && rates->cache_write && rates->reasoning;
  }
  return all_known;
}

// `asked` auto: what is not known of the tiers that the provider may choose is left out; CostOf
// does not know it either.
std::optional<Dearest> DearestFor(const ModelPrice& price, const std::string& asked,
                                  int64_t input) {
  Dearest dearest;
  bool known = RaiseByTier(dearest, price, "", input);
  if (asked == "auto") {
    for (const auto& [tier, prices] : price.tiers) RaiseByTier(dearest, price, tier, input);
  } else if (!asked.empty()) {
    known = RaiseByTier(dearest, price, asked, input) && known;
  }
  return known ? std::optional(dearest) : std::nullopt;
}

}  // namespace

std::string TierOf(std::string_view word) {
  std::string tier(word);
  for (char& c : tier) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  constexpr std::array<std::string_view, 4> kUsual{"default", "standard", "standard_only",
                                                   "on_demand"};
  if (std::find(kUsual.begin(), kUsual.end(), tier) != kUsual.end()) return "";
  constexpr std::string_view kOnDemand = "on_demand_";  // as Vertex says: ON_DEMAND_PRIORITY
  return tier.starts_with(kOnDemand) ? tier.substr(kOnDemand.size()) : tier;
}

const TokenPrices& ModelPrice::usual() const {
  static const TokenPrices kNone;
  auto found = tiers.find("");
  return found == tiers.end() ? kNone : found->second;
}

std::optional<Picodollars> CostOf(const ModelPrice& price, const Usage& usage,
                                  std::string_view tier) {
  auto rates = RatesFor(price, TierOf(tier), usage.input);
  if (!rates) return std::nullopt;
  Money cost = 0;
  Add(cost, usage.input - usage.cached - usage.cache_write, rates->input);
  Add(cost, usage.cached, rates->cached_input);
  Add(cost, usage.cache_write - usage.cache_write_1h, rates->cache_write);
  Add(cost, usage.cache_write_1h, rates->cache_write_1h);
  Add(cost, usage.output - usage.reasoning, rates->output);
  Add(cost, usage.reasoning, rates->reasoning);
  return cost;
}

Picodollars CacheSaving(const ModelPrice& price, const Usage& usage, std::string_view tier) {
  auto rates = RatesFor(price, TierOf(tier), usage.input);
  if (!rates || !rates->cached_input || usage.cached <= 0) return 0;
  return PriceOf(usage.cached, std::max<Picodollars>(rates->input - *rates->cached_input, 0));
}

std::optional<Picodollars> WorstCost(const ModelPrice& price, int64_t input,
                                     std::optional<int64_t> output, std::string_view tier) {
  auto dearest = DearestFor(price, TierOf(tier), input);
  if (!dearest) return std::nullopt;
  if (!output) output = price.max_output;
  if (!output && dearest->output > 0) return std::nullopt;
  return AddMoney(PriceOf(std::max<int64_t>(input, 0), dearest->input),
                  PriceOf(std::max<int64_t>(output.value_or(0), 0), dearest->output));
}

}  // namespace muster
