// Lanes in simulated runs: who waits for whom, in what order, and that nobody waits for ever.

#include <map>
#include <set>

#include "tests/simulation_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

FakeStep OneCall(const std::string& step, const std::string& provider) {
  return {{{step, provider, "m"}}, 1};
}

// p is slow and takes one call at a time, q is quick. An item's plan is a word of the two.
class SlowLaneRun {
 public:
  SlowLaneRun(uint64_t seed, int64_t items, const std::vector<std::string>& words)
      : dice(seed), run(items) {
    run.config.providers["p"].limits.concurrency = 1;
    run.config.providers["q"].limits.concurrency = 8;
    for (int64_t i = 1; i <= items; ++i) {
      words_[std::to_string(i)] =
          words[static_cast<size_t>(dice.Draw(0, static_cast<int64_t>(words.size()) - 1))];
    }
    run.script.plan = [this](const std::string& item) {
      FakePlan plan;
      for (char lane : words_.at(item)) {
        plan.push_back(OneCall(fmt::format("s{}", plan.size() + 1), std::string(1, lane)));
      }
      return plan;
    };
    run.script.provider = [this](const SentCall& sent) {
      bool slow = sent.provider == "p";
      return FakeReply{.takes = slow ? seconds(20) : dice.Time(milliseconds(500), seconds(1))};
    };
  }

  // The longest time in which q had nothing to do although it has had something later.
  milliseconds LongestPauseOfQ() const {
    auto quiet_since = run.script.log.front().at;
    milliseconds longest{0};
    for (const SentCall& sent : run.script.log) {
      if (sent.provider != "q") continue;
      longest = std::max(longest, std::chrono::duration_cast<milliseconds>(sent.at - quiet_since));
      if (sent.ended) quiet_since = std::max(quiet_since, *sent.ended);
    }
    return longest;
  }

  // Nothing was asked for twice, and every answer has come to its output.
  void CheckEach() const {
    for (const auto& [item, word] : words_) {
      CAPTURE(item);
      CHECK(run.StatusOf(item) == ItemStatus::kDone);
      CHECK(run.SentOf(item) == static_cast<int64_t>(word.size()));
      std::string output;
      for (size_t i = 1; i <= word.size(); ++i) output += fmt::format("s{0}={1}/s{0}\n", i, item);
      CHECK(run.OutputOf(item) == output);
    }
  }

  const std::string& WordOf(const std::string& item) const { return words_.at(item); }

  Dice dice;
  TestRun run;

 private:
  std::map<std::string, std::string> words_;
};

// Positions of the items at their first call of that lane, in the order of time.
std::vector<int64_t> FirstCalls(const std::vector<SentCall>& log, const std::string& provider,
                                const std::string& step) {
  std::vector<int64_t> positions;
  std::set<std::string> seen;
  for (const SentCall& sent : log) {
    if (sent.provider != provider || sent.step != step || !seen.insert(sent.item).second) continue;
    positions.push_back(std::stoll(sent.item));
  }
  return positions;
}

