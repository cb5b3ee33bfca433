// What tries cost by the books: in which service tier, by whose figure, and what is not known.

#include "supervisor/books.h"

#include "common/pricing.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

class StillClock : public Clock {
 public:
  std::chrono::steady_clock::time_point Now() const override { return {}; }
  int64_t WallMs() const override { return 5'000; }
};

// Books of a run with item "a" and a model "m" at two providers: p, and r that sends bills.
// Input costs 10, output 100 picodollars a token; half of it in flex, double in priority.
struct BooksTest {
  BooksTest() {
    for (const char* name : {"p", "r"}) {
      Provider& provider = config.providers[name];
      provider.name = name;
      provider.api = name == std::string("r") ? "openrouter" : "openai-chat";
      provider.price_vendor = "v";
    }
    WriteBytes(dir / "prices.json",
               R"({"unit":"picodollars per token","vendors":{"v":{"m":{"input":10,"output":100,)"
               R"("cached_input":2,"cache_write":12,"input_flex":5,"output_flex":50,)"
               R"("input_priority":20,"output_priority":200,"max_output":10},)"
               R"("unpriced":{"max_output":10}}}})");
    auto loaded = PriceTable::Load(dir / "prices.json");
    REQUIRE_MESSAGE(loaded, loaded.error());
    prices = *std::move(loaded);
    books.emplace(ledger, config, prices, clock);
  }

  static Called Answer(const Usage& usage, const std::string& tier = "") {
    Called called;
    called.answer = Bytes{"x"};
    called.usage = usage;
    called.tier = tier;
    return called;
  }
  static Called Failed(Billing billing) {
    Called called;
    called.failure = Failure();
    called.failure->kind = FailureKind::kServer;
    called.failure->message = "it broke";
    called.failure->billing = billing;
    return called;
  }

  Call MakeCall(const std::string& provider, const std::string& tier = "",
                const std::string& model = "m") {
    Call call;
    call.item = "a";
    call.attempt = 1;
    call.step = fmt::format("s{}", ++calls);
    call.provider = provider;
    call.model = model;
    call.request_hash = "hash";
    call.input_most = 100;
    call.tier = tier;
    return call;
  }
  Books::Booked Book(const Call& call, const Called& called) {
    auto sent = books->BeginTry(call, 1, 0, 0, "w1", 1, 1);
    auto booked = books->EndTry(sent, call, called);
    REQUIRE(books->Commit() == CommitOutcome::kCommitted);
    CHECK(SameMoney());
    return booked;
  }
  // The sums of a live session are those that the ledger comes to.
  bool SameMoney() const {
    const Totals& said = books->run();
    Totals summed = books->view().RunTotals();
    return said.cost == summed.cost && said.unknown_cost == summed.unknown_cost &&
           said.own_cost == summed.own_cost && said.own_costs == summed.own_costs &&
           said.cost_beside_own == summed.cost_beside_own && said.usage == summed.usage &&
           said.unknown_usage == summed.unknown_usage && said.unpriced == summed.unpriced &&
           said.unknown_tries == summed.unknown_tries && said.cache_saving == summed.cache_saving &&
           said.calls == summed.calls;
  }

