// What probes cost and what they hold up, step by step.

#include <doctest/doctest.h>

#include "supervisor/governor/governor.h"
#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Time = Governor::Time;

TEST_CASE("governor: a probe whose worker is lost does not block the lane") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 9; ++id) governor.Enqueue(id, AskOf());
  Granted(governor, kStart);
  governor.Ended(9, Answered(), kStart);
  for (int64_t id = 1; id <= 8; ++id) governor.Ended(id, FailedBy(FailureKind::kNetwork), kStart);
  Time now = kStart;
  for (int lost = 0; lost < 5; ++lost) {
    now += seconds(10);
    Ids probe = Granted(governor, now);
    REQUIRE(probe.size() == 1);
    CHECK(governor.Grant(now + seconds(10)).empty());
    governor.Forget(probe[0]);
  }
  Ids last = Granted(governor, now += seconds(10));
  REQUIRE(last.size() == 1);
  governor.Ended(last[0], Answered(), now);
  CHECK(Granted(governor, now).size() == 2);
}

TEST_CASE("governor: probes that fail cost their calls no attempt") {
  Config config = GovernorConfig();
  config.retry.attempts = 2;
  config.retry.base = config.retry.most = hours(1);
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 10; ++id) governor.Enqueue(id, AskOf());
  Granted(governor, kStart);
  governor.Ended(10, Answered(), kStart);
  for (int64_t id = 1; id <= 9; ++id) governor.Ended(id, FailedBy(FailureKind::kServer), kStart);
  // The first four failed before anyone could know; after that it is no fault of a call.
  Time now = kStart;
  std::set<int64_t> probed;
  for (int probe = 0; probe < 27; ++probe) {
    Ids ids = Granted(governor, now += seconds(5));
    REQUIRE(ids.size() == 1);
    probed.insert(ids[0]);
    auto after = governor.Ended(ids[0], FailedBy(FailureKind::kServer), now);
    CHECK(std::holds_alternative<Governor::Retry>(after));
  }
  CHECK(probed.size() == 9);  // each in its turn
  governor.Enqueue(11, AskOf());
  Ids last = Granted(governor, now += seconds(5));
  REQUIRE(last.size() == 1);
  governor.Ended(last[0], Answered(), now);
  Granted(governor, now);
  for (int64_t id : {5, 6, 7, 8, 9}) {
    CAPTURE(id);
    if (id == last[0]) continue;
    auto after = governor.Ended(id, FailedBy(FailureKind::kBadReply), now);
    CHECK(std::holds_alternative<Governor::Retry>(after));
  }
}

TEST_CASE("governor: of a provider that works, one model may be down by itself") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 20; ++id) governor.Enqueue(id, AskOf("p", id % 2 ? "m" : "n"));
  Granted(governor, kStart);
  for (int64_t id = 1; id <= 20; ++id) {
    governor.Ended(id, id % 2 ? FailedBy(FailureKind::kServer) : Answered(), kStart);
  }
  for (int64_t id = 21; id <= 24; ++id) governor.Enqueue(id, AskOf("p", "n"));
  CHECK(Granted(governor, kStart) == Ids{21, 22, 23, 24});
  CHECK(governor.OpensAt("p/m", kStart) == kStart + seconds(1));
  CHECK(Granted(governor, kStart + seconds(1)).size() == 1);
  CHECK(Granted(governor, kStart + seconds(1)).empty());
}

TEST_CASE("governor: what waits to be tried again waits for the end of the outage instead") {
  Config config = GovernorConfig();
  config.retry.base = config.retry.most = hours(1);
  Governor governor(config, 5);
  for (int64_t id = 1; id <= 5; ++id) governor.Enqueue(id, AskOf());
  Granted(governor, kStart);
  for (int64_t id = 1; id <= 5; ++id) governor.Ended(id, FailedBy(FailureKind::kNetwork), kStart);
  Ids probe = Granted(governor, kStart + seconds(1));
  REQUIRE(probe.size() == 1);
  governor.Ended(probe[0], Answered(), kStart + seconds(2));
  CHECK(Granted(governor, kStart + seconds(2)).size() == 4);
}

}  // namespace
}  // namespace muster
