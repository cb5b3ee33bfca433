// Limits and lanes: how many calls go, when, and who gives way to whom.

#include <doctest/doctest.h>

#include <algorithm>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("supervisor: no 60 seconds hold more requests than the limit, and it is used up") {
  TestRun run(150);
  run.config.providers["p"].limits.requests_per_minute = 30;
  auto trace = run.Run({.workers = 6});
  CHECK(trace.end.done == 150);
  auto times = TimesOf(trace.log, "p");
  CHECK(MostWithin(times, seconds(60)) == 30);
  CHECK(trace.end.wall < minutes(5) - seconds(30));
  CHECK(run.script.spin < 5);
}

TEST_CASE("supervisor: limits of the run hold over all providers together") {
  TestRun run(40);
  run.config.limits.concurrency = 3;
  run.config.limits.requests_per_minute = 20;
  run.script.plan = [](const std::string& item) {
    return Chain(1, std::stoi(item) % 2 ? "p" : "q");
  };
  auto trace = run.Run({.workers = 8});
  CHECK(trace.end.done == 40);
  CHECK(MostInTheAir(trace.log) == 3);
  std::vector<Clock::Time> times;
  for (const SentCall& sent : trace.log) times.push_back(sent.at);
  CHECK(MostWithin(times, seconds(60)) <= 20);
}

TEST_CASE("supervisor: calls in the air never pass the provider's limit") {
  TestRun run(20);
  run.config.providers["p"].limits.concurrency = 5;
  run.script.plan = [](const std::string&) { return Fan(6, 4); };
  auto trace = run.Run({.workers = 8});
  CHECK(trace.end.done == 20);
  CHECK(MostInTheAir(trace.log) == 5);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a lane that has no room does not hold the calls of another") {
  TestRun run(30);
  run.config.providers["p"].limits.concurrency = 1;
  run.script.plan = [](const std::string& item) {
    return Chain(1, std::stoi(item) <= 3 ? "p" : "q");
  };
  run.script.provider = [](const SentCall& sent) {
    return FakeReply{.takes = sent.provider == "p" ? seconds(100) : seconds(1)};
  };
  auto trace = run.Run({.workers = 4});
  auto others = TimesOf(trace.log, "q");
  CHECK(others.size() == 27);
  CHECK(*std::max_element(others.begin(), others.end()) < trace.began + seconds(40));
  CHECK(trace.end.wall >= seconds(300));
}

TEST_CASE("supervisor: items of a lane that stays closed give way, and come again by themselves") {
  TestRun run(20);
  run.script.plan = [](const std::string& item) {
    return std::stoi(item) <= 4 ? FakePlan{{{{"s1", "q", "m", 0}}, 1}, {{{"s2", "p", "m", 0}}, 1}}
                                : Chain(2, "q");
  };
  bool first = true;
  Clock::Time opens;
  run.script.provider = [&](const SentCall& sent) {
    if (sent.provider == "p" && std::exchange(first, false)) {
      opens = sent.at + milliseconds(100) + minutes(5);
      return FailedReply(MakeFailure(FailureKind::kRateLimited, 300'000));
    }
    return FakeReply{.takes = seconds(1)};
  };
  auto trace = run.Run({.workers = 2});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.Count(ItemStatus::kDone) == 20);
  auto others = TimesOf(trace.log, "q");
  CHECK(*std::max_element(others.begin(), others.end()) < opens);
  int64_t deferred = 0;
  for (const auto& [worker, message] : trace.told)
    deferred += std::holds_alternative<Defer>(message);
  CHECK(deferred >= 2);
  CHECK(run.SentOf("1") == 3);  // its first step was replayed, not sent again
  CHECK(run.RowOf("1").worker_deaths == 0);
  CHECK(run.script.spin < 5);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: with one provider a closed lane is waited for by the workers") {
  TestRun run(6);
  run.script.provider = [&](const SentCall&) {
    return run.sent() == 0 ? FailedReply(MakeFailure(FailureKind::kRateLimited, 300'000))
                           : FakeReply{};
  };
  auto trace = run.Run();
  CHECK(trace.end.done == 6);
  for (int i = 1; i <= 6; ++i) CHECK(run.RowOf(std::to_string(i)).attempts == 1);
}

}  // namespace
}  // namespace muster
