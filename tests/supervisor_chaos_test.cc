// Whatever happens, in whatever order: simulated runs in which workers die, fall silent and lie,
// providers fail, and the supervisor is killed or told to stop, until one session is left in peace.
// Every run follows from its seed; MUSTER_SEED runs one alone, MUSTER_SEEDS
// as many as it says.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSeeds = 200;
constexpr int kTroubledSessions = 4;

// One random run. What an item asks for and gets in the end depends on the seed alone.
class ChaosRun {
 public:
  explicit ChaosRun(uint64_t seed)
      : random_(seed),
        items_(Draw(3, 12)),
        run_(items_),
        workers_(static_cast<size_t>(Draw(1, 5))) {
    if (Chance(0.5)) run_.config.providers["p"].limits.concurrency = Draw(1, 4);
    if (Chance(0.3)) run_.config.providers["q"].limits.requests_per_minute = Draw(5, 30);
    if (Chance(0.2)) run_.config.limits.concurrency = Draw(2, 5);
    run_.config.guard.worker_deaths = Draw(2, 4);
    run_.config.guard.item_time = seconds(Draw(20, 200));
    for (int64_t i = 1; i <= items_; ++i) plans_[std::to_string(i)] = MakePlan();
    run_.script.plan = [this](const std::string& item) { return plans_.at(item); };
    run_.script.provider = [this](const SentCall& sent) { return Reply(sent); };
    run_.script.unusable = [](const std::string& answer) { return answer.starts_with("bad"); };
    run_.script.transit = [this] { return milliseconds(Draw(0, 20)); };
    run_.script.dying = milliseconds(Draw(0, 300));
    run_.script.fault = [this](const Point& point) { return FaultAt(point); };
  }

