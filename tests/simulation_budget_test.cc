// Budgets in simulated runs: random prices, sizes and failures, workers that die, supervisors that
// are killed. What the provider bills by its own books never passes a cap.

#include <map>

#include "tests/simulation_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSeeds = 1'000;
constexpr size_t kWorkers = 64;

class BudgetRun {
 public:
  explicit BudgetRun(uint64_t seed)
      : dice(seed),
        items(dice.Chance(0.05) ? dice.Draw(40, 70) : dice.Draw(4, 9)),
        run(items),
        faults(dice.Chance(0.4) ? 0.02 : 0),
        failures(dice.Chance(0.6) ? 0.2 : 0) {
    for (const char* model : {"m", "n"}) {
      ConfiguredPrice price;
      price.input = dice.Draw(1, 5'000'000);
      price.output = dice.Draw(1, 40'000'000);
      run.script.prices[model] = price;
      for (const char* name : {"p", "q"}) run.config.providers[name].prices[model] = price;
    }
    run.config.retry.base = milliseconds(200);
    run.config.guard.worker_deaths = 5;
    for (int64_t i = 1; i <= items; ++i) plans[std::to_string(i)] = MakePlan();
    run.script.plan = [this](const std::string& item) { return plans.at(item); };
    run.script.provider = [this](const SentCall& sent) { return Reply(sent); };
    run.script.fault = [this](const Point&) {
      static constexpr Fault kFaults[] = {Fault::kDie, Fault::kExit, Fault::kWrongCall,
                                          Fault::kDoneEarly, Fault::kTwice};
      return dice.Chance(faults) ? kFaults[dice.Draw(0, 4)] : Fault::kNone;
    };
  }

  // The most that one try of it can cost.
  Picodollars WorstOf(const FakeCall& call) const {
    const ConfiguredPrice& price = run.script.prices.at(call.model);
    return price.input * call.input_most + price.output * call.output_most;
  }
  // What all of it would cost if every call took the most and succeeded at once; and of one call.
  Picodollars WorstOfAll(Picodollars* dearest = nullptr) const {
    Picodollars sum = 0, most = 0;
    for (const auto& [item, plan] : plans) {
      for (const FakeStep& step : plan) {
        for (const FakeCall& call : step.calls) {
          sum += WorstOf(call);
          most = std::max(most, WorstOf(call));
        }
      }
    }
    if (dearest) *dearest = most;
    return sum;
  }

