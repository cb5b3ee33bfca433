// Reading prices.json. What its prices come to is in prices.cc.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/json.h"
#include "common/prices.h"

namespace muster {
namespace {

constexpr std::string_view kUnit = "picodollars per token";

// The names of the tiers in the table, as ends of a price's name.
struct TierName {
  const char* tier;
  const char* end;
};
constexpr std::array<TierName, 4> kTiers{
    {{"", ""}, {"flex", "_flex"}, {"priority", "_priority"}, {"batch", "_batch"}}};

struct PriceName {
  const char* name;
  std::optional<Picodollars> TokenPrices::*price;
};
constexpr std::array<PriceName, 6> kPrices{{{"input", &TokenPrices::input},
                                            {"output", &TokenPrices::output},
                                            {"cached_input", &TokenPrices::cached_input},
                                            {"cache_write", &TokenPrices::cache_write},
                                            {"cache_write_1h", &TokenPrices::cache_write_1h},
                                            {"reasoning", &TokenPrices::reasoning}}};

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

// One of all the names that a price can have, and where it goes.
struct TierPrice {
  std::string name;
  const char* tier;
  std::optional<Picodollars> TokenPrices::*price;
};

const std::vector<TierPrice>& AllPrices() {
  static const std::vector<TierPrice> kAll = [] {
    std::vector<TierPrice> all;
    for (const TierName& tier : kTiers) {
      for (const PriceName& price : kPrices) {
        all.push_back({std::string(price.name) + tier.end, tier.tier, price.price});
      }
    }
    return all;
  }();
  return kAll;
}

// The prices that an object has, those of tiers that it does not name left out. By its members:
// most have few of all the prices there are.
Result<TierPrices> ReadPrices(const Json& object) {
  TierPrices tiers;
  if (!object.is_object()) return tiers;
  for (const auto& [name, value] : object.get_ref<const Json::object_t&>()) {
    for (const TierPrice& price : AllPrices()) {
      if (price.name != name) continue;
      auto whole = ReadWhole(object, name);
      if (!whole) return Error{whole.error()};
      tiers[price.tier].*price.price = **whole;
      break;
    }
  }
  return tiers;
}

Result<LongInputPrices> ReadLongInput(const Json& json) {
  auto over = ReadWhole(json, "input_tokens_over");
  if (!over) return Error{over.error()};
  if (!*over) return Fail("input_tokens_over: missing");
  auto tiers = ReadPrices(json);
  if (!tiers) return Error{tiers.error()};
  return LongInputPrices{**over, *std::move(tiers)};
}

Result<void> ReadAbove(const Json& model, std::vector<LongInputPrices>* all) {
  const Json* above = Member(model, "above");
  if (!above) return {};
  if (!above->is_array()) return Fail("above: expected a list");
  for (const Json& entry : *above) {
    auto prices = ReadLongInput(entry);
    if (!prices) return Fail("above: {}", prices.error());
    all->push_back(*std::move(prices));
  }
  std::sort(all->begin(), all->end(), [](const LongInputPrices& a, const LongInputPrices& b) {
    return a.input_tokens_over < b.input_tokens_over;
  });
  return {};
}

Result<void> ReadSupports(const Json& model, std::vector<std::string>* words) {
  const Json* supports = Member(model, "supports");
  if (!supports) return {};
  if (!supports->is_array()) return Fail("supports: expected a list of words");
  for (const Json& word : *supports) {
    if (!word.is_string()) return Fail("supports: expected a list of words");
    words->push_back(word.get<std::string>());
  }
  return {};
}

Result<ModelPrice> ReadModel(const Json& json) {
  if (!json.is_object()) return Fail("expected a mapping of facts");
  ModelPrice price;
  auto tiers = ReadPrices(json);
  if (!tiers) return Error{tiers.error()};
  price.tiers = *std::move(tiers);
  auto max_input = ReadWhole(json, "max_input"), max_output = ReadWhole(json, "max_output");
  if (!max_input) return Error{max_input.error()};
  if (!max_output) return Error{max_output.error()};
  price.max_input = *max_input;
  price.max_output = *max_output;
  auto read = ReadAbove(json, &price.above);
  if (read) read = ReadSupports(json, &price.supports);
  if (!read) return Error{read.error()};
  return price;
}

const ModelPrice* FindModel(const PriceTable::Models& models, std::string_view model) {
  auto found = models.find(model);
  if (found == models.end()) found = models.find(WithoutDate(model));
  return found == models.end() ? nullptr : &found->second;
}

Result<PriceTable::Models> ReadVendor(const Json& json, const std::string& vendor) {
  if (!json.is_object()) return Fail("{}: expected a mapping of models", vendor);
  PriceTable::Models models;
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

}  // namespace muster