  void Check() {
    for (int i = 0; i < kTroubledSessions; ++i) {
      auto trace = run_.Run({.workers = workers_, .seed = random_(), .set_up = Trouble()});
      if (!trace.crashed) CheckSession(trace);
      run_.clock.Advance(milliseconds(Draw(0, 40'000)));
    }
    trouble_ = 0;
    auto last = run_.Run({.workers = workers_, .retry_failed = true, .seed = random_()});
    CheckSession(last);
    CheckEnd(last);
    auto again = run_.Run({.workers = workers_});
    CHECK(again.log.empty());
    CHECK(again.end.exit_code == last.end.exit_code);
  }

 private:
  int64_t Draw(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  bool Chance(double share) { return std::bernoulli_distribution(share)(random_); }

  FakePlan MakePlan() {
    FakePlan plan;
    for (int64_t step = 1, steps = Draw(1, 3); step <= steps; ++step) {
      FakeStep made;
      made.concurrency = static_cast<size_t>(Draw(1, 3));
      for (int64_t call = 1, calls = Draw(1, 3); call <= calls; ++call) {
        made.calls.push_back({fmt::format("s{}c{}", step, call), Chance(0.7) ? "p" : "q", "m", 1});
      }
      plan.push_back(std::move(made));
    }
    return plan;
  }

  // Item 3 never succeeds; every fifth first answer is of no use.
  FakeReply Reply(const SentCall& sent) {
    bool slow = trouble_ > 0 && Chance(0.05);
    FakeReply reply{.takes = milliseconds(Draw(1, slow ? 60'000 : 1'000))};
    if (sent.item == "3" && sent.step == "s1c1") {
      reply.failure = MakeFailure(FailureKind::kBadRequest);
    } else if (Chance(trouble_)) {
      reply.failure = SomeFailure();
    } else if (sent.ask == 1 && std::stoi(sent.item) % 5 == 0) {
      reply.answer = "bad";
    } else {
      reply.answer = Answer(sent.item, sent.step);
    }
    return reply;
  }

  static std::string Answer(const std::string& item, const std::string& step) {
    return "good " + item + " " + step;
  }

  Failure SomeFailure() {
    static constexpr FailureKind kKinds[] = {FailureKind::kNetwork,     FailureKind::kOverloaded,
                                             FailureKind::kRateLimited, FailureKind::kRateLimited,
                                             FailureKind::kBadReply,    FailureKind::kQuota};
    Failure failure = MakeFailure(kKinds[Draw(0, Chance(0.1) ? 5 : 4)]);
    if (Chance(0.3)) failure.retry_after_ms = Draw(0, 90'000);
    failure.billing = static_cast<Billing>(Draw(0, 2));
    return failure;
  }

  Fault FaultAt(const Point&) {
    static constexpr Fault kFaults[] = {
        Fault::kDie,       Fault::kDie,          Fault::kExit,  Fault::kSilence, Fault::kWrongItem,
        Fault::kWrongCall, Fault::kWrongAttempt, Fault::kTwice, Fault::kNeither, Fault::kReject,
        Fault::kDoneEarly, Fault::kGiveUp,       Fault::kAgain};
    return Chance(trouble_ / 20) ? kFaults[Draw(0, 12)] : Fault::kNone;
  }

  std::function<void(FakePool&)> Trouble() {
    trouble_ = Chance(0.3) ? 0.0 : Chance(0.5) ? 0.1 : 0.4;
    int64_t crash = Chance(0.6) ? Draw(1, 400) : 0;
    int64_t stop = Chance(0.3) ? Draw(0, 60'000) : -1;
    int signal = Chance(0.5) ? SIGINT : SIGTERM;
    bool twice = Chance(0.5);
    return [=](FakePool& pool) {
      pool.crash_at_use = crash;
      if (stop < 0) return;
      pool.After(milliseconds(stop), [&pool, signal] { pool.Signal(signal); });
      if (twice) pool.After(milliseconds(stop + 700), [&pool] { pool.Signal(SIGINT); });
    };
  }

  void CheckSession(const SessionTrace& trace) {
    run_.CheckBooks(trace, true);
    CHECK(trace.alive == 0);
    CHECK(trace.waiting == 0);
    CHECK(run_.Count(ItemStatus::kRunning) == 0);
    CHECK(run_.script.misfits == 0);
    CHECK(run_.script.spin < 5);
  }

  void CheckEnd(const SessionTrace& last) {
    CHECK(last.end.exit_code == (items_ >= 3 ? kSomeFailed : kAllDone));
    for (const auto& [item, plan] : plans_) {
      CAPTURE(item);
      ItemRow row = run_.RowOf(item);
      CAPTURE(row.reason);
      CHECK(row.status == (item == "3" ? ItemStatus::kFailed : ItemStatus::kDone));
      if (item != "3") CHECK(run_.OutputOf(item) == OutputOf(item, plan));
    }
    CheckLog();
  }

  static std::string OutputOf(const std::string& item, const FakePlan& plan) {
    std::string text;
    for (const FakeStep& step : plan) {
      for (const FakeCall& call : step.calls) {
        text += call.step + "=" + Answer(item, call.step) + "\n";
      }
    }
    return text;
  }

  // The provider saw nothing that the ledger does not hold, and no limit was passed.
  void CheckLog() {
    std::map<std::tuple<std::string, std::string, int64_t>, int64_t> seen;
    for (const SentCall& sent : run_.script.log) ++seen[{sent.item, sent.step, sent.ask}];
    for (const auto& [key, times] : seen) {
      const auto& [item, step, ask] = key;
      auto call = run_.view().FindCall(item, step, ask, "hash of " + step);
      REQUIRE(call);
      CHECK(times <= call->tries);
    }
    for (const auto& [name, provider] : run_.config.providers) {
      if (!provider.limits.requests_per_minute) continue;
      auto most = MostWithin(TimesOf(run_.script.log, name), seconds(60));
      CHECK(most <= static_cast<size_t>(*provider.limits.requests_per_minute));
    }
  }

  std::mt19937_64 random_;
  int64_t items_;
  TestRun run_;
  size_t workers_;
  double trouble_ = 0;
  std::map<std::string, FakePlan> plans_;
};

TEST_CASE("supervisor: after any trouble one session in peace brings every item to its end") {
  const char* one = std::getenv("MUSTER_SEED");
  const char* many = std::getenv("MUSTER_SEEDS");
  uint64_t first = one ? std::strtoull(one, nullptr, 10) : 1;
  uint64_t count = one ? 1 : many ? std::strtoull(many, nullptr, 10) : kSeeds;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    ChaosRun(seed).Check();
  }
}

}  // namespace
}  // namespace muster
