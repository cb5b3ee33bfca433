// Workers that die, fall silent or cannot start: each costs one attempt, never the run.

#include <doctest/doctest.h>
#include <signal.h>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("supervisor: a worker that dies costs one attempt, wherever it dies") {
  for (Moment moment :
       {Moment::kItem, Moment::kCall, Moment::kGo, Moment::kCalled, Moment::kDone}) {
    for (Fault fault : {Fault::kDie, Fault::kExit}) {
      if (fault == Fault::kExit && (moment == Moment::kItem || moment == Moment::kGo)) continue;
      CAPTURE(static_cast<int>(moment));
      CAPTURE(static_cast<int>(fault));
      TestRun run(8);
      run.script.plan = [](const std::string&) { return Chain(2); };
      run.script.fault = Once(moment, "3", fault);
      auto trace = run.Run();
      CHECK(trace.end.exit_code == kAllDone);
      CHECK(run.Count(ItemStatus::kDone) == 8);
      CHECK(run.RowOf("3").attempts == 2);
      CHECK(run.RowOf("3").worker_deaths == 1);
      CHECK(run.script.spawned == 3);
      bool in_the_air = moment == Moment::kGo || moment == Moment::kCalled;
      CHECK(run.view().UnknownTries().size() == (in_the_air ? 1 : 0));
      CHECK(run.sent() == (in_the_air ? 17 : 16));
      run.CheckBooks(trace);
    }
  }
}

TEST_CASE("supervisor: calls in the air of a lost worker are unknown, with their worst case") {
  TestRun run(1);
  run.script.plan = [](const std::string&) { return Fan(3, 3); };
  run.script.fault = [n = 0](const Point& point) mutable {
    return point.moment == Moment::kGo && ++n == 3 ? Fault::kDie : Fault::kNone;
  };
  auto trace = run.Run();
  CHECK(trace.end.done == 1);
  auto unknown = run.view().UnknownTries();
  REQUIRE(unknown.size() == 3);
  Picodollars worst = 2000 * run.script.input_price + 500 * run.script.output_price;
  for (const UnknownTry& each : unknown) CHECK(each.worst == worst);
  CHECK(run.view().RunTotals().unknown_cost == 3 * worst);
  CHECK(run.sent() == 6);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: answers that a lost worker had kept are replayed, not paid again") {
  TestRun run(1);
  run.script.plan = [](const std::string&) { return Chain(7); };
  run.script.fault = [](const Point& point) {
    bool here = point.moment == Moment::kGo && point.step == "s6" && point.attempt == 1;
    return here ? Fault::kDie : Fault::kNone;
  };
  auto trace = run.Run();
  CHECK(trace.end.done == 1);
  CHECK(run.sent() == 8);
  CHECK(trace.progress.ends.back().calls_replayed == 5);
  CHECK(trace.progress.ends.back().calls_made == 2);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: an item that kills its worker twice is set aside, the rest is done") {
  TestRun run(30);
  run.script.fault = Once(Moment::kGo, "7", Fault::kDie, 99);
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.exit_code == kSomeFailed);
  CHECK(run.StatusOf("7") == ItemStatus::kQuarantined);
  CHECK(run.RowOf("7").reason.find("SIGSEGV") != std::string::npos);
  CHECK(run.RowOf("7").attempts == 2);
  CHECK(run.Count(ItemStatus::kDone) == 29);
  auto again = run.Run();
  CHECK(again.log.empty());
  CHECK(again.end.exit_code == kSomeFailed);
  run.CheckBooks(again);
}

TEST_CASE("supervisor: deaths of an item's workers are counted over sessions") {
  TestRun run(2);
  run.script.fault = Once(Moment::kItem, "1", Fault::kDie, 99);
  auto first = run.Run({.workers = 1, .set_up = [](FakePool& pool) {
                          pool.After(milliseconds(20), [] { throw Crash{}; });
                        }});
  REQUIRE(first.crashed);
  auto second = run.Run({.workers = 1});
  CHECK(run.StatusOf("1") == ItemStatus::kQuarantined);
  CHECK(run.RowOf("1").attempts == 2);
  CHECK(run.StatusOf("2") == ItemStatus::kDone);
}

TEST_CASE("supervisor: lost workers are replaced later and later, and a storm ends the run") {
  TestRun run(100);
  std::vector<Clock::Time> starts;
  run.script.fault = [&](const Point& point) {
    return point.moment == Moment::kHello ? Fault::kDie : Fault::kNone;
  };
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(trace.end.stopped_by.find("died") != std::string::npos);
  CHECK(run.script.spawned <= 3 * 4 + 4 + 4);
  CHECK(trace.end.wall < minutes(1));
  CHECK(trace.end.wall > milliseconds(500));
  CHECK(run.Count(ItemStatus::kPending) == 100);
  CHECK(trace.alive == 0);
  CHECK(run.script.spin < 5);
}

