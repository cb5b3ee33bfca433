// Providers in trouble in simulated runs: an outage of a minute, a key that is revoked, a run that
// goes wrong as a whole. What is noticed, what it costs, and what is left for later.

#include <map>
#include <set>

#include "tests/simulation_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kWorkers = 64;
constexpr int64_t kItems = 2'400;

// A provider that answers within 200 to 800 ms but for a minute in which it does not.
struct OutageRun {
  OutageRun(uint64_t seed, Failure failure, milliseconds takes) : dice(seed), run(kItems) {
    run.config.providers["p"].limits.concurrency = kWorkers;
    run.script.provider = [this, failure, takes](const SentCall& sent) {
      auto quick = dice.Time(milliseconds(200), milliseconds(800));
      if (sent.at + quick < begins() || sent.at >= ends()) return FakeReply{.takes = quick};
      // What is on its way when it begins fails from then on.
      auto early = std::chrono::duration_cast<milliseconds>(begins() - sent.at);
      return FailedReply(failure, takes + std::max(early, milliseconds(0)));
    };
  }
  Clock::Time begins() const { return began + seconds(6); }
  Clock::Time ends() const { return began + seconds(66); }

  // When the fifth call had failed: from then on it can be known.
  Clock::Time Noticeable(const std::vector<SentCall>& log) const {
    std::vector<Clock::Time> failed;
    for (const SentCall& sent : log) {
      if (sent.failed && sent.ended) failed.push_back(*sent.ended);
    }
    std::sort(failed.begin(), failed.end());
    REQUIRE(failed.size() > 5);
    return failed[4] + milliseconds(10);
  }

  Dice dice;
  TestRun run;
  Clock::Time began = run.clock.Now();
};

Failure Trouble(FailureKind kind, int64_t status, Billing billing) {
  Failure failure = MakeFailure(kind);
  failure.status = status;
  failure.billing = billing;
  return failure;
}

