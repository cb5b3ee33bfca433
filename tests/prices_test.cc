#include "common/prices.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

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

ModelPrice Price(Picodollars input, Picodollars output) {
  ModelPrice price;
  price.input = input;
  price.output = output;
  return price;
}

TEST_CASE("prices: a table is read with its source, date, rates, tiers and limits") {
  auto table = LoadText(Table(
      R"({"openai":{"gpt":{"input":1250000,"cached_input":125000,"output":10000000,)"
      R"("cache_write":1500000,"reasoning":11000000,"max_input":272000,"max_output":128000,)"
      R"("supports":["vision"],"input_batch":1,"above":[)"
      R"({"input_tokens_over":500000,"input":4},)"
      R"({"input_tokens_over":200000,"input":3,"cached_input":2,"output":5,"cache_write":6}]}}})"));
  REQUIRE(table);
  CHECK(table->source() == "a table");
  CHECK(table->date() == "2026-08-01");
  const ModelPrice* price = table->Find("openai", "gpt");
  REQUIRE(price);
  CHECK(price->known());
  CHECK(price->input == 1250000);
  CHECK(price->cached_input == 125000);
  CHECK(price->cache_write == 1500000);
  CHECK(price->output == 10000000);
  CHECK(price->reasoning == 11000000);
  CHECK(price->max_input == 272000);
  CHECK(price->max_output == 128000);
  REQUIRE(price->above.size() == 2);
  CHECK(price->above[0].input_tokens_over == 200000);
  CHECK(price->above[0].cache_write == 6);
  CHECK(price->above[1].input == 4);
  CHECK_FALSE(price->above[1].output);
}

TEST_CASE("prices: a dated name finds its undated model, and only a date does") {
  auto table = LoadText(Table(
      R"({"openai":{"gpt-5.1":{"input":1,"output":2},"gpt-5.1-2025-11-13":{"input":3,"output":4}},)"
      R"("anthropic":{"claude":{"input":5,"output":6}}})"));
  REQUIRE(table);
  auto input = [&](const char* vendor, const char* model) {
    const ModelPrice* price = table->Find(vendor, model);
    return price ? *price->input : -1;
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
  price.cached_input = 100;
  CHECK(CostOf(price, usage) == 70 * 1000 + 30 * 100 + 40 * 10'000);
  price.cache_write = 1250;
  CHECK(CostOf(price, usage) == 50 * 1000 + 30 * 100 + 20 * 1250 + 40 * 10'000);
  price.reasoning = 7000;
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

TEST_CASE("prices: a tier applies from one token over its bound, to the whole request") {
  ModelPrice price = Price(10, 100);
  price.cached_input = 1;
  price.above = {{.input_tokens_over = 200,
                  .input = 20,
                  .output = 150,
                  .cached_input = 2,
                  .cache_write = {},
                  .reasoning = {}},
                 {.input_tokens_over = 500,
                  .input = 40,
                  .output = {},
                  .cached_input = {},
                  .cache_write = {},
                  .reasoning = {}}};
  CHECK(CostOf(price, {200, 50, 0, 1, 0}) == 150 * 10 + 50 * 1 + 100);
  CHECK(CostOf(price, {201, 50, 0, 1, 0}) == 151 * 20 + 50 * 2 + 150);
  // What a tier does not give stays as the model has it.
  CHECK(CostOf(price, {501, 50, 0, 1, 0}) == 451 * 40 + 50 * 1 + 100);
}

TEST_CASE("prices: the cache saves the difference of the two rates") {
  ModelPrice price = Price(1000, 1);
  Usage usage{100, 40, 0, 0, 0};
  CHECK(CacheSaving(price, usage) == 0);
  price.cached_input = 100;
  CHECK(CacheSaving(price, usage) == 40 * 900);
  price.cached_input = 2000;
  CHECK(CacheSaving(price, usage) == 0);
}

TEST_CASE("prices: the worst case takes the dearest way the input and the output can go") {
  ModelPrice price = Price(10, 100);
  CHECK(WorstCost(price, 50, 5) == 50 * 10 + 5 * 100);
  price.cached_input = 1;
  CHECK(WorstCost(price, 50, 5) == 50 * 10 + 5 * 100);
  price.cache_write = 12;
  CHECK(WorstCost(price, 50, 5) == 50 * 12 + 5 * 100);
  price.reasoning = 130;
  CHECK(WorstCost(price, 50, 5) == 50 * 12 + 5 * 130);
  price.above = {{.input_tokens_over = 40,
                  .input = 30,
                  .output = 90,
                  .cached_input = {},
                  .cache_write = {},
                  .reasoning = {}}};
  CHECK(WorstCost(price, 40, 5) == 40 * 12 + 5 * 130);
  CHECK(WorstCost(price, 50, 5) == 50 * 30 + 5 * 130);
}

TEST_CASE("prices: without a maximum of the output the worst case has no bound") {
  ModelPrice price = Price(10, 100);
  CHECK_FALSE(WorstCost(price, 50, std::nullopt));
  price.max_output = 7;
  CHECK(WorstCost(price, 50, std::nullopt) == 50 * 10 + 7 * 100);
  CHECK(WorstCost(price, 50, 3) == 50 * 10 + 3 * 100);
}

TEST_CASE("prices: no usage within its bounds costs more than the worst case") {
  ModelPrice price = Price(10, 100);
  price.cached_input = 3;
  price.cache_write = 12;
  price.reasoning = 90;
  price.above = {{.input_tokens_over = 20,
                  .input = 5,
                  .output = 300,
                  .cached_input = 6,
                  .cache_write = {},
                  .reasoning = {}}};
  Picodollars worst = *WorstCost(price, 30, 8);
  for (int64_t input = 0; input <= 30; ++input) {
    for (int64_t cached = 0; cached <= input; cached += 3) {
      for (int64_t reasoning = 0; reasoning <= 8; ++reasoning) {
        Usage usage{input, cached, input - cached, 8, reasoning};
        REQUIRE(*CostOf(price, usage) <= worst);
      }
    }
  }
}

}  // namespace
}  // namespace muster