TEST_CASE("supervisor: now and then a death among items that are done is no storm") {
  TestRun run(60);
  run.script.fault = [](const Point& point) {
    bool here = point.moment == Moment::kGo && std::stoi(point.item) % 3 == 0 && point.attempt == 1;
    return here ? Fault::kDie : Fault::kNone;
  };
  auto trace = run.Run({.workers = 3});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.view().UnknownTries().size() == 20);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a worker that falls silent is aborted and its item retried") {
  for (Moment moment :
       {Moment::kItem, Moment::kCall, Moment::kGo, Moment::kCalled, Moment::kDone}) {
    CAPTURE(static_cast<int>(moment));
    TestRun run(6);
    run.script.fault = Once(moment, "2", Fault::kSilence);
    auto trace = run.Run();
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(run.RowOf("2").attempts == 2);
    REQUIRE(trace.killed.size() == 1);
    CHECK(trace.killed[0].second == SIGABRT);
    CHECK(trace.end.wall >= run.config.guard.worker_silence);
    CHECK(trace.end.wall <= run.config.guard.worker_silence + seconds(10));
    CHECK(run.script.spin < 5);
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: a worker that never says hello is replaced") {
  TestRun run(3);
  run.script.fault = [](const Point& point) {
    return point.moment == Moment::kHello && point.worker == 1 ? Fault::kSilence : Fault::kNone;
  };
  auto trace = run.Run({.workers = 1});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.script.spawned == 2);
}

TEST_CASE("supervisor: a worker that is being killed for silence gets no other item") {
  TestRun run(6);
  run.script.dying = seconds(3);
  // Its answer takes longer than it may be silent, which is less than the 5 s between two `alive`;
  // it is done while it dies.
  run.config.guard.worker_silence = seconds(3);
  run.script.provider = [&](const SentCall&) {
    return FakeReply{.takes = milliseconds(run.sent() == 0 ? 4'500 : 1'000)};
  };
  auto trace = run.Run({.workers = 1});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(trace.killed == std::vector<std::pair<WorkerId, int>>{{1, SIGABRT}});
  for (int i = 2; i <= 6; ++i) CHECK(run.RowOf(std::to_string(i)).attempts == 1);
  CHECK(run.sent() == 6);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a worker that says it can never start ends the run with its reason") {
  TestRun run(5);
  run.script.fault = [](const Point& point) {
    return point.moment == Moment::kHello ? Fault::kBootFailure : Fault::kNone;
  };
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.exit_code == kBadInput);
  CHECK(trace.end.stopped_by.find("no such model file") != std::string::npos);
  CHECK(run.sent() == 0);
  CHECK(run.script.spawned <= 4);
  CHECK(trace.alive == 0);
}

TEST_CASE("supervisor: a worker of another build ends the run before anything is sent") {
  TestRun run(5);
  run.script.fault = [](const Point& point) {
    return point.moment == Moment::kHello ? Fault::kOtherBuild : Fault::kNone;
  };
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.exit_code == kBadInput);
  CHECK(trace.end.stopped_by.find("different builds") != std::string::npos);
  CHECK(run.sent() == 0);
  CHECK(trace.alive == 0);
}

TEST_CASE("supervisor: when no worker can be started the run ends with the reason") {
  TestRun run(5);
  auto trace = run.Run({.set_up = [](FakePool& pool) { pool.cannot_spawn = "no such program"; }});
  CHECK(trace.end.exit_code == kBadInput);
  CHECK(trace.end.stopped_by.find("no such program") != std::string::npos);
}

TEST_CASE("supervisor: with fewer workers than asked for the run goes on") {
  TestRun run(10);
  auto trace = run.Run({.workers = 4, .set_up = [&run](FakePool& pool) {
                          pool.After(milliseconds(0), [] {});
                          run.script.fault = [&pool](const Point& point) {
                            if (point.moment == Moment::kHello) pool.cannot_spawn = "no memory";
                            return Fault::kNone;
                          };
                        }});
  CHECK(trace.end.exit_code == kAllDone);
}

TEST_CASE("supervisor: however workers die, no permit is lost") {
  TestRun run(40);
  run.config.providers["p"].limits.concurrency = 3;
  run.config.guard.worker_deaths = 5;
  run.script.plan = [](const std::string&) { return Fan(4, 3); };
  run.script.fault = [n = 0](const Point& point) mutable {
    bool here = point.moment == Moment::kGo || point.moment == Moment::kCalled;
    return here && ++n % 11 == 0 ? Fault::kDie : Fault::kNone;
  };
  auto trace = run.Run({.workers = 5});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(MostInTheAir(trace.log) <= 3);
  CHECK(trace.in_the_air == 0);
  CHECK(trace.waiting == 0);
  run.CheckBooks(trace, true);
}

}  // namespace
}  // namespace muster
