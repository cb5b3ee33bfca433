#pragma once

// What a call costs, from a table of facts: configs/prices.json (made by scripts/update-prices,
// with source and date) and the `prices:` a config gives. A model that is not in it has no price:
// its cost is unknown, never zero.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/money.h"
#include "common/result.h"
#include "common/usage.h"

namespace muster {

// Rates that replace the model's own for the whole request once its input is longer than
// `input_tokens_over`. What is missing here stays as it is below.
struct PriceTier {
  int64_t input_tokens_over = 0;
  std::optional<Picodollars> input, output;
  std::optional<Picodollars> cached_input, cache_write, reasoning;
};

// Picodollars per token. Without `cached_input`, `cache_write` or `reasoning` those tokens cost
// what `input` and `output` say.
struct ModelPrice {
  std::optional<Picodollars> input, output;
  std::optional<Picodollars> cached_input, cache_write, reasoning;
  std::vector<PriceTier> above;       // by input_tokens_over, ascending
  std::optional<int64_t> max_input;   // tokens
  std::optional<int64_t> max_output;  // tokens

  bool known() const { return input && output; }
};

// Read-only after loading; models are owned by the table.
class PriceTable {
 public:
  static Result<PriceTable> Load(const std::string& path);  // prices.json

  // `vendor` is a name of the table (openai, anthropic, …). A dated name ("gpt-5.1-2025-11-13")
  // that is not listed finds its undated model. nullptr: not known here.
  const ModelPrice* Find(std::string_view vendor, std::string_view model) const;
  // The first vendor, in the table's order, that has such a model; for the mock provider.
  const ModelPrice* FindAnywhere(std::string_view model) const;

  const std::string& source() const { return source_; }
  const std::string& date() const { return date_; }

 private:
  std::map<std::string, std::map<std::string, ModelPrice, std::less<>>, std::less<>> vendors_;
  std::string source_, date_;
};

// What `usage` costs under `price`; nullopt where the price is unknown.
std::optional<Picodollars> CostOf(const ModelPrice& price, const Usage& usage);

// What the cached tokens of `usage` would have cost more without the cache; 0 where unknown.
Picodollars CacheSaving(const ModelPrice& price, const Usage& usage);

// The most a call can cost whose input has at most `input` tokens and whose answer at most
// `output`; `output` nullopt: the model's maximum. nullopt: not to be bounded (no price, or
// neither maximum known). Takes the dearest tier the input can reach, and no cache reads.
std::optional<Picodollars> WorstCost(const ModelPrice& price, int64_t input,
                                     std::optional<int64_t> output);

}  // namespace muster
