// Workers that say what does not fit: one is killed, nothing else notices.

#include <doctest/doctest.h>
#include <signal.h>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("supervisor: a worker that breaks the protocol is killed, its item retried") {
  struct Break {
    Moment moment;
    Fault fault;
  };
  for (Break each : {
           Break{Moment::kCall, Fault::kWrongItem},
           {Moment::kCall, Fault::kWrongAttempt},
           {Moment::kCall, Fault::kTwice},
           {Moment::kCall, Fault::kAgain},
           {Moment::kCalled, Fault::kWrongItem},
           {Moment::kCalled, Fault::kWrongAttempt},
           {Moment::kCalled, Fault::kWrongCall},
           {Moment::kCalled, Fault::kTwice},
           {Moment::kCalled, Fault::kNeither},
           {Moment::kGo, Fault::kReject},
           {Moment::kGo, Fault::kDoneEarly},
           {Moment::kDone, Fault::kWrongItem},
           {Moment::kDone, Fault::kWrongAttempt},
           {Moment::kItem, Fault::kGiveUp},
       }) {
    CAPTURE(static_cast<int>(each.moment));
    CAPTURE(static_cast<int>(each.fault));
    TestRun run(6);
    run.script.fault = Once(each.moment, "2", each.fault);
    auto trace = run.Run();
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(run.Count(ItemStatus::kDone) == 6);
    CHECK(run.RowOf("2").attempts == 2);
    CHECK(run.script.spawned == 3);
    REQUIRE(trace.killed.size() == 1);
    CHECK(trace.killed[0].second == SIGKILL);
    run.CheckBooks(trace, true);
  }
}

TEST_CASE("supervisor: rejecting a call that waits to be tried again breaks the protocol") {
  TestRun run(2);
  run.script.fault = Once(Moment::kGo, "1", Fault::kReject);
  run.script.transit = [] { return milliseconds(50); };
  run.script.provider = [&](const SentCall& sent) {  // its failure overtakes the rejection
    return sent.item == "1" && sent.attempt == 1
               ? FailedReply(MakeFailure(FailureKind::kRateLimited, 60'000), milliseconds(0))
               : FakeReply{};
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kAllDone);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a double `done` ends the worker, and no item twice") {
  TestRun run(5);
  run.script.fault = Once(Moment::kDone, "2", Fault::kTwice);
  auto trace = run.Run({.workers = 1});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(trace.end.done == 5);
  CHECK(run.RowOf("2").attempts == 1);
  CHECK(run.script.spawned == 2);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: what a killed worker still says does no harm") {
  for (int64_t dying_ms : {1, 150, 400, 3'000}) {
    CAPTURE(dying_ms);
    TestRun run(6);
    run.script.dying = milliseconds(dying_ms);
    run.script.plan = [](const std::string&) { return Chain(2); };
    run.script.fault = Once(Moment::kCall, "2", Fault::kWrongItem);
    auto trace = run.Run();
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(run.Count(ItemStatus::kDone) == 6);
    CHECK(run.sent() == 12);
    CHECK(trace.end.done == 6);
    run.CheckBooks(trace);
  }
}

}  // namespace
}  // namespace muster
