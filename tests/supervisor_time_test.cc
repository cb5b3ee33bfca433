// Items that take longer than they may, and what crosses the word to give them up.

#include <doctest/doctest.h>
#include <signal.h>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("supervisor: an item over its time is cancelled, and retried") {
  TestRun run(4);
  run.config.guard.item_time = seconds(60);
  run.script.provider = [&](const SentCall& sent) {
    bool slow = sent.item == "2" && run.SentOf("2") == 0;
    return FakeReply{.takes = slow ? seconds(300) : seconds(1)};
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.RowOf("2").attempts == 2);
  CHECK(run.script.spawned == 2);  // the worker obeyed: it lives on
  CHECK(run.script.misfits == 0);
  CHECK(trace.end.wall < seconds(80));
  CHECK(run.view().UnknownTries().size() == 1);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a worker that does not obey a cancel is killed") {
  TestRun run(4);
  run.config.guard.item_time = seconds(60);
  run.script.fault = Once(Moment::kCancel, "2", Fault::kSilence);
  run.script.provider = [&](const SentCall& sent) {
    bool slow = sent.item == "2" && run.SentOf("2") == 0;
    return FakeReply{.takes = slow ? seconds(300) : seconds(1)};
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(trace.killed.size() == 1);
  CHECK(trace.killed[0].second == SIGABRT);
  CHECK(run.RowOf("2").worker_deaths == 1);
  CHECK(trace.end.wall < seconds(80));
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: an item that is over its time twice is set aside") {
  TestRun run(3);
  run.config.guard.item_time = seconds(60);
  run.script.provider = [&](const SentCall& sent) {
    return FakeReply{.takes = sent.item == "2" ? seconds(300) : seconds(1)};
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kSomeFailed);
  CHECK(run.StatusOf("2") == ItemStatus::kQuarantined);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a result that crosses its cancel is kept") {
  for (int late_ms = -5; late_ms <= 210; late_ms += 3) {
    CAPTURE(late_ms);
    TestRun run(1);
    run.config.guard.item_time = seconds(60);
    run.script.transit = [] { return milliseconds(15); };
    run.script.provider = [&](const SentCall&) {
      return FakeReply{.takes = run.sent() == 0 ? seconds(60) + milliseconds(late_ms) : seconds(1)};
    };
    auto trace = run.Run({.workers = 1});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(run.script.misfits == 0);
    CHECK(run.sent() == 1 + run.view().RunTotals().unknown_tries);
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: nothing is said to a worker about calls that it was told to give up") {
  for (int late_ms = -5; late_ms <= 210; late_ms += 3) {
    CAPTURE(late_ms);
    TestRun run(2);
    run.config.guard.item_time = seconds(60);
    run.config.providers["p"].limits.concurrency = 1;
    run.script.transit = [] { return milliseconds(15); };
    // f2 gets its turn at about the moment when the item's time is over.
    run.script.plan = [](const std::string&) { return Fan(2, 2); };
    run.script.provider = [&](const SentCall&) {
      return FakeReply{.takes = run.sent() == 0 ? seconds(60) + milliseconds(late_ms) : seconds(1)};
    };
    auto trace = run.Run({.workers = 1});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(run.script.misfits == 0);
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: time spent waiting for verdicts does not count as an item's") {
  TestRun run(6);
  run.config.guard.item_time = seconds(10);
  run.config.providers["p"].limits.requests_per_minute = 1;
  auto trace = run.Run({.workers = 6});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(trace.end.wall >= minutes(5));
  for (int i = 1; i <= 6; ++i) CHECK(run.RowOf(std::to_string(i)).attempts == 1);
}

}  // namespace
}  // namespace muster
