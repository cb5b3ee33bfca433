// The books' running sums against the ledger's own, over endings of every kind in any order.

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "supervisor/books.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

class FixedClock : public Clock {
 public:
  Time Now() const override { return {}; }
  int64_t WallMs() const override { return 5'000; }
};

// Three providers: one with prices for some of its models, one without any, the mock. A price has
// no maximum of its own, so that a call without output_most has no worst case.
Config MakeConfig() {
  Config config;
  config.name = "test";
  for (const char* name : {"priced", "free", "mock"}) {
    Provider provider;
    provider.name = name;
    provider.api = name == std::string("mock") ? "mock" : "openai-chat";
    config.providers[name] = provider;
  }
  config.providers["priced"].prices["m"] = {1'000, 9'000, 100, std::nullopt};
  config.providers["mock"].prices["m"] = {10, 20, std::nullopt, std::nullopt};
  return config;
}

// A run whose tries end as dice say, and what a provider would bill for them.
class RandomRun {
 public:
  explicit RandomRun(uint32_t seed) : random_(seed), ledger_(ThreeItems()) {}

  // Whether `priced` alone is called, always with a bound: then every bill is bounded.
  bool bounded = false;

  void Go(int tries) {
    for (int i = 0; i < tries; ++i) {
      OneTry();
      if (Dice(4) == 0) CommitAll(ledger_);
    }
    CommitAll(ledger_);
  }

  const Books& books() const { return books_; }
  const LedgerView& view() const { return ledger_.view(); }
  int64_t session() const { return ledger_.session(); }

  Picodollars bill = 0;
  std::map<std::string, Picodollars> counted_by_provider, counted_by_item;

 private:
  int64_t Dice(int64_t sides) { return static_cast<int64_t>(random_()) % sides; }

