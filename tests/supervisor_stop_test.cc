// Being told to stop: what is in the air is kept, nothing new goes out, nobody is left behind.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Calls of 20 s each, by three workers.
struct SlowRun : TestRun {
  explicit SlowRun(int64_t items = 10) : TestRun(items) {
    script.plan = [](const std::string&) { return Chain(2); };
    script.provider = [](const SentCall&) { return FakeReply{.takes = seconds(20)}; };
  }
  SessionTrace Stopped(std::vector<std::pair<milliseconds, int>> signals) {
    return Run({.workers = 3, .set_up = [signals](FakePool& pool) {
                  for (auto [when, signal] : signals) {
                    pool.After(when, [&pool, signal = signal] { pool.Signal(signal); });
                  }
                }});
  }
};

int64_t SentAfter(const SessionTrace& trace, milliseconds when) {
  return std::count_if(trace.log.begin(), trace.log.end(), [&](const SentCall& sent) {
    return sent.at > trace.began + when + milliseconds(2);
  });
}

TEST_CASE("supervisor: Ctrl+C lets the calls in the air finish and sends no other") {
  SlowRun run;
  auto trace = run.Stopped({{seconds(5), SIGINT}});
  CHECK(trace.end.exit_code == 130);
  CHECK(trace.end.stopped_by == "stopped by Ctrl+C");
  CHECK(SentAfter(trace, seconds(5)) == 0);
  CHECK(trace.log.size() == 3);
  CHECK(run.view().RunTotals().calls == 3);
  CHECK(run.view().RunTotals().unknown_tries == 0);
  CHECK(trace.end.wall >= seconds(20));
  CHECK(trace.end.wall < seconds(22));
  CHECK(run.Count(ItemStatus::kPending) == 10);
  CHECK(run.script.misfits == 0);
  run.CheckBooks(trace);
  auto again = run.Run({.workers = 3});
  CHECK(again.end.exit_code == kAllDone);
  CHECK(run.sent() == 20);  // no call was made twice
  run.CheckBooks(again);
}

TEST_CASE("supervisor: an item whose last call is in the air at Ctrl+C is done") {
  SlowRun run(2);
  auto trace = run.Stopped({{seconds(25), SIGINT}});
  CHECK(run.Count(ItemStatus::kDone) == 2);
  CHECK(run.OutputOf("1") == "s1=1/s1\ns2=1/s2\n");
  CHECK(trace.end.exit_code == 130);
}

TEST_CASE("supervisor: Ctrl+C does not try again what fails afterwards") {
  SlowRun run;
  run.script.provider = [](const SentCall&) {
    return FailedReply(MakeFailure(FailureKind::kOverloaded), seconds(20));
  };
  auto trace = run.Stopped({{seconds(5), SIGINT}});
  CHECK(trace.log.size() == 3);
  CHECK(run.Count(ItemStatus::kPending) == 10);
  CHECK(run.Count(ItemStatus::kFailed) == 0);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: Ctrl+C takes back calls that wait for their turn at once") {
  TestRun run(10);
  run.config.providers["p"].limits.requests_per_minute = 2;
  auto trace = run.Run({.workers = 4, .set_up = [](FakePool& pool) {
                          pool.After(seconds(5), [&pool] { pool.Signal(SIGINT); });
                        }});
  CHECK(trace.end.exit_code == 130);
  CHECK(trace.end.wall < seconds(6));
  CHECK(trace.log.size() == 2);
  CHECK(run.Count(ItemStatus::kDone) == 2);
  CHECK(run.Count(ItemStatus::kPending) == 8);
}