TEST_CASE("simulation: an outage of a minute costs time and a probe a second, but no item") {
  struct Case {
    std::string name;
    Failure failure;
    milliseconds takes;
  };
  const Case cases[] = {
      {"connection refused", Trouble(FailureKind::kNetwork, 0, Billing::kNo), milliseconds(20)},
      {"cut off", Trouble(FailureKind::kNetwork, 0, Billing::kUnknown), milliseconds(300)},
      {"503", Trouble(FailureKind::kOverloaded, 503, Billing::kNo), milliseconds(50)},
      {"500", Trouble(FailureKind::kServer, 500, Billing::kNo), milliseconds(100)},
      {"timeout", Trouble(FailureKind::kTimeout, 0, Billing::kUnknown), milliseconds(2'000)},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    OutageRun test(1, each.failure, each.takes);
    auto trace = test.run.Run({.workers = kWorkers});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(test.run.Count(ItemStatus::kDone) == kItems);
    CHECK(trace.progress.Noticed("down"));
    CHECK(trace.progress.Noticed("answers again"));
    std::vector<Clock::Time> probes;
    for (const SentCall& sent : trace.log) {
      if (sent.at > test.Noticeable(trace.log) && sent.at < test.ends()) probes.push_back(sent.at);
    }
    CHECK(probes.size() >= 10);  // it is tried again and again
    CHECK(MostWithin(probes, milliseconds(990)) == 1);
    auto before = SentBetween(trace.log, test.begins() - seconds(5), test.begins());
    auto after = SentBetween(trace.log, test.ends() + seconds(10), test.ends() + seconds(15));
    CHECK(after * 10 >= before * 9);
    test.run.CheckBooks(trace);
  }
}

TEST_CASE("simulation: a second outage soon after the first is got over as quickly") {
  Dice dice(1);
  TestRun run(3'000);
  run.config.providers["p"].limits.concurrency = kWorkers;
  auto began = run.clock.Now();
  run.script.provider = [&](const SentCall& sent) {
    auto at = sent.at - began;
    bool first = at > seconds(6) && at<seconds(20), second = at> seconds(24) && at < seconds(40);
    if (first || second) {
      return FailedReply(MakeFailure(FailureKind::kServer), milliseconds(50));
    }
    return FakeReply{.takes = dice.Time(milliseconds(200), milliseconds(800))};
  };
  auto trace = run.Run({.workers = kWorkers});
  CHECK(trace.end.exit_code == kAllDone);
  auto before = SentBetween(trace.log, began + seconds(1), began + seconds(6));
  auto after = SentBetween(trace.log, began + seconds(50), began + seconds(55));
  CHECK(after * 10 >= before * 9);
  run.CheckBooks(trace);
}

TEST_CASE("simulation: an outage of one provider leaves the other at full speed") {
  OutageRun test(2, Trouble(FailureKind::kNetwork, 0, Billing::kNo), milliseconds(20));
  test.run.config.items.range = ItemSource::Range{1, 2'000};
  test.run.config.providers["q"].limits.concurrency = kWorkers;
  test.run.script.plan = [](const std::string& item) {
    return Chain(1, std::stoi(item) % 2 ? "p" : "q");
  };
  test.run.script.provider = [healthy = test.run.script.provider](const SentCall& sent) {
    return sent.provider == "p" ? healthy(sent) : FakeReply{.takes = seconds(2)};
  };
  auto trace = test.run.Run({.workers = kWorkers});
  CHECK(trace.end.exit_code == kAllDone);
  std::vector<SentCall> other;
  std::copy_if(trace.log.begin(), trace.log.end(), std::back_inserter(other), OfProvider("q"));
  // All workers but the probing one are for it, two seconds a call.
  auto during = SentBetween(other, test.begins() + seconds(5), test.begins() + seconds(15));
  CHECK(during >= 5 * static_cast<int64_t>(kWorkers - 4));
  test.run.CheckBooks(trace);
}

TEST_CASE("simulation: a key or an account that stops working stops the run, nothing fails") {
  for (FailureKind kind : {FailureKind::kAuth, FailureKind::kQuota}) {
    ForEachSeed(2, [kind](uint64_t seed) {
      CAPTURE(Name(kind));
      Dice dice(seed);
      TestRun run(400);
      for (const char* name : {"p", "q"}) {
        run.config.providers[name].limits.concurrency = kWorkers;
        run.config.providers[name].key_env = "SHARED_KEY";
      }
      run.script.plan = [](const std::string& item) {
        return Chain(2, std::stoi(item) % 2 ? "p" : "q");
      };
      auto revoked = run.clock.Now() + seconds(5);
      Clock::Time known = Clock::Time::max();
      run.script.provider = [&](const SentCall& sent) {
        auto takes = dice.Time(milliseconds(50), seconds(3));
        if (sent.at < revoked) return FakeReply{.takes = takes};
        known = std::min(known, sent.at + takes);
        return FailedReply(MakeFailure(kind), takes);
      };
      auto trace = run.Run({.workers = kWorkers, .seed = seed});
      CHECK(trace.end.exit_code == kStopped);
      CHECK(trace.log.back().at <= known + milliseconds(2));
      CHECK(run.Count(ItemStatus::kFailed) == 0);
      CHECK(run.Count(ItemStatus::kDone) + run.Count(ItemStatus::kPending) == 400);
      CHECK(run.Count(ItemStatus::kPending) > 0);
      if (kind == FailureKind::kAuth) {
        CHECK(trace.end.stopped_by.find("SHARED_KEY") != std::string::npos);
      }
      run.CheckBooks(trace);
      int64_t answered = run.view().RunTotals().calls;
      run.script.provider = nullptr;
      auto again = run.Run({.workers = kWorkers});
      CHECK(again.end.exit_code == kAllDone);
      CHECK(static_cast<int64_t>(again.log.size()) == 800 - answered);
      run.CheckBooks(again);
    });
  }
}

TEST_CASE("simulation: a model that is gone, or out of its quota, stops alone") {
  for (bool quota : {false, true}) {
    CAPTURE(quota);
    TestRun run(200);
    run.config.providers["p"].limits.concurrency = kWorkers;
    run.script.plan = [](const std::string& item) {
      FakeCall call;
      call.model = std::stoi(item) % 2 ? "m" : "n";
      return FakePlan{{{call}, 1}};
    };
    run.script.provider = [&](const SentCall& sent) {
      if (sent.model == "m") return FakeReply{};
      Failure failure = MakeFailure(quota ? FailureKind::kQuota : FailureKind::kModelNotFound);
      failure.model_only = quota;
      return FailedReply(failure);
    };
    auto trace = run.Run({.workers = kWorkers});
    CHECK(trace.end.exit_code == kStopped);
    CHECK(run.Count(ItemStatus::kDone) == 100);
    CHECK(run.Count(ItemStatus::kPending) == 100);
    CHECK(SumOf(trace.log, OfModel("p", "n"), OneRequest) <= static_cast<int64_t>(kWorkers));
    CHECK(trace.progress.Noticed("p/n is stopped"));
    run.CheckBooks(trace);
  }
}

TEST_CASE("simulation: too many calls that failed in a row stop the run, what is left is kept") {
  ForEachSeed(10, [](uint64_t seed) {
    Dice dice(seed);
    TestRun run(300);
    run.config.guard.consecutive_errors = 10;
    run.config.providers["p"].limits.concurrency = 16;
    run.script.provider = [&](const SentCall&) {
      auto takes = dice.Time(milliseconds(50), seconds(2));
      bool wrong = run.sent() >= 100 || run.sent() % 3 == 0;
      return wrong ? FailedReply(MakeFailure(FailureKind::kBadRequest), takes)
                   : FakeReply{.takes = takes};
    };
    auto trace = run.Run({.workers = 16, .seed = seed});
    CHECK(trace.end.exit_code == kStopped);
    CHECK(trace.end.stopped_by.find("in a row failed") != std::string::npos);
    CHECK(run.sent() >= 100);
    CHECK(run.sent() <= 100 + 10 + 32);
    CHECK(run.Count(ItemStatus::kPending) == 300 - run.sent());
    CHECK(run.view().UnknownTries().empty());
    run.CheckBooks(trace);
  });
}

TEST_CASE("simulation: too large a share of failed calls stops the run, a smaller one does not") {
  for (bool too_many : {false, true}) {
    CAPTURE(too_many);
    TestRun run(400);
    run.config.guard.error_rate = 0.3;
    run.config.providers["p"].limits.concurrency = 16;
    run.script.provider = [&](const SentCall&) {
      bool wrong = run.sent() % 20 < (too_many ? 8 : 4);
      return wrong ? FailedReply(MakeFailure(FailureKind::kBadRequest)) : FakeReply{};
    };
    auto trace = run.Run({.workers = 16});
    CHECK(trace.end.exit_code == (too_many ? kStopped : kSomeFailed));
    CHECK(run.sent() >= 50);
    if (too_many) CHECK(run.sent() <= 50 + 32);
    CHECK(run.Count(ItemStatus::kPending) == 400 - run.sent());
    run.CheckBooks(trace);
  }
}

TEST_CASE(
    "simulation: nothing of a model goes before its first answer, where a warm-up is wished") {
  ForEachSeed(10, [](uint64_t seed) {
    Dice dice(seed);
    TestRun run(100);
    run.config.providers["p"].limits.warmup = true;
    run.config.providers["p"].limits.concurrency = 16;
    run.script.plan = [](const std::string& item) {
      FakeCall call;
      call.model = std::stoi(item) % 2 ? "m" : "n";
      return FakePlan{{{call}, 1}};
    };
    std::map<std::string, int> troubles;
    run.script.provider = [&](const SentCall& sent) {
      auto takes = dice.Time(milliseconds(50), seconds(5));
      if (++troubles[sent.model] > 2) return FakeReply{.takes = takes};
      return FailedReply(MakeFailure(FailureKind::kServer), takes);
    };
    auto trace = run.Run({.workers = 16, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    for (const char* model : {"m", "n"}) {
      CAPTURE(model);
      std::vector<SentCall> own;
      std::copy_if(trace.log.begin(), trace.log.end(), std::back_inserter(own),
                   OfModel("p", model));
      REQUIRE(own.size() > 3);
      for (size_t i = 0; i < 3; ++i) CHECK(own[i + 1].at >= *own[i].ended);
      CHECK(MostInTheAir(own) > 4);
    }
    run.CheckBooks(trace);
  });
}

// Tries of each call, in the order of time.
std::map<std::string, std::vector<SentCall>> ByCall(const std::vector<SentCall>& log) {
  std::map<std::string, std::vector<SentCall>> calls;
  for (const SentCall& sent : log) calls[sent.item + " " + sent.step].push_back(sent);
  return calls;
}

TEST_CASE("simulation: attempts and give_up_after bound the life of every call") {
  ForEachSeed(10, [](uint64_t seed) {
    Dice dice(seed);
    TestRun run(40);
    int64_t attempts = run.config.retry.attempts = dice.Draw(2, 5);
    run.config.retry.give_up_after = seconds(dice.Draw(20, 200));
    run.config.providers["p"].limits.concurrency = 16;
    run.script.provider = [&](const SentCall& sent) {
      auto takes = dice.Time(milliseconds(50), seconds(3));
      if (std::stoi(sent.item) % 3 == 0) return FakeReply{.takes = takes};
      bool limited = std::stoi(sent.item) % 3 == 1;
      auto kind = limited ? FailureKind::kRateLimited : FailureKind::kBadReply;
      std::optional<int64_t> wait;
      if (limited) wait = dice.Draw(100, 10'000);
      return FailedReply(MakeFailure(kind, wait), takes);
    };
    auto trace = run.Run({.workers = 16, .seed = seed});
    CHECK(trace.end.exit_code == kSomeFailed);
    CHECK(run.Count(ItemStatus::kDone) == 13);
    CHECK(run.Count(ItemStatus::kFailed) == 27);
    for (const auto& [call, tries] : ByCall(trace.log)) {
      CAPTURE(call);
      bool limited = std::stoi(tries.front().item) % 3 == 1;
      if (!limited) CHECK(static_cast<int64_t>(tries.size()) <= attempts);
      // Once it is too old it is sent no more than once.
      auto old = std::count_if(tries.begin(), tries.end(), [&](const SentCall& sent) {
        return sent.at > tries.front().at + run.config.retry.give_up_after;
      });
      CHECK(old <= 1);
    }
    run.CheckBooks(trace);
  });
}

TEST_CASE("simulation: who is told to wait for longer than max_wait is told when to come back") {
  TestRun run(50);
  run.config.retry.max_wait = minutes(10);
  run.config.providers["p"].limits.concurrency = 8;
  run.script.provider = [&](const SentCall&) {
    if (run.sent() < 20) return FakeReply{};
    Failure failure = MakeFailure(FailureKind::kRateLimited, 2 * 3'600'000);
    failure.status = 429;
    return FailedReply(failure);
  };
  auto trace = run.Run({.workers = 8});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(trace.end.stopped_by.find("come back in 2h") != std::string::npos);
  CHECK(trace.progress.Noticed("come back in 2h"));
  CHECK(run.sent() <= 20 + 8);
  CHECK(run.Count(ItemStatus::kDone) == 20);
  CHECK(run.Count(ItemStatus::kPending) + run.Count(ItemStatus::kWaiting) == 30);
  run.CheckBooks(trace);
}

}  // namespace
}  // namespace muster
