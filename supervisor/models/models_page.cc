#include "supervisor/models/models_page.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kColumns = 8;
using Line = std::array<std::string, kColumns>;
constexpr std::array<bool, kColumns> kRight{false, true, true, true, true, true, false, false};

std::string Count(const std::optional<int64_t>& count) {
  return count ? FormatCount(*count) : std::string();
}

// The words of the price table, shorter, and the tiers that have a price: "vision, schema, flex".
std::string Features(const ModelPrice& price) {
  constexpr std::string_view kEffort = "_reasoning_effort";
  std::vector<std::string> words, efforts;
  for (const std::string& word : price.supports) {
    if (word.ends_with(kEffort)) {
      efforts.push_back(word.substr(0, word.size() - kEffort.size()));
    } else if (word == "response_schema") {
      words.push_back("schema");
    } else {
      words.push_back(word == "prompt_caching" ? "caching" : word);
    }
  }
  if (!efforts.empty()) words.push_back(fmt::format("effort {}", fmt::join(efforts, "/")));
  for (const auto& [tier, prices] : price.tiers) {
    if (!tier.empty() && prices.known()) words.push_back(tier);
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

bool HasPrice(const KnownModel& model) { return model.known && model.known->known(); }

// What the server and the table do not agree about.
std::string Note(const Catalogue& catalogue, const KnownModel& model) {
  if (!catalogue.asked) return "";
  if (!model.server) return "not on the server";
  if (HasPrice(model)) return "";
  const ServerModel& server = *model.server;
  if (!server.input || !server.output) return "no price known";
  return fmt::format("no price known here; the server says {} in, {} out", PerMillion(server.input),
                     PerMillion(server.output));
}

Line LineOf(const Catalogue& catalogue, const KnownModel& model) {
  ModelPrice price = model.known.value_or(ModelPrice());
  if (!price.max_input && model.server) price.max_input = model.server->max_input;
  if (!price.max_output && model.server) price.max_output = model.server->max_output;
  const TokenPrices& usual = price.usual();
  return {VisibleText(model.name),
          Count(price.max_input),
          Count(price.max_output),
          usual.known() ? PerMillion(usual.input) : "unknown",
          usual.known() ? PerMillion(usual.cached_input) : "",
          usual.known() ? PerMillion(usual.output) : "unknown",
          Features(price),
          VisibleText(Note(catalogue, model))};
}

std::string Aligned(const std::vector<Line>& lines) {
  std::array<int, kColumns> widths{};
  for (const Line& line : lines) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], ColumnsOf(line[i]));
  }
  std::string page;
  for (const Line& line : lines) {
    std::string row;
    for (size_t i = 0; i < kColumns; ++i) {
      if (widths[i] == 0) continue;
      std::string space(static_cast<size_t>(widths[i] - ColumnsOf(line[i])), ' ');
      row += "  " + (kRight[i] ? space + line[i] : line[i] + space);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    page += row + "\n";
  }
  return page;
}

std::string CountText(size_t count) {
  return fmt::format("{} model{}", FormatCount(static_cast<int64_t>(count)), count == 1 ? "" : "s");
}

std::string TableText(const PriceTable& table) {
  return fmt::format("{} of {}", VisibleText(table.source()), VisibleText(table.date()));
}

std::string Headline(const Catalogue& catalogue) {
  std::string text = VisibleText(catalogue.name);
  if (const auto& provider = catalogue.provider) {
    text += " (" + VisibleText(provider->api);
    if (!provider->base_url.empty()) text += " at " + VisibleText(provider->base_url);
    text += ")";
  }
  return text + ": " + CountText(catalogue.models.size());
}

// How many models of a vendor contain `filter`, and how many of those have a price.
struct VendorCount {
  size_t models = 0, priced = 0;
};

VendorCount CountVendor(const PriceTable::Models& models, const std::string& filter) {
  VendorCount count;
  for (const auto& [name, price] : models) {
    if (!ContainsText(name, filter)) continue;
    ++count.models;
    count.priced += price.known();
  }
  return count;
}

// ---- JSON ----

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

void Put(Json& object, const char* name, const std::optional<Picodollars>& price) {
  if (price) object[name] = *price;
}

Json PricesJson(const TokenPrices& prices) {
  Json json = Json::object();
  Put(json, "input", prices.input);
  Put(json, "cached_input", prices.cached_input);
  Put(json, "cache_write", prices.cache_write);
  Put(json, "cache_write_1h", prices.cache_write_1h);
  Put(json, "output", prices.output);
  Put(json, "reasoning", prices.reasoning);
  return json;
}