TEST_CASE("supervisor: a second Ctrl+C ends everything at once, the books whole") {
  SlowRun run;
  auto trace = run.Stopped({{seconds(5), SIGINT}, {seconds(6), SIGINT}});
  CHECK(trace.end.exit_code == 130);
  CHECK(trace.end.wall < seconds(6) + milliseconds(500));
  CHECK(trace.alive == 0);
  CHECK(run.view().RunTotals().unknown_tries == 3);
  CHECK(run.Count(ItemStatus::kPending) == 10);
  for (int i = 1; i <= 10; ++i) CHECK(run.RowOf(std::to_string(i)).worker_deaths == 0);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: TERM and HUP wait nine seconds for what is in the air") {
  for (int signal : {SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    SlowRun run;
    auto trace = run.Stopped({{seconds(5), signal}});
    CHECK(trace.end.exit_code == 128 + signal);
    CHECK(trace.end.wall >= seconds(14));
    CHECK(trace.end.wall < seconds(15));
    CHECK(run.view().RunTotals().unknown_tries == 3);
    run.CheckBooks(trace);
    SlowRun soon;
    auto quick = soon.Stopped({{seconds(15), signal}});
    CHECK(quick.end.wall < seconds(22));
    CHECK(soon.view().RunTotals().unknown_tries == 0);
    CHECK(soon.view().RunTotals().calls == 3);
  }
}

TEST_CASE("supervisor: TERM after Ctrl+C sets the grace, Ctrl+C after TERM ends it") {
  SlowRun run;
  auto trace = run.Stopped({{seconds(2), SIGINT}, {seconds(3), SIGTERM}});
  CHECK(trace.end.exit_code == 130);
  CHECK(trace.end.wall >= seconds(12));
  CHECK(trace.end.wall < seconds(13));
  SlowRun other;
  auto ended = other.Stopped({{seconds(2), SIGTERM}, {seconds(3), SIGINT}});
  CHECK(ended.end.wall < seconds(4));
  CHECK(ended.alive == 0);
}

TEST_CASE("supervisor: Ctrl+C before any worker has said hello ends at once") {
  SlowRun run;
  run.script.transit = [] { return milliseconds(500); };
  auto trace = run.Stopped({{milliseconds(1), SIGINT}});
  CHECK(trace.end.exit_code == 130);
  CHECK(trace.log.empty());
  CHECK(trace.alive == 0);
}

TEST_CASE("supervisor: a second Ctrl+C also ends workers that do not stop by themselves") {
  SlowRun run;
  run.script.fault = [](const Point& point) {
    return point.moment == Moment::kStop ? Fault::kSilence : Fault::kNone;
  };
  auto trace = run.Stopped({{seconds(5), SIGINT}, {milliseconds(20'500), SIGINT}});
  CHECK(trace.end.exit_code == 130);
  CHECK(trace.end.wall < seconds(21));
  CHECK(trace.alive == 0);
}

TEST_CASE("supervisor: TERM is over within ten seconds also with workers that do not stop") {
  SlowRun run;
  run.script.fault = [](const Point& point) {
    return point.moment == Moment::kStop ? Fault::kSilence : Fault::kNone;
  };
  auto trace = run.Stopped({{milliseconds(12'000), SIGTERM}});
  CHECK(trace.end.exit_code == 143);
  CHECK(trace.end.wall <= seconds(22));
  CHECK(trace.alive == 0);
  CHECK(run.script.spin < 5);
}

TEST_CASE(
    "supervisor: workers lost while stopping are not replaced, and cost their item nothing new") {
  SlowRun run;
  run.script.fault = [&](const Point& point) {
    return point.moment == Moment::kCalled ? Fault::kDie : Fault::kNone;
  };
  auto trace = run.Stopped({{seconds(5), SIGINT}});
  CHECK(trace.end.exit_code == 130);
  CHECK(run.script.spawned == 3);
  CHECK(run.Count(ItemStatus::kPending) == 10);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a signal at any moment leaves every item where the next run finds it") {
  for (int64_t at_ms = 0; at_ms <= 700; at_ms += 23) {
    CAPTURE(at_ms);
    TestRun run(6);
    run.script.plan = [](const std::string&) { return Fan(3, 2); };
    auto stop = [at_ms](FakePool& pool) {
      pool.After(milliseconds(at_ms), [&pool] { pool.Signal(SIGINT); });
    };
    auto trace = run.Run({.workers = 2, .set_up = stop});
    CHECK(trace.alive == 0);
    run.CheckBooks(trace);
    auto again = run.Run();
    CHECK(again.end.exit_code == kAllDone);
    CHECK(run.sent() == 18);
    CHECK(run.script.misfits == 0);
    run.CheckBooks(again);
  }
}

TEST_CASE("supervisor: SIGCONT redraws and changes nothing else") {
  SlowRun run(2);
  auto trace = run.Stopped({{seconds(5), SIGCONT}});
  CHECK(trace.end.exit_code == kAllDone);
}

}  // namespace
}  // namespace muster
