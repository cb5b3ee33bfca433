// Clocks that jump. What counts time is the steady clock; the wall clock only says how long ago the
// last session was.

#include <doctest/doctest.h>

#include "supervisor/governor_start.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The steady clock of another one, and a wall clock that differs from it by so much.
class JumpedClock : public Clock {
 public:
  JumpedClock(const Clock& clock, milliseconds ahead) : clock_(clock), ahead_(ahead) {}
  Time Now() const override { return clock_.Now(); }
  int64_t WallMs() const override { return clock_.WallMs() + ahead_.count(); }

 private:
  const Clock& clock_;
  milliseconds ahead_;
};

}  // namespace

TEST_CASE(
    "clock: a wall clock that was set back or ahead between sessions holds up no call for long") {
  for (milliseconds jump : {milliseconds(-hours(24 * 366)), milliseconds(-minutes(5)),
                            milliseconds(seconds(30)), milliseconds(hours(24 * 366))}) {
    CAPTURE(jump.count());
    TestRun run(10);
    run.config.providers["p"].limits.requests_per_minute = 10;
    CHECK(run.Run({.workers = 4}).end.exit_code == kAllDone);
    JumpedClock clock(run.clock, jump);
    Governor governor(run.config, 1);
    PrimeGovernor(governor, run.config, run.view(), clock);
    auto opens = governor.OpensAt("p/m", run.clock.Now());
    if (opens) CHECK(*opens <= run.clock.Now() + seconds(62));
  }
}

}  // namespace muster
