#include "common/prices.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/json.h"

namespace muster {
namespace {

constexpr std::string_view kUnit = "picodollars per token";

// What one request pays per token; made from a model's price and the tier that applies.
struct Rates {
  Picodollars input = 0, output = 0;
  Picodollars cached_input = 0, cache_write = 0, reasoning = 0;
};

// `tier` nullptr: the model's own rates. The price must be known.
Rates RatesOf(const ModelPrice& price, const PriceTier* tier) {
  auto pick = [tier](std::optional<Picodollars> PriceTier::*of_tier, std::optional<Picodollars> own,
                     Picodollars otherwise) {
    if (tier && tier->*of_tier) return *(tier->*of_tier);
    return own.value_or(otherwise);
  };
  Rates rates;
  rates.input = pick(&PriceTier::input, price.input, 0);
  rates.output = pick(&PriceTier::output, price.output, 0);
  rates.cached_input = pick(&PriceTier::cached_input, price.cached_input, rates.input);
  rates.cache_write = pick(&PriceTier::cache_write, price.cache_write, rates.input);
  rates.reasoning = pick(&PriceTier::reasoning, price.reasoning, rates.output);
  return rates;
}

Rates RatesFor(const ModelPrice& price, int64_t input) {
  const PriceTier* applies = nullptr;
  for (const PriceTier& tier : price.above) {
    if (input > tier.input_tokens_over) applies = &tier;
  }
  return RatesOf(price, applies);
}

Picodollars Cost(int64_t tokens, Picodollars each) {
  return PriceOf(std::max<int64_t>(tokens, 0), each);
}

// The dearest of every rate that an input of at most `input` tokens can meet, field by field.
Rates DearestRates(const ModelPrice& price, int64_t input) {
  Rates dearest = RatesOf(price, nullptr);
  for (const PriceTier& tier : price.above) {
    if (input <= tier.input_tokens_over) continue;
    Rates rates = RatesOf(price, &tier);
    dearest.input = std::max(dearest.input, rates.input);
    dearest.output = std::max(dearest.output, rates.output);
    dearest.cached_input = std::max(dearest.cached_input, rates.cached_input);
    dearest.cache_write = std::max(dearest.cache_write, rates.cache_write);
    dearest.reasoning = std::max(dearest.reasoning, rates.reasoning);
  }
  return dearest;
}

bool IsDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "gpt-5.1" of "gpt-5.1-2025-11-13" or "gpt-5.1-20251113"; "" of a name without such an end.
std::string_view WithoutDate(std::string_view model) {
  auto cut = [model](size_t length) {
    return model.size() > length ? model.substr(model.size() - length) : std::string_view();
  };
  std::string_view end = cut(11);
  if (!end.empty() && end[0] == '-' && end[5] == '-' && end[8] == '-' &&
      IsDigits(end.substr(1, 4)) && IsDigits(end.substr(6, 2)) && IsDigits(end.substr(9))) {
    return model.substr(0, model.size() - end.size());
  }
  end = cut(9);
  if (!end.empty() && end[0] == '-' && IsDigits(end.substr(1))) {
    return model.substr(0, model.size() - end.size());
  }
  return {};
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail("prices {}: cannot be opened: {}", path, std::strerror(errno));
  std::string text;
  char part[1 << 16];
  while (file.read(part, sizeof part) || file.gcount() > 0) {
    text.append(part, static_cast<size_t>(file.gcount()));
  }
  if (file.bad()) return Fail("prices {}: cannot be read: {}", path, std::strerror(errno));
  return text;
}

// Reads member `key` as a whole number from 0 on; nullopt where it is absent.
Result<std::optional<int64_t>> ReadWhole(const Json& object, std::string_view key) {
  if (!Member(object, key)) return std::optional<int64_t>();
  std::optional<int64_t> value = IntMember(object, key);
  if (value && *value >= 0) return value;
  return Fail("{}: expected a whole number, 0 or more", key);
}

struct Field {
  std::string_view key;
  std::optional<int64_t>* value;
};

Result<void> ReadFields(const Json& object, std::initializer_list<Field> fields) {
  for (const Field& field : fields) {
    auto value = ReadWhole(object, field.key);
    if (!value) return Error{value.error()};
    *field.value = *value;
  }
  return {};
}

Result<PriceTier> ReadTier(const Json& json) {
  PriceTier tier;
  std::optional<int64_t> over;
  auto read = ReadFields(json, {{"input_tokens_over", &over},
                                {"input", &tier.input},
                                {"output", &tier.output},
                                {"cached_input", &tier.cached_input},
                                {"cache_write", &tier.cache_write},
                                {"reasoning", &tier.reasoning}});
  if (!read) return Error{read.error()};
  if (!over) return Fail("input_tokens_over: missing");
  tier.input_tokens_over = *over;
  return tier;
}

Result<void> ReadTiers(const Json& model, std::vector<PriceTier>* tiers) {
  const Json* above = Member(model, "above");
  if (!above) return {};
  if (!above->is_array()) return Fail("above: expected a list");
  for (const Json& entry : *above) {
    Result<PriceTier> tier = ReadTier(entry);
    if (!tier) return Fail("above: {}", tier.error());
    tiers->push_back(*tier);
  }
  std::sort(tiers->begin(), tiers->end(), [](const PriceTier& a, const PriceTier& b) {
    return a.input_tokens_over < b.input_tokens_over;
  });
  return {};
}

Result<ModelPrice> ReadModel(const Json& json) {
  if (!json.is_object()) return Fail("expected a mapping of facts");
  ModelPrice price;
  auto read = ReadFields(json, {{"input", &price.input},
                                {"output", &price.output},
                                {"cached_input", &price.cached_input},
                                {"cache_write", &price.cache_write},
                                {"reasoning", &price.reasoning},
                                {"max_input", &price.max_input},
                                {"max_output", &price.max_output}});
  if (read) read = ReadTiers(json, &price.above);
  if (!read) return Error{read.error()};
  return price;
}

using Models = std::map<std::string, ModelPrice, std::less<>>;

const ModelPrice* FindModel(const Models& models, std::string_view model) {
  auto found = models.find(model);
  if (found == models.end()) found = models.find(WithoutDate(model));
  return found == models.end() ? nullptr : &found->second;
}

Result<Models> ReadVendor(const Json& json, const std::string& vendor) {
  if (!json.is_object()) return Fail("{}: expected a mapping of models", vendor);
  Models models;
  for (const auto& [name, facts] : json.items()) {
    Result<ModelPrice> price = ReadModel(facts);
    if (!price) return Fail("{} {}: {}", vendor, name, price.error());
    models.emplace(name, *std::move(price));
  }
  return models;
}

}  // namespace

Result<PriceTable> PriceTable::Load(const std::string& path) {
  Result<std::string> text = ReadFile(path);
  if (!text) return Error{text.error()};
  Result<Json> json = ParseJson(*text);
  if (!json) return Fail("prices {}: {}", path, json.error());
  std::string unit = StringMember(*json, "unit");
  if (unit != kUnit) return Fail("prices {}: unit: \"{}\", expected \"{}\"", path, unit, kUnit);
  const Json* vendors = Member(*json, "vendors");
  if (!vendors || !vendors->is_object()) return Fail("prices {}: vendors: missing", path);
  PriceTable table;
  table.source_ = StringMember(*json, "source");
  table.date_ = StringMember(*json, "date");
  for (const auto& [name, models] : vendors->items()) {
    Result<Models> read = ReadVendor(models, name);
    if (!read) return Fail("prices {}: {}", path, read.error());
    table.vendors_.emplace(name, *std::move(read));
  }
  return table;
}

const ModelPrice* PriceTable::Find(std::string_view vendor, std::string_view model) const {
  auto found = vendors_.find(vendor);
  return found == vendors_.end() ? nullptr : FindModel(found->second, model);
}

const ModelPrice* PriceTable::FindAnywhere(std::string_view model) const {
  for (const auto& [vendor, models] : vendors_) {
    if (const ModelPrice* price = FindModel(models, model)) return price;
  }
  return nullptr;
}

std::optional<Picodollars> CostOf(const ModelPrice& price, const Usage& usage) {
  if (!price.known()) return std::nullopt;
  Rates rates = RatesFor(price, usage.input);
  Picodollars cost = Cost(usage.input - usage.cached - usage.cache_write, rates.input);
  cost = AddMoney(cost, Cost(usage.cached, rates.cached_input));
  cost = AddMoney(cost, Cost(usage.cache_write, rates.cache_write));
  cost = AddMoney(cost, Cost(usage.output - usage.reasoning, rates.output));
  return AddMoney(cost, Cost(usage.reasoning, rates.reasoning));
}

Picodollars CacheSaving(const ModelPrice& price, const Usage& usage) {
  if (!price.known()) return 0;
  Rates rates = RatesFor(price, usage.input);
  return Cost(usage.cached, std::max<Picodollars>(rates.input - rates.cached_input, 0));
}

std::optional<Picodollars> WorstCost(const ModelPrice& price, int64_t input,
                                     std::optional<int64_t> output) {
  if (!price.known()) return std::nullopt;
  Rates rates = DearestRates(price, input);
  Picodollars input_rate = std::max({rates.input, rates.cached_input, rates.cache_write});
  Picodollars output_rate = std::max(rates.output, rates.reasoning);
  if (!output) output = price.max_output;
  if (!output && output_rate > 0) return std::nullopt;
  return AddMoney(Cost(input, input_rate), Cost(output.value_or(0), output_rate));
}

}  // namespace muster