  TempDir dir;
  Config config;
  PriceTable prices;
  StillClock clock;
  Ledger ledger = ThreeItems();
  std::optional<Books> books;
  int calls = 0;
};

TEST_CASE("books: the worst case is that of the tier asked for, the cost that of the one served") {
  BooksTest test;
  CHECK(test.books->WorstOf(test.MakeCall("p")) == 100 * 12 + 10 * 100);
  CHECK(test.books->WorstOf(test.MakeCall("p", "default")) == 100 * 12 + 10 * 100);
  CHECK(test.books->WorstOf(test.MakeCall("p", "priority")) == std::nullopt);  // its cache writes
  CHECK(test.books->WorstOf(test.MakeCall("p", "scale")) == std::nullopt);
  Usage usage{40, 10, 0, 5, 0};
  CHECK(test.Book(test.MakeCall("p"), test.Answer(usage)).cost == 30 * 10 + 10 * 2 + 5 * 100);
  CHECK(test.Book(test.MakeCall("p", "flex"), test.Answer(usage, "flex")).cost == 40 * 5 + 5 * 50);
  // Asked for flex, served at the usual price.
  CHECK(test.Book(test.MakeCall("p", "flex"), test.Answer(usage, "default")).cost ==
        30 * 10 + 10 * 2 + 5 * 100);
  CHECK(test.Book(test.MakeCall("p", "auto"), test.Answer(usage, "priority")).cost ==
        40 * 20 + 5 * 200);
  CHECK(test.books->run().cache_saving == 2 * 10 * 8);
}

TEST_CASE("books: a tier without a price makes the cost unknown and the worst case count") {
  BooksTest test;
  Books::Booked booked = test.Book(test.MakeCall("p"), test.Answer({40, 0, 0, 5, 0}, "ultrafast"));
  CHECK_FALSE(booked.cost);
  CHECK(booked.counted == 100 * 12 + 10 * 100);
  CHECK(test.books->run().cost == 0);
  CHECK(test.books->run().unknown_usage == 1);
  CHECK(test.books->run().unknown_cost == booked.counted);
}

TEST_CASE("books: cache writes for an hour without a price make the cost unknown") {
  BooksTest test;
  Usage usage{.input = 40, .cache_write = 20, .output = 5, .cache_write_1h = 1};
  Books::Booked booked = test.Book(test.MakeCall("p"), test.Answer(usage));
  CHECK_FALSE(booked.cost);
  CHECK(booked.counted == 100 * 12 + 10 * 100);
  CHECK(test.books->run().usage == usage);
}

TEST_CASE("books: a bill counts where it is larger or ours is not known, an estimate never") {
  constexpr Picodollars kOurs = 40 * 10 + 5 * 100;
  struct Case {
    const char *provider, *model;
    std::optional<Picodollars> own, cost;
  };
  const std::vector<Case> cases{{"r", "m", std::nullopt, kOurs},
                                {"r", "m", 0, kOurs},
                                {"r", "m", kOurs - 1, kOurs},
                                {"r", "m", kOurs + 1, kOurs + 1},
                                {"r", "unpriced", 77, 77},
                                {"r", "unpriced", std::nullopt, std::nullopt},
                                {"r", "m", -5, kOurs},
                                {"r", "m", kMostOwnCost, kMostOwnCost},
                                {"r", "m", kMostOwnCost + 1, kOurs},
                                {"p", "m", kOurs + 1, kOurs},
                                {"p", "m", 0, kOurs},
                                {"p", "unpriced", 77, std::nullopt}};
  for (const Case& c : cases) {
    CAPTURE(c.provider);
    CAPTURE(c.model);
    CAPTURE(c.own.value_or(-1));
    BooksTest test;
    Called called = test.Answer({40, 0, 0, 5, 0});
    called.own_cost = c.own;
    CHECK(test.Book(test.MakeCall(c.provider, "", c.model), called).cost == c.cost);
    CHECK(test.books->run().own_costs == (c.own ? 1 : 0));
    CHECK(test.books->run().own_cost == c.own.value_or(0));
  }
}

TEST_CASE("books: a bill without usage is the cost; without a bill it is not known") {
  BooksTest test;
  Called called = test.Answer(Usage());
  called.usage.reset();
  CHECK_FALSE(test.Book(test.MakeCall("r"), called).cost);
  called.own_cost = 33;
  CHECK(test.Book(test.MakeCall("r"), called).cost == 33);
  CHECK_FALSE(test.Book(test.MakeCall("p"), called).cost);
}

TEST_CASE("books: a failure costs nothing, its usage, its bill, or nobody knows") {
  struct Case {
    const char* provider;
    Billing billing;
    bool usage;
    std::optional<Picodollars> own, cost;
    bool unknown;
  };
  constexpr Picodollars kOurs = 40 * 10;
  const std::vector<Case> cases{{"p", Billing::kNo, false, std::nullopt, 0, false},
                                {"p", Billing::kNo, true, 9'999, 0, false},
                                {"r", Billing::kNo, false, 5, 5, false},
                                {"p", Billing::kUsage, true, std::nullopt, kOurs, false},
                                {"p", Billing::kUsage, false, 5, std::nullopt, true},
                                {"r", Billing::kUsage, false, 5, 5, false},
                                {"r", Billing::kUsage, true, 9'999, 9'999, false},
                                {"p", Billing::kUnknown, true, std::nullopt, std::nullopt, true},
                                {"r", Billing::kUnknown, true, 5, std::nullopt, true}};
  for (const Case& c : cases) {
    CAPTURE(c.provider);
    CAPTURE(Name(c.billing));
    CAPTURE(c.own.value_or(-1));
    BooksTest test;
    Called called = test.Failed(c.billing);
    if (c.usage) called.usage = Usage{40, 0, 0, 0, 0};
    called.own_cost = c.own;
    called.partial = Bytes{"half an answ"};
    Books::Booked booked = test.Book(test.MakeCall(c.provider), called);
    CHECK(booked.cost == c.cost);
    CHECK(booked.counted == c.cost.value_or(100 * 12 + 10 * 100));
    CHECK(test.books->run().unknown_tries == (c.unknown ? 1 : 0));
    CHECK(test.books->run().failed_tries == (c.unknown ? 0 : 1));
  }
}

TEST_CASE("books: a fixed cost is the worst case and the cost, unless nothing was sent") {
  BooksTest test;
  Call call = test.MakeCall("p");
  call.fixed_cost = 70;
  CHECK(test.books->WorstOf(call) == 70);
  CHECK_FALSE(test.books->ContextWindowOf(call));
  Called answered;
  answered.answer = Bytes{"x"};
  CHECK(test.Book(call, answered).cost == 70);
  call = test.MakeCall("p");
  call.fixed_cost = 70;
  auto refused = test.Book(call, BooksTest::Failed(Billing::kNo));
  CHECK(refused.cost == 0);
  CHECK(refused.counted == 0);
  CHECK_FALSE(refused.unknown);
  call = test.MakeCall("p");
  call.fixed_cost = 70;
  auto lost = test.Book(call, BooksTest::Failed(Billing::kUnknown));
  CHECK_FALSE(lost.cost);
  CHECK(lost.counted == 70);
  CHECK(lost.unknown);
}

}  // namespace
}  // namespace muster