  SessionTrace Session() {
    SessionOptions options{.workers = kWorkers, .seed = dice.Seed()};
    if (dice.Chance(0.3)) {
      options.set_up = KilledAfter(dice.Time(milliseconds(10), milliseconds(8'000)));
    }
    return run.Run(options);
  }

  Dice dice;
  int64_t items;
  TestRun run;
  double faults, failures;
  std::map<std::string, FakePlan> plans;

 private:
  FakePlan MakePlan() {
    FakePlan plan;
    for (int64_t step = 1, steps = dice.Draw(1, 2); step <= steps; ++step) {
      FakeStep made;
      made.concurrency = static_cast<size_t>(dice.Draw(1, 3));
      for (int64_t n = 1, calls = dice.Draw(1, 2); n <= calls; ++n) {
        FakeCall call;
        call.step = fmt::format("s{}c{}", step, n);
        call.provider = dice.Chance(0.6) ? "p" : "q";
        call.model = dice.Chance(0.6) ? "m" : "n";
        call.input_most = dice.Draw(1, 5'000);
        call.output_most = dice.Draw(1, 2'000);
        made.calls.push_back(call);
      }
      plan.push_back(std::move(made));
    }
    return plan;
  }

  // Also at the very worst, and with failures whose price is known, nothing, or not known.
  FakeReply Reply(const SentCall& sent) {
    FakeReply reply{.takes = dice.Time(milliseconds(50), seconds(3))};
    bool worst = dice.Chance(0.3);
    reply.usage = Usage{worst ? sent.input_most : dice.Draw(0, sent.input_most), 0, 0,
                        worst ? sent.output_most : dice.Draw(0, sent.output_most), 0};
    if (!dice.Chance(failures)) return reply;
    static constexpr FailureKind kKinds[] = {FailureKind::kNetwork,     FailureKind::kTimeout,
                                             FailureKind::kServer,      FailureKind::kOverloaded,
                                             FailureKind::kRateLimited, FailureKind::kBadReply};
    reply.failure = MakeFailure(kKinds[dice.Draw(0, 5)]);
    reply.failure->billing = static_cast<Billing>(dice.Draw(0, 2));
    if (reply.failure->billing == Billing::kUnknown && dice.Chance(0.5)) reply.usage.reset();
    return reply;
  }
};

Which OfItem(const std::string& id) {
  return [id](const SentCall& sent) { return sent.item == id; };
}

TEST_CASE("simulation: the provider's bill never passes the cap, and a higher one ends the run") {
  int64_t stopped = 0;
  ForEachSeed(kSeeds, [&](uint64_t seed) {
    BudgetRun test(seed);
    Picodollars dearest = 0;
    Picodollars all = test.WorstOfAll(&dearest);
    Picodollars cap = all / 100 * test.dice.Draw(5, 60);
    test.run.config.budget.max_cost = cap;
    SessionTrace trace = test.Session();
    CHECK(BillOf(test.run.script.log, Everything) <= cap);
    if (trace.crashed) trace = test.run.Run({.workers = kWorkers});
    CHECK(BillOf(test.run.script.log, Everything) <= cap);
    test.run.CheckBooks(trace, true);
    if (trace.end.exit_code == kStopped) {
      ++stopped;
      Totals totals = test.run.view().RunTotals();
      CHECK(totals.cost + totals.unknown_cost <= cap);
      CHECK(totals.cost + totals.unknown_cost + dearest > cap);
      CHECK(trace.end.stopped_by.find("budget") != std::string::npos);
    }
    if (seed % 4 != 0) return;
    test.faults = test.failures = 0;
    test.run.config.budget.max_cost = std::nullopt;
    auto last = test.run.Run({.workers = kWorkers, .retry_failed = true});
    CHECK(last.end.exit_code == kAllDone);
    CHECK(test.run.Count(ItemStatus::kDone) == test.items);
    test.run.CheckBooks(last, true);
  });
  if (!std::getenv("MUSTER_SEED")) CHECK(stopped > 0);
}

TEST_CASE("simulation: no provider and no item bills more than its own cap") {
  ForEachSeed(60, [](uint64_t seed) {
    BudgetRun test(seed);
    Picodollars dearest = 0;
    Picodollars of_p = test.WorstOfAll(&dearest) / 100 * test.dice.Draw(5, 40);
    Picodollars of_item = dearest * test.dice.Draw(50, 250) / 100;
    test.run.config.providers["p"].max_cost = of_p;
    test.run.config.budget.max_cost_per_item = of_item;
    SessionTrace trace = test.Session();
    if (trace.crashed) trace = test.run.Run({.workers = kWorkers});
    const auto& log = test.run.script.log;
    CHECK(BillOf(log, OfProvider("p")) <= of_p);
    for (const auto& [item, plan] : test.plans) CHECK(BillOf(log, OfItem(item)) <= of_item);
    CHECK(trace.in_the_air == 0);
    CHECK(test.run.Count(ItemStatus::kRunning) == 0);
    test.faults = test.failures = 0;
    test.run.config.providers["p"].max_cost = std::nullopt;
    test.run.config.budget.max_cost_per_item = std::nullopt;
    auto last = test.run.Run({.workers = kWorkers, .retry_failed = true});
    CHECK(test.run.Count(ItemStatus::kDone) == test.items);
    test.run.CheckBooks(last, true);
  });
}

TEST_CASE("simulation: when the cap is reached, what is in the air is finished and kept") {
  TestRun run(40);
  run.config.providers["p"].limits.concurrency = 64;
  Picodollars worst = 2000 * run.script.input_price + 500 * run.script.output_price;
  Picodollars each = 1000 * run.script.input_price + 100 * run.script.output_price;
  run.config.budget.max_cost = 10 * worst;
  run.script.provider = [&](const SentCall&) {
    return FakeReply{.takes = seconds(1 + run.sent() % 5)};
  };
  auto trace = run.Run({.workers = 64});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(trace.end.stopped_by.find("budget") != std::string::npos);
  // As many as fit one after another: the last one at its worst.
  int64_t fit = (10 * worst - worst) / each + 1;
  CHECK(run.sent() == fit);
  CHECK(run.Count(ItemStatus::kDone) == fit);
  CHECK(run.Count(ItemStatus::kFailed) == 0);
  CHECK(run.view().UnknownTries().empty());
  CHECK(MostInTheAir(trace.log) <= 10);
  CHECK(trace.progress.Noticed("of the budget is used"));
  run.CheckBooks(trace);
  run.config.budget.max_cost = 100 * worst;
  auto more = run.Run({.workers = 64});
  CHECK(more.end.exit_code == kAllDone);
  CHECK(run.sent() == 40);
  run.CheckBooks(more);
}

}  // namespace
}  // namespace muster