TEST_CASE("simulation: a slow lane never holds all workers while another has work and room") {
  ForEachSeed(8, [](uint64_t seed) {
    SlowLaneRun test(seed, 80, {"p", "q", "q", "q"});
    auto trace = test.run.Run({.workers = 4, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    test.CheckEach();
    CHECK(test.LongestPauseOfQ() < seconds(2));
    CHECK(trace.progress.ends.size() == 80);  // nobody had to give way
    auto slow = FirstCalls(trace.log, "p", "s1"), quick = FirstCalls(trace.log, "q", "s1");
    CHECK(std::is_sorted(slow.begin(), slow.end()));
    CHECK(std::is_sorted(quick.begin(), quick.end()));
    test.run.CheckBooks(trace);
  });
}

TEST_CASE("simulation: items whose second step is the slow lane's give way, and lose nothing") {
  ForEachSeed(8, [](uint64_t seed) {
    SlowLaneRun test(seed, 40, {"qp", "q", "qq", "qpq"});
    auto trace = test.run.Run({.workers = 4, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    test.CheckEach();
    CHECK(trace.progress.ends.size() > 40);
    CHECK(test.run.Count(ItemStatus::kWaiting) == 0);
    // p is in use from its first call to its last, but for the moments between two calls.
    std::vector<SentCall> slow;
    std::copy_if(trace.log.begin(), trace.log.end(), std::back_inserter(slow), OfProvider("p"));
    auto used = seconds(20) * static_cast<int64_t>(slow.size());
    CHECK(*slow.back().ended - slow.front().at < used + seconds(3));
    test.run.CheckBooks(trace);
  });
}

// The quick work is done while the slow lane is still at its first few calls.
TEST_CASE("simulation: what needs only the quick lane does not wait for the slow one") {
  ForEachSeed(8, [](uint64_t seed) {
    SlowLaneRun test(seed, 60, {"qp", "q", "qq"});
    auto trace = test.run.Run({.workers = 4, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(test.LongestPauseOfQ() < seconds(3));
    auto last = trace.began;
    for (const SentCall& sent : trace.log) {
      if (test.WordOf(sent.item).find('p') == std::string::npos) last = std::max(last, sent.at);
    }
    CHECK(last < trace.began + seconds(60));
  });
}

TEST_CASE("simulation: the order within a lane is the source's, also among those that gave way") {
  ForEachSeed(10, [](uint64_t seed) {
    SlowLaneRun test(seed, 30, {"qp"});
    auto trace = test.run.Run({.workers = 4, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    auto first = FirstCalls(trace.log, "q", "s1");
    CHECK(std::is_sorted(first.begin(), first.end()));
    std::set<int64_t> parked;
    for (const ItemReport& report : trace.progress.ends) {
      if (report.status == ItemStatus::kWaiting) parked.insert(std::stoll(report.id));
    }
    CHECK(parked.size() > 10);
    auto second = FirstCalls(trace.log, "p", "s2");
    CHECK(second.size() == 30);
    std::erase_if(second, [&](int64_t item) { return !parked.contains(item); });
    CHECK(std::is_sorted(second.begin(), second.end()));
  });
}

TEST_CASE("simulation: parked items survive kill -9 and workers' deaths") {
  ForEachSeed(12, [](uint64_t seed) {
    SlowLaneRun test(seed, 30, {"qp", "q", "qpq"});
    test.run.config.guard.worker_deaths = 9;
    auto when = test.dice.Time(seconds(1), seconds(200));
    auto first = test.run.Run({.workers = 4, .set_up = KilledAfter(when)});
    test.run.script.fault = [&](const Point&) {
      return test.dice.Chance(0.01) ? Fault::kDie : Fault::kNone;
    };
    auto trace = test.run.Run({.workers = 4, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(test.run.Count(ItemStatus::kDone) == 30);
    CHECK(trace.in_the_air == 0);
    int64_t wanted = 0;
    for (int i = 1; i <= 30; ++i) {
      wanted += static_cast<int64_t>(test.WordOf(std::to_string(i)).size());
    }
    CHECK(test.run.sent() <= wanted + test.run.view().RunTotals().unknown_tries);
    test.run.CheckBooks(trace, true);
  });
}

TEST_CASE("simulation: items of which no lane is known are done too, each call once") {
  ForEachSeed(10, [](uint64_t seed) {
    SlowLaneRun test(seed, 30, {"p", "qp", "q"});
    auto trace = test.run.Run({.workers = 4, .lanes_known = false, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    test.CheckEach();
    test.run.CheckBooks(trace);
  });
}

// One lane is always full of calls; a call that needs more of the limit than is ever left at once
// gets its turn.
TEST_CASE("simulation: small calls do not overtake a large one for ever") {
  TestRun run(120);
  run.config.providers["p"].limits.concurrency = 16;
  run.config.providers["p"].limits.rates.push_back({seconds(10), {}, 1'000, {}, {}});
  run.script.plan = [](const std::string& item) {
    FakeCall call;
    call.input_most = call.input_estimate = item == "20" ? 990 : 50;
    call.output_most = 0;
    return FakePlan{{{call}, 1}};
  };
  run.script.provider = [](const SentCall& sent) {
    return FakeReply{.takes = seconds(1), .usage = Usage{sent.input_most, 0, 0, 0, 0}};
  };
  auto trace = run.Run({.workers = 16});
  CHECK(trace.end.exit_code == kAllDone);
  auto order = FirstCalls(trace.log, "p", "ask");
  auto place = std::find(order.begin(), order.end(), 20) - order.begin();
  CHECK(place < 40);
}

TEST_CASE("simulation: however many workers die, however they do, every item has its end") {
  ForEachSeed(12, [](uint64_t seed) {
    Dice dice(seed);
    TestRun run(100);
    run.config.guard.worker_deaths = 3;
    run.config.providers["p"].limits.concurrency = dice.Draw(2, 20);
    run.config.providers["q"].limits.requests_per_minute = dice.Draw(100, 300);
    run.script.dying = dice.Time(milliseconds(0), milliseconds(500));
    run.script.plan = [](const std::string& item) {
      auto width = static_cast<size_t>(std::stoi(item) % 3 + 1);
      return Fan(4, width, std::stoi(item) % 2 ? "p" : "q");
    };
    run.script.provider = [&](const SentCall&) {
      return FakeReply{.takes = dice.Time(milliseconds(50), seconds(5))};
    };
    static constexpr Fault kFaults[] = {Fault::kDie,       Fault::kExit,         Fault::kSilence,
                                        Fault::kWrongItem, Fault::kWrongAttempt, Fault::kWrongCall,
                                        Fault::kTwice,     Fault::kNeither,      Fault::kReject,
                                        Fault::kDoneEarly, Fault::kGiveUp,       Fault::kAgain};
    run.script.fault = [&](const Point&) {
      return dice.Chance(0.02) ? kFaults[dice.Draw(0, 11)] : Fault::kNone;
    };
    auto trace = run.Run({.workers = 64, .seed = seed});
    CHECK((trace.end.exit_code == kAllDone || trace.end.exit_code == kSomeFailed));
    CHECK(run.Count(ItemStatus::kDone) + run.Count(ItemStatus::kQuarantined) == 100);
    CHECK(trace.in_the_air == 0);
    CHECK(trace.waiting == 0);
    CHECK(trace.alive == 0);
    CHECK(run.script.misfits == 0);
    run.CheckBooks(trace, true);
  });
}

}  // namespace
}  // namespace muster