  Call RandomCall() {
    Call call;
    call.item = std::string(1, static_cast<char>('a' + Dice(3)));
    call.attempt = 1;
    call.step = fmt::format("s{}", ++steps_);
    call.provider = bounded ? "priced" : std::vector{"priced", "free", "mock"}[Dice(3)];
    call.model = "m";
    call.request_hash = "hash";
    call.input_most = 1 + Dice(5'000);
    if (bounded || Dice(4) > 0) call.output_most = Dice(3'000);
    return call;
  }

  // Within what the call may use.
  Usage RandomUsage(const Call& call) {
    Usage usage;
    usage.input = Dice(call.input_most + 1);
    usage.cached = Dice(usage.input + 1);
    usage.output = Dice(call.output_most.value_or(3'000) + 1);
    return usage;
  }

  Called RandomEnd(const Usage& used) {
    Called called;
    if (Dice(5) > 0) called.usage = used;
    if (Dice(2) == 0) {
      called.answer = Bytes{"answer"};
    } else {
      called.failure = Failure{};
      called.failure->billing = static_cast<Billing>(Dice(3));
    }
    return called;
  }

  void OneTry() {
    Call call = RandomCall();
    auto sent = books_.BeginTry(call, 1, 0, 0, Dice(2) ? "w1" : "w2", 100, 50);
    CHECK(sent.worst == books_.WorstOf(call));
    Usage used = RandomUsage(call);
    Picodollars counted = 0;
    bool not_billed = false;
    if (Dice(6) == 0) {
      counted = books_.LoseTry(sent, "killed");
      CHECK(counted == sent.worst.value_or(0));
    } else {
      Called called = RandomEnd(used);
      auto booked = books_.EndTry(sent, call, called);
      counted = booked.counted;
      CHECK(counted == booked.cost.value_or(sent.worst.value_or(0)));
      not_billed = called.failure && called.failure->billing == Billing::kNo;
      if (not_billed) CHECK(booked.cost == 0);
    }
    if (!not_billed) Bill(call, used);
    counted_by_provider[call.provider] += counted;
    counted_by_item[call.item] += counted;
  }

  // Mock calls are not billed; one without a price is billed at a rate that nobody here knows.
  void Bill(const Call& call, const Usage& used) {
    if (call.provider == "mock") return;
    bill += 1'000 * (used.input - used.cached) + 100 * used.cached + 9'000 * used.output;
  }

  std::mt19937 random_;
  int64_t steps_ = 0;
  Config config_ = MakeConfig();
  PriceTable prices_;
  FixedClock clock_;
  Ledger ledger_;
  Books books_{ledger_, config_, prices_, clock_};
};

void CheckSame(const Totals& a, const Totals& b) {
  CHECK(a.calls == b.calls);
  CHECK(a.tries == b.tries);
  CHECK(a.failed_tries == b.failed_tries);
  CHECK(a.unknown_tries == b.unknown_tries);
  CHECK(a.unpriced == b.unpriced);
  CHECK(a.unknown_usage == b.unknown_usage);
  CHECK(a.unknown_unbounded == b.unknown_unbounded);
  CHECK(a.usage == b.usage);
  CHECK(a.cost == b.cost);
  CHECK(a.unknown_cost == b.unknown_cost);
  CHECK(a.cache_saving == b.cache_saving);
  CHECK(a.simulated == b.simulated);
}

TEST_CASE("books: their sums and the ledger's are the same, however tries end") {
  int64_t unpriced = 0, unknown_usage = 0, unbounded = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    RandomRun run(seed);
    run.Go(60);
    Totals all = run.view().RunTotals();
    CheckSame(run.books().run(), all);
    CheckSame(run.books().session(), run.view().SessionTotals(run.session()));
    CHECK(run.view().BookedByProvider() == run.counted_by_provider);
    Picodollars by_item = 0;
    for (const auto& [item, counted] : run.counted_by_item) {
      CHECK(run.view().BookedForItem(item) == counted);
      by_item += counted;
    }
    CHECK(by_item == all.cost + all.unknown_cost);
    unpriced += all.unpriced;
    unknown_usage += all.unknown_usage;
    unbounded += all.unknown_unbounded;
  }
  // The dice fell on each of them.
  CHECK(unpriced > 0);
  CHECK(unknown_usage > 0);
  CHECK(unbounded > 0);
}

TEST_CASE("books: no bill is higher than cost and unknown cost while every price is known") {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    RandomRun run(seed);
    run.bounded = true;
    run.Go(60);
    Totals all = run.view().RunTotals();
    CHECK(all.unpriced == 0);
    CHECK(all.unknown_unbounded == 0);
    CHECK(all.unknown_usage > 0);
    CHECK(all.cost <= run.bill);
    CHECK(run.bill <= all.cost + all.unknown_cost);
  }
}

TEST_CASE("books: a reopened item is pending again, in row, counts and ledger alike") {
  Config config = MakeConfig();
  PriceTable prices;
  FixedClock clock;
  Ledger ledger = ThreeItems();
  Books books(ledger, config, prices, clock);
  ItemRow row = *ledger.view().FindItem("a");
  books.Count(row.status);
  books.SetStatus(row, ItemStatus::kQuarantined, "killed its worker");
  books.Reopen(row);
  CHECK(books.counts()[static_cast<size_t>(ItemStatus::kPending)] == 1);
  CHECK(books.counts()[static_cast<size_t>(ItemStatus::kQuarantined)] == 0);
  CommitAll(ledger);
  ItemRow stored = *ledger.view().FindItem("a");
  for (const ItemRow& each : {row, stored}) {
    CHECK(each.status == ItemStatus::kPending);
    CHECK(each.reason == "");
    CHECK(each.extra_asks == 1);
    CHECK(each.worker_deaths == 0);
  }
}

TEST_CASE("books: a later session's sums of the run begin with the ledger's") {
  TempDir dir;
  Config config = MakeConfig();
  PriceTable prices;
  FixedClock clock;
  Call call;
  call.item = "a";
  call.provider = "priced";
  call.model = "m";
  call.input_most = 10;
  call.output_most = 10;
  for (int64_t session = 1; session <= 3; ++session) {
    Ledger ledger = OpenAt(dir / "ledger");
    ledger.Add(MakeItem(1, "a"));
    Books books(ledger, config, prices, clock);
    CHECK(books.run().unknown_cost == 100'000 * (session - 1));
    call.step = fmt::format("s{}", session);
    books.BeginTry(call, 1, 0, 0, "w1", 10, 10);  // dies in the air
    CommitAll(ledger);
  }
}

TEST_CASE("books: what was reserved for a try is what limits find after a restart") {
  RandomRun run(7);
  run.Go(20);
  int64_t tries = 0, estimated = 0;
  run.view().ForEachTrySince(0, [&](const LedgerView::SentTry& sent) {
    ++tries;
    estimated += sent.input == 100 && sent.output == 50;
  });
  CHECK(tries == 20);
  CHECK(estimated > 0);
}

}  // namespace
}  // namespace muster
