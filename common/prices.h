#pragma once

// What a call costs, from a table of facts: configs/prices.json (made by scripts/update-prices,
// with source and date) and the `prices:` a config gives. A model that is not in it has no price:
// its cost is unknown, never zero. The same holds for a service tier.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/money.h"
#include "common/result.h"
#include "common/usage.h"

namespace muster {

// A service tier in our words: "" is the usual one (providers also say default, standard, standard
// only, on demand), "auto" leaves it to the provider, anything else is the word in lower case. The
// one place that knows.
std::string TierOf(std::string_view word);

// Picodollars per token. `input` and `output` missing: not known; one of the others missing: not
// priced apart (but see CostOf).
struct TokenPrices {
  std::optional<Picodollars> input, output;
  std::optional<Picodollars> cached_input, cache_write, cache_write_1h, reasoning;

  bool known() const { return input && output; }
};

// By service tier as TierOf() spells it: "", flex, priority, batch. A tier that is missing has no
// known price.
using TierPrices = std::map<std::string, TokenPrices, std::less<>>;

// Prices of the whole request once its input is longer than `input_tokens_over`. A price that is
// missing in one of `tiers` stays as it is below; a tier that is missing has no known price there.
struct LongInputPrices {
  int64_t input_tokens_over = 0;
  TierPrices tiers;
};

// What is known of a model.
struct ModelPrice {
  TierPrices tiers;
  std::vector<LongInputPrices> above;  // by input_tokens_over, ascending
  std::optional<int64_t> max_input;    // tokens
  std::optional<int64_t> max_output;   // tokens
  std::vector<std::string> supports;  // what it takes: vision, reasoning, … (update-prices: FLAGS)

  bool known() const { return usual().known(); }
  const TokenPrices& usual() const;  // all missing where there is none
};

// Read-only after loading; models are owned by the table.
class PriceTable {
 public:
  using Models = std::map<std::string, ModelPrice, std::less<>>;
  using Vendors = std::map<std::string, Models, std::less<>>;

  static Result<PriceTable> Load(const std::string& path);  // prices.json

  // `vendor` is a name of the table (openai, anthropic, …). A dated name ("gpt-5.1-2025-11-13")
  // that is not listed finds its undated model. nullptr: not known here.
  const ModelPrice* Find(std::string_view vendor, std::string_view model) const;
  // The first vendor, in the table's order, that has such a model; for the mock provider.
  const ModelPrice* FindAnywhere(std::string_view model) const;

  const Vendors& vendors() const { return vendors_; }
  const std::string& source() const { return source_; }
  const std::string& date() const { return date_; }

 private:
  Vendors vendors_;
  std::string source_, date_;
};

// What `usage` costs under `price` in a service tier (any of TierOf's words); nullopt where that is
// not known. Input and output of the tier must have a price. Tokens that it does not price apart
// (cached, cache writes, reasoning) cost as its input or output do; but where the usual tier prices
// them above those, that would be too little: unknown as soon as there are any. Cache writes for an
// hour have a price of their own or none.
std::optional<Picodollars> CostOf(const ModelPrice& price, const Usage& usage,
                                  std::string_view tier = "");

// What the cached tokens of `usage` would have cost more without the cache; 0 where unknown.
Picodollars CacheSaving(const ModelPrice& price, const Usage& usage, std::string_view tier = "");

// The most a call can cost whose input has at most `input` tokens and whose answer at most
// `output`; `output` nullopt: the model's maximum. nullopt: not to be bounded (no price, neither
// maximum known, or a rate that is not known can be reached). Takes the dearest rates the input can
// reach: those of the tier asked for and of the usual one, which any provider may serve instead;
// for "auto" those of every tier that has a price.
std::optional<Picodollars> WorstCost(const ModelPrice& price, int64_t input,
                                     std::optional<int64_t> output, std::string_view tier = "");

}  // namespace muster
