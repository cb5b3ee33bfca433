#include "common/prices.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <random>

#include "common/json.h"

namespace muster {
namespace {

// A file that is removed when destroyed.
class TempFile {
 public:
  explicit TempFile(const std::string& text) {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/muster-prices-XXXXXX";
    int fd = mkstemp(path_.data());
    REQUIRE(fd >= 0);
    close(fd);
    std::ofstream(path_) << text;
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string Table(const std::string& vendors) {
  return R"({"about":"x","source":"a table","date":"2026-08-01","unit":"picodollars per token",)"
         R"("vendors":)" +
         vendors + "}";
}

Result<PriceTable> LoadText(const std::string& text) {
  TempFile file(text);
  return PriceTable::Load(file.path());
}

TokenPrices Tokens(Picodollars input, Picodollars output) {
  TokenPrices prices;
  prices.input = input;
  prices.output = output;
  return prices;
}

ModelPrice Price(Picodollars input, Picodollars output) {
  ModelPrice price;
  price.tiers[""].input = input;
  price.tiers[""].output = output;
  return price;
}

TEST_CASE("prices: a table is read with its source, date, rates, tiers and limits") {
  auto table = LoadText(Table(
      R"({"openai":{"gpt":{"input":1250000,"cached_input":125000,"output":10000000,)"
      R"("cache_write":1500000,"cache_write_1h":2500000,"reasoning":11000000,"max_input":272000,)"
      R"("max_output":128000,"supports":["vision"],"input_batch":1,"output_flex":7,)"
      R"("cached_input_flex":8,"input_priority":9,"cache_write_priority":10,)"
      R"("reasoning_batch":11,"cache_write_1h_flex":12,"above":[)"
      R"({"input_tokens_over":500000,"input":4},)"
      R"({"input_tokens_over":200000,"input":3,"cached_input":2,"output":5,"cache_write":6,)"
      R"("output_priority":13}]}}})"));
  REQUIRE(table);
  CHECK(table->source() == "a table");
  CHECK(table->date() == "2026-08-01");
  const ModelPrice* price = table->Find("openai", "gpt");
  REQUIRE(price);
  CHECK(price->known());
  CHECK(price->usual().input == 1250000);
  CHECK(price->usual().cached_input == 125000);
  CHECK(price->usual().cache_write == 1500000);
  CHECK(price->usual().cache_write_1h == 2500000);
  CHECK(price->usual().output == 10000000);
  CHECK(price->usual().reasoning == 11000000);
  CHECK(price->tiers.at("batch").input == 1);
  CHECK(price->tiers.at("batch").reasoning == 11);
  CHECK_FALSE(price->tiers.at("batch").known());
  CHECK(price->tiers.at("flex").output == 7);
  CHECK(price->tiers.at("flex").cached_input == 8);
  CHECK(price->tiers.at("flex").cache_write_1h == 12);
  CHECK(price->tiers.at("priority").input == 9);
  CHECK(price->tiers.at("priority").cache_write == 10);
  CHECK(price->max_input == 272000);
  CHECK(price->max_output == 128000);
  CHECK(price->supports == std::vector<std::string>{"vision"});
  REQUIRE(price->above.size() == 2);
  CHECK(price->above[0].input_tokens_over == 200000);
  CHECK(price->above[0].tiers.at("").cache_write == 6);
  CHECK(price->above[0].tiers.at("priority").output == 13);
  CHECK(price->above[1].tiers.at("").input == 4);
  CHECK_FALSE(price->above[1].tiers.at("").output);
}

TEST_CASE("prices: a dated name finds its undated model, and only a date does") {
  auto table = LoadText(Table(
      R"({"openai":{"gpt-5.1":{"input":1,"output":2},"gpt-5.1-2025-11-13":{"input":3,"output":4}},)"
      R"("anthropic":{"claude":{"input":5,"output":6}}})"));
  REQUIRE(table);
  auto input = [&](const char* vendor, const char* model) {
    const ModelPrice* price = table->Find(vendor, model);
    return price ? *price->usual().input : -1;
  };
  CHECK(input("openai", "gpt-5.1") == 1);
  CHECK(input("openai", "gpt-5.1-2025-11-13") == 3);
  CHECK(input("openai", "gpt-5.1-2026-01-01") == 1);
  CHECK(input("anthropic", "claude-20250929") == 5);
  for (const char* other :
       {"gpt-5.1-mini", "gpt-5.1-2026-01", "gpt-5.1-2026-01-0x", "gpt-5.1-", "gpt-5.1-2026010",
        "gpt-5.1-202601011", "gpt-5.12026-01-01", "gpt-5", "-2026-01-01", "-20260101", ""}) {
    CAPTURE(other);
    CHECK(input("openai", other) == -1);
  }
  CHECK(input("anthropic", "gpt-5.1") == -1);
  CHECK(input("nobody", "gpt-5.1") == -1);
  CHECK(table->FindAnywhere("gpt-5.1-2026-01-01") == table->Find("openai", "gpt-5.1"));
  CHECK(table->FindAnywhere("claude") == table->Find("anthropic", "claude"));
  CHECK(table->FindAnywhere("unheard-of") == nullptr);
}

TEST_CASE("prices: a model without a price costs unknown, a free one costs nothing") {
  auto table = LoadText(Table(
      R"({"v":{"unpriced":{"max_output":100},"half":{"input":1},"free":{"input":0,"output":0}}})"));
  REQUIRE(table);
  Usage usage{10, 0, 0, 10, 0};
  for (const char* name : {"unpriced", "half"}) {
    const ModelPrice* price = table->Find("v", name);
    REQUIRE(price);
    CHECK_FALSE(price->known());
    CHECK_FALSE(CostOf(*price, usage));
    CHECK_FALSE(WorstCost(*price, 10, 10));
    CHECK(CacheSaving(*price, usage) == 0);
  }
  const ModelPrice* free = table->Find("v", "free");
  CHECK(CostOf(*free, usage) == 0);
  CHECK(WorstCost(*free, 10, std::nullopt) == 0);
}

TEST_CASE("prices: a bad table is refused, naming file, model and fact") {
  struct Case {
    std::string text, part;
  };
  const std::vector<Case> cases{
      {"{", "not JSON"},
      {R"({"vendors":{}})", "unit"},
      {R"({"unit":"dollars","vendors":{}})", "\"dollars\", expected \"picodollars per token\""},
      {R"({"unit":"picodollars per token"})", "vendors"},
      {Table("[]"), "vendors"},
      {Table(R"({"openai":[]})"), "openai: expected"},
      {Table(R"({"openai":{"gpt":3}})"), "openai gpt: expected"},
      {Table(R"({"openai":{"gpt":{"input":-1}}})"), "openai gpt: input: expected"},
      {Table(R"({"openai":{"gpt":{"input":1.5}}})"), "openai gpt: input: expected"},
      {Table(R"({"openai":{"gpt":{"input":"1"}}})"), "openai gpt: input: expected"},
      {Table(R"({"openai":{"gpt":{"output":18446744073709551615}}})"), "openai gpt: output"},
      {Table(R"({"openai":{"gpt":{"input_flex":-1}}})"), "openai gpt: input_flex: expected"},
      {Table(R"({"openai":{"gpt":{"supports":"vision"}}})"), "supports: expected a list of words"},
      {Table(R"({"openai":{"gpt":{"supports":[1]}}})"), "supports: expected a list of words"},
      {Table(R"({"openai":{"gpt":{"above":{}}}})"), "openai gpt: above: expected a list"},
      {Table(R"({"openai":{"gpt":{"above":[{"input":1}]}}})"), "input_tokens_over: missing"},
      {Table(R"({"openai":{"gpt":{"above":[7]}}})"), "input_tokens_over: missing"}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    TempFile file(c.text);
    auto table = PriceTable::Load(file.path());
    REQUIRE_FALSE(table);
    CHECK(table.error().find(file.path()) != std::string::npos);
    CHECK_MESSAGE(table.error().find(c.part) != std::string::npos, table.error());
  }
  for (const char* path : {"/nonexistent/prices.json", "/dev", "/dev/null"}) {
    auto unreadable = PriceTable::Load(path);
    REQUIRE_FALSE(unreadable);
    CHECK(unreadable.error().find(path) != std::string::npos);
  }
}

TEST_CASE("prices: every kind of token is charged once, at its own rate") {
  ModelPrice price = Price(1000, 10'000);
  Usage usage{.input = 100, .cached = 30, .cache_write = 20, .output = 40, .reasoning = 15};
  CHECK(CostOf(price, usage) == 100 * 1000 + 40 * 10'000);
  price.tiers[""].cached_input = 100;
  CHECK(CostOf(price, usage) == 70 * 1000 + 30 * 100 + 40 * 10'000);
  price.tiers[""].cache_write = 1250;
  CHECK(CostOf(price, usage) == 50 * 1000 + 30 * 100 + 20 * 1250 + 40 * 10'000);
  price.tiers[""].reasoning = 7000;
  CHECK(CostOf(price, usage) == 50 * 1000 + 30 * 100 + 20 * 1250 + 25 * 10'000 + 15 * 7000);
}

TEST_CASE("prices: usage that contradicts itself never lowers the cost") {
  ModelPrice price = Price(1000, 10'000);
  CHECK(CostOf(price, {.input = 10, .cached = 50, .cache_write = 0, .output = 1, .reasoning = 9}) ==
        50 * 1000 + 9 * 10'000);
}

TEST_CASE("prices: a cost too large to count saturates") {
  ModelPrice price = Price(std::numeric_limits<int64_t>::max() / 2, 1);
  CHECK(CostOf(price, {100, 0, 0, 100, 0}) == std::numeric_limits<int64_t>::max());
  CHECK(WorstCost(price, 100, 100) == std::numeric_limits<int64_t>::max());
}

TEST_CASE("prices: long inputs have prices of their own from one token over their bound") {
  ModelPrice price = Price(10, 100);
  price.tiers[""].cached_input = 1;
  price.above.resize(2);
  price.above[0].input_tokens_over = 200;
  price.above[0].tiers[""] = Tokens(20, 150);
  price.above[0].tiers[""].cached_input = 2;
  price.above[1].input_tokens_over = 500;
  price.above[1].tiers[""].input = 40;
  CHECK(CostOf(price, {200, 50, 0, 1, 0}) == 150 * 10 + 50 * 1 + 100);
  CHECK(CostOf(price, {201, 50, 0, 1, 0}) == 151 * 20 + 50 * 2 + 150);
  // What is not given there stays as the model has it.
  CHECK(CostOf(price, {501, 50, 0, 1, 0}) == 451 * 40 + 50 * 1 + 100);
}

TEST_CASE("prices: every word for the usual tier means it, and no other word does") {
  for (const char* word : {"", "default", "standard", "standard_only", "on_demand", "ON_DEMAND",
                           "Default", "STANDARD"}) {
    CAPTURE(word);
    CHECK(TierOf(word) == "");
  }
  CHECK(TierOf("flex") == "flex");
  CHECK(TierOf("PRIORITY") == "priority");
  CHECK(TierOf("ON_DEMAND_PRIORITY") == "priority");
  CHECK(TierOf("on_demand_flex") == "flex");
  CHECK(TierOf("batch") == "batch");
  CHECK(TierOf("auto") == "auto");
  for (const char* word :
       {"scale", "ultrafast", "PROVISIONED_THROUGHPUT", "standards", " default", "default\n"}) {
    CAPTURE(word);
    CHECK(TierOf(word) != "");
  }
}

TEST_CASE("prices: a tier is charged at its own rates, one without a price is unknown") {
  ModelPrice price = Price(1000, 10'000);
  price.tiers[""].cached_input = 100;
  price.tiers["flex"] = Tokens(500, 5'000);
  price.tiers["priority"] = Tokens(2000, 20'000);
  price.tiers["priority"].cached_input = 200;
  price.tiers["batch"].input = 500;  // half a price is none
  Usage usage{100, 30, 0, 40, 15};
  for (const char* word : {"", "default", "standard", "on_demand"}) {
    CHECK(CostOf(price, usage, word) == 70 * 1000 + 30 * 100 + 40 * 10'000);
  }
  // Cached tokens are not priced apart in flex: they cost what its input does.
  CHECK(CostOf(price, usage, "flex") == 100 * 500 + 40 * 5'000);
  CHECK(CostOf(price, usage, "priority") == 70 * 2000 + 30 * 200 + 40 * 20'000);
  CHECK(CostOf(price, usage, "ON_DEMAND_PRIORITY") == CostOf(price, usage, "priority"));
  for (const char* word : {"batch", "scale", "auto", "fast", "nonsense"}) {
    CAPTURE(word);
    CHECK_FALSE(CostOf(price, usage, word));
    CHECK_FALSE(CostOf(price, Usage(), word));
    CHECK(CacheSaving(price, usage, word) == 0);
  }
  CHECK(CacheSaving(price, usage, "") == 30 * 900);
  CHECK(CacheSaving(price, usage, "flex") == 0);
  CHECK(CacheSaving(price, usage, "priority") == 30 * 1800);
}

TEST_CASE("prices: what a tier does not price apart is unknown where that could be too little") {
  ModelPrice price = Price(1000, 10'000);
  price.tiers[""].cache_write = 1250;
  price.tiers[""].reasoning = 12'000;
  price.tiers["flex"] = Tokens(500, 5'000);
  CHECK(CostOf(price, {100, 0, 0, 10, 0}, "flex") == 100 * 500 + 10 * 5'000);
  CHECK_FALSE(CostOf(price, {100, 0, 1, 10, 0}, "flex"));
  CHECK_FALSE(CostOf(price, {100, 0, 0, 10, 1}, "flex"));
  CHECK_FALSE(WorstCost(price, 100, 10, "flex"));
  price.tiers["flex"].cache_write = 625;
  price.tiers["flex"].reasoning = 6'000;
  CHECK(CostOf(price, {100, 0, 1, 10, 1}, "flex") == 99 * 500 + 625 + 9 * 5'000 + 6'000);
}

TEST_CASE("prices: cache writes for an hour cost their own price, or nobody knows what") {
  ModelPrice price = Price(1000, 10'000);
  price.tiers[""].cache_write = 1250;
  Usage usage{.input = 100, .cached = 10, .cache_write = 50, .output = 1, .cache_write_1h = 20};
  CHECK_FALSE(CostOf(price, usage));
  price.tiers[""].cache_write_1h = 2000;
  CHECK(CostOf(price, usage) == 40 * 1000 + 10 * 1000 + 30 * 1250 + 20 * 2000 + 10'000);
  usage.cache_write_1h = 0;
  CHECK(CostOf(price, usage) == 40 * 1000 + 10 * 1000 + 50 * 1250 + 10'000);
  price.tiers["priority"] = Tokens(2000, 20'000);
  price.tiers["priority"].cache_write = 2500;
  CHECK(CostOf(price, usage, "priority"));
  usage.cache_write_1h = 1;
  CHECK_FALSE(CostOf(price, usage, "priority"));
}

TEST_CASE("prices: a tier that says nothing of long inputs has no known price there") {
  ModelPrice price = Price(10, 100);
  price.tiers["flex"] = Tokens(5, 50);
  price.tiers["priority"] = Tokens(20, 200);
  price.above.resize(1);
  price.above[0].input_tokens_over = 1000;
  price.above[0].tiers[""] = Tokens(15, 150);
  price.above[0].tiers["priority"].input = 30;
  CHECK(CostOf(price, {1000, 0, 0, 1, 0}, "flex") == 1000 * 5 + 50);
  CHECK_FALSE(CostOf(price, {1001, 0, 0, 1, 0}, "flex"));
  CHECK(CostOf(price, {1001, 0, 0, 1, 0}, "priority") == 1001 * 30 + 200);
  CHECK(WorstCost(price, 1000, 1, "flex") == 1000 * 10 + 100);
  CHECK_FALSE(WorstCost(price, 1001, 1, "flex"));
  // Left to the provider, every tier that has a price may serve it.
  CHECK(WorstCost(price, 1001, 1, "auto") == 1001 * 30 + 200);
}

TEST_CASE(
    "prices: the worst case of a tier covers the usual one, of auto every one that is priced") {
  ModelPrice price = Price(10, 100);
  price.tiers["flex"] = Tokens(5, 120);
  price.tiers["priority"] = Tokens(20, 90);
  price.tiers["batch"].input = 999'999;
  CHECK(WorstCost(price, 50, 5) == 50 * 10 + 5 * 100);
  CHECK(WorstCost(price, 50, 5, "standard") == 50 * 10 + 5 * 100);
  CHECK(WorstCost(price, 50, 5, "flex") == 50 * 10 + 5 * 120);
  CHECK(WorstCost(price, 50, 5, "priority") == 50 * 20 + 5 * 100);
  CHECK(WorstCost(price, 50, 5, "auto") == 50 * 20 + 5 * 120);
  CHECK_FALSE(WorstCost(price, 50, 5, "batch"));
  CHECK_FALSE(WorstCost(price, 50, 5, "scale"));
  price.tiers.erase("");
  for (const char* tier : {"", "flex", "priority", "auto"})
    CHECK_FALSE(WorstCost(price, 5, 5, tier));
}

TEST_CASE("prices: the cache saves the difference of the two rates") {
  ModelPrice price = Price(1000, 1);
  Usage usage{100, 40, 0, 0, 0};
  CHECK(CacheSaving(price, usage) == 0);
  price.tiers[""].cached_input = 100;
  CHECK(CacheSaving(price, usage) == 40 * 900);
  price.tiers[""].cached_input = 2000;
  CHECK(CacheSaving(price, usage) == 0);
}

TEST_CASE("prices: the worst case takes the dearest way the input and the output can go") {
  ModelPrice price = Price(10, 100);
  CHECK(WorstCost(price, 50, 5) == 50 * 10 + 5 * 100);
  price.tiers[""].cached_input = 1;
  CHECK(WorstCost(price, 50, 5) == 50 * 10 + 5 * 100);
  price.tiers[""].cache_write = 12;
  CHECK(WorstCost(price, 50, 5) == 50 * 12 + 5 * 100);
  price.tiers[""].reasoning = 130;
  CHECK(WorstCost(price, 50, 5) == 50 * 12 + 5 * 130);
  price.tiers[""].cache_write_1h = 20;
  CHECK(WorstCost(price, 50, 5) == 50 * 20 + 5 * 130);
  price.above.resize(1);
  price.above[0].input_tokens_over = 40;
  price.above[0].tiers[""] = Tokens(30, 90);
  CHECK(WorstCost(price, 40, 5) == 40 * 20 + 5 * 130);
  CHECK(WorstCost(price, 50, 5) == 50 * 30 + 5 * 130);
}

TEST_CASE("prices: without a maximum of the output the worst case has no bound") {
  ModelPrice price = Price(10, 100);
  CHECK_FALSE(WorstCost(price, 50, std::nullopt));
  price.max_output = 7;
  CHECK(WorstCost(price, 50, std::nullopt) == 50 * 10 + 7 * 100);
  CHECK(WorstCost(price, 50, 3) == 50 * 10 + 3 * 100);
}

// One number more of a fixed series, from 0 to `most`.
int64_t Draw(std::mt19937_64& dice, int64_t most) {
  return static_cast<int64_t>(dice() % static_cast<uint64_t>(most + 1));
}

// Prices as no provider has them, some missing.
ModelPrice RandomPrice(std::mt19937_64& dice) {
  auto random_prices = [&](bool whole) {
    TokenPrices prices;
    auto rate = [&]() -> std::optional<Picodollars> {
      return Draw(dice, 3) == 0 ? std::nullopt : std::optional(Draw(dice, 100));
    };
    prices.input = whole ? Draw(dice, 100) : rate();
    prices.output = whole ? Draw(dice, 100) : rate();
    prices.cached_input = rate();
    prices.cache_write = rate();
    prices.cache_write_1h = rate();
    prices.reasoning = rate();
    return prices;
  };
  ModelPrice price;
  price.tiers[""] = random_prices(true);
  for (const char* tier : {"flex", "priority", "batch"}) {
    if (Draw(dice, 2) > 0) price.tiers[tier] = random_prices(Draw(dice, 3) > 0);
  }
  for (int64_t over : {300, 600}) {
    if (Draw(dice, 1) == 0) continue;
    price.above.push_back({over, {{"", random_prices(false)}}});
    if (Draw(dice, 1) == 0) price.above.back().tiers["flex"] = random_prices(false);
    if (Draw(dice, 1) == 0) price.above.back().tiers["priority"] = random_prices(true);
  }
  return price;
}

Usage RandomUsage(std::mt19937_64& dice, int64_t input_most, int64_t output_most) {
  Usage usage;
  usage.input = Draw(dice, input_most);
  usage.cached = Draw(dice, usage.input);
  usage.cache_write = Draw(dice, usage.input - usage.cached);
  usage.cache_write_1h = Draw(dice, 1) == 0 ? 0 : Draw(dice, usage.cache_write);
  usage.output = Draw(dice, output_most);
  usage.reasoning = Draw(dice, usage.output);
  return usage;
}

// Checks a number of random usages against the worst case that was reserved for `asked`; what has
// no known cost or no bound is not counted. How many were compared.
int64_t CompareWithWorst(std::mt19937_64& dice, const ModelPrice& price, const char* asked,
                         const std::string& served, int64_t input_most) {
  constexpr int64_t kOutputMost = 50;
  auto worst = WorstCost(price, input_most, kOutputMost, asked);
  int64_t compared = 0;
  for (int i = 0; worst && i < 20; ++i) {
    auto cost = CostOf(price, RandomUsage(dice, input_most, kOutputMost), served);
    if (!cost) continue;
    ++compared;
    REQUIRE(*cost <= *worst);
  }
  return compared;
}

TEST_CASE("prices: no usage within its bounds costs more than the worst case, in any tier") {
  std::mt19937_64 dice(20260801);
  int64_t compared = 0;
  for (int round = 0; round < 2'000; ++round) {
    ModelPrice price = RandomPrice(dice);
    int64_t most = Draw(dice, 1'000);
    for (const char* asked : {"", "flex", "priority", "batch", "auto"}) {
      CAPTURE(asked);
      compared += CompareWithWorst(dice, price, asked, "", most);  // the provider's choice
      if (asked != std::string("auto")) {
        compared += CompareWithWorst(dice, price, asked, asked, most);
      } else {
        for (const char* served : {"flex", "priority", "batch"}) {
          compared += CompareWithWorst(dice, price, asked, served, most);
        }
      }
    }
  }
  CHECK(compared > 10'000);
}

// ---- the table that is shipped ----

// Every price that the file has is read: what it says of each model, counted by name.
TEST_CASE("prices: every price of the shipped table is read") {
  std::ifstream file("configs/prices.json");
  auto json = ParseJson(std::string(std::istreambuf_iterator<char>(file), {}));
  REQUIRE(json);
  auto table = PriceTable::Load("configs/prices.json");
  REQUIRE_MESSAGE(table, table.error());
  auto compare = [](const Json& facts, const TierPrices& tiers) {
    for (const auto& [name, value] : facts.items()) {
      if (!value.is_number() || name.starts_with("max_") || name == "input_tokens_over") continue;
      size_t mark = name.rfind('_');
      std::string tier = mark == name.npos ? "" : name.substr(mark + 1), base = name;
      bool tiered = tier == "flex" || tier == "priority" || tier == "batch";
      if (tiered) base = name.substr(0, mark);
      CAPTURE(name);
      const TokenPrices& prices = tiers.at(tiered ? tier : "");
      std::map<std::string, std::optional<Picodollars>> by_name{
          {"input", prices.input},
          {"output", prices.output},
          {"cached_input", prices.cached_input},
          {"cache_write", prices.cache_write},
          {"cache_write_1h", prices.cache_write_1h},
          {"reasoning", prices.reasoning}};
      REQUIRE(by_name.contains(base));
      CHECK(by_name[base] == value.get<int64_t>());
    }
  };
  size_t models = 0;
  for (const auto& [vendor, listed] : json->at("vendors").items()) {
    for (const auto& [name, facts] : listed.items()) {
      CAPTURE(name);
      ++models;
      const ModelPrice* price = table->Find(vendor, name);
      REQUIRE(price);
      compare(facts, price->tiers);
      if (facts.contains("supports")) CHECK(price->supports.size() == facts["supports"].size());
      if (!facts.contains("above")) continue;
      REQUIRE(price->above.size() == facts["above"].size());
      for (size_t i = 0; i < price->above.size(); ++i) {
        compare(facts["above"][i], price->above[i].tiers);
      }
    }
  }
  CHECK(models > 500);
}

TEST_CASE("prices: the worst case of every model that is shipped bounds what it can cost") {
  auto table = PriceTable::Load("configs/prices.json");
  REQUIRE_MESSAGE(table, table.error());
  std::mt19937_64 dice(7);
  int64_t compared = 0, tiers = 0;
  for (const auto& [vendor, models] : table->vendors()) {
    for (const auto& [name, price] : models) {
      CAPTURE(name);
      for (const auto& [tier, prices] : price.tiers) {
        for (int64_t most : {10'000, 400'000}) {
          compared += CompareWithWorst(dice, price, tier.c_str(), tier, most);
        }
        tiers += prices.known();
      }
    }
  }
  CHECK(tiers > 700);
  CHECK(compared > 10'000);
}

}  // namespace
}  // namespace muster