Json TiersJson(const TierPrices& tiers) {
  Json json = Json::object();
  for (const auto& [tier, prices] : tiers) {
    json[tier.empty() ? "default" : tier] = PricesJson(prices);
  }
  return json;
}

Json ServerJson(const ServerModel& server) {
  Json prices = Json::object();
  Put(prices, "input", server.input);
  Put(prices, "cached_input", server.cached_input);
  Put(prices, "output", server.output);
  return {{"max_input", OrNull(server.max_input)},
          {"max_output", OrNull(server.max_output)},
          {"picodollars_per_token", std::move(prices)}};
}

Json ModelJson(const KnownModel& model) {
  const ModelPrice price = model.known.value_or(ModelPrice());
  Json above = Json::array();
  for (const LongInputPrices& longer : price.above) {
    above.push_back({{"input_tokens_over", longer.input_tokens_over},
                     {"picodollars_per_token", TiersJson(longer.tiers)}});
  }
  return {{"name", model.name},
          {"known", model.known.has_value()},
          {"priced", HasPrice(model)},
          {"max_input", OrNull(price.max_input)},
          {"max_output", OrNull(price.max_output)},
          {"picodollars_per_token", TiersJson(price.tiers)},
          {"above", std::move(above)},
          {"supports", price.supports},
          {"server", model.server ? ServerJson(*model.server) : Json()}};
}

Json CatalogueJson(const Catalogue& catalogue) {
  Json models = Json::array();
  for (const KnownModel& model : catalogue.models) models.push_back(ModelJson(model));
  const auto& provider = catalogue.provider;
  return {{"name", catalogue.name},
          {"api", provider ? Json(provider->api) : Json()},
          {"base_url", provider ? Json(provider->base_url) : Json()},
          {"vendor", catalogue.vendor.empty() ? Json() : Json(catalogue.vendor)},
          {"server_asked", catalogue.asked},
          {"server_not_asked_because",
           catalogue.not_listed.empty() ? Json() : Json(catalogue.not_listed)},
          {"models", std::move(models)}};
}

Json SourceJson(const PriceTable& table) {
  return {{"source", table.source()}, {"date", table.date()}};
}

}  // namespace

std::string PerMillion(const std::optional<Picodollars>& price) {
  if (!price) return "";
  if (*price == 0) return "free";
  // A picodollar per token is a millionth of a dollar per million.
  std::string text = fmt::format("{}.{:06}", FormatCount(*price / 1'000'000), *price % 1'000'000);
  size_t cents = text.find('.') + 3;
  size_t end = text.find_last_not_of('0') + 1;
  return text.substr(0, std::max(end, cents));
}

std::string ModelsPage(const PriceTable& table, const Catalogue& catalogue) {
  std::string page = Headline(catalogue) + "\n";
  if (!catalogue.models.empty()) {
    std::vector<Line> lines{
        {"model", "context", "max output", "input", "cached", "output", "takes", ""}};
    for (const KnownModel& model : catalogue.models) lines.push_back(LineOf(catalogue, model));
    page += Aligned(lines);
  }
  page += "prices in US dollars per million tokens, " + TableText(table) + "\n";
  if (!catalogue.not_listed.empty()) {
    page += "what the server has is not shown: " + VisibleText(catalogue.not_listed) + "\n";
  }
  return page;
}

std::string VendorsPage(const PriceTable& table, const std::string& filter) {
  std::vector<Line> lines{{"vendor", "models", "with a price"}};
  for (const auto& [name, models] : table.vendors()) {
    VendorCount count = CountVendor(models, filter);
    if (count.models == 0) continue;
    lines.push_back({name, FormatCount(static_cast<int64_t>(count.models)),
                     FormatCount(static_cast<int64_t>(count.priced))});
  }
  return "models known here, " + TableText(table) + "\n" + Aligned(lines) +
         "muster models NAME lists those of a vendor or provider\n";
}

Json ModelsJson(const PriceTable& table, const std::vector<Catalogue>& catalogues) {
  Json providers = Json::array();
  for (const Catalogue& each : catalogues) providers.push_back(CatalogueJson(each));
  return {{"prices", SourceJson(table)}, {"providers", std::move(providers)}};
}

Json VendorsJson(const PriceTable& table, const std::string& filter) {
  Json vendors = Json::array();
  for (const auto& [name, models] : table.vendors()) {
    VendorCount count = CountVendor(models, filter);
    vendors.push_back({{"name", name}, {"models", count.models}, {"priced", count.priced}});
  }
  return {{"prices", SourceJson(table)}, {"vendors", std::move(vendors)}};
}

}  // namespace muster
