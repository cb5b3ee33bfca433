// What stops a lane, a step or the run: errors that no other try can mend, waits that are too
// long, the guard. Nothing that was not sent fails for it.

#include <doctest/doctest.h>

#include <set>

#include <set>
#include "supervisor/governor/governor.h"

#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Governor::Time;

// Sends call `id` alone and ends it with that failure.
Governor::Consequence Fail(Governor& governor, int64_t id, const Governor::Ask& ask,
                           const Governor::End& end) {
  governor.Enqueue(id, ask);
  REQUIRE(Granted(governor, kStart) == Ids{id});
  return governor.Ended(id, end, kStart);
}

TEST_CASE(
    "governor: a stopped provider drops who waits, who asks later and who would try again, and "
    "fails nobody") {
  Config config = GovernorConfig(AtOnce(3));
  Governor governor(config, 1);
  std::vector<std::string> told;
  governor.notice = [&](const std::string& text) { told.push_back(text); };
  for (int64_t id = 1; id <= 4; ++id) governor.Enqueue(id, AskOf());
  Granted(governor, kStart);
  governor.Ended(1, FailedBy(FailureKind::kRateLimited, 600'000), kStart);
  for (int64_t id : {2, 3}) {
    CHECK(std::holds_alternative<Governor::StopLane>(
        governor.Ended(id, FailedBy(FailureKind::kAuth), kStart)));
  }
  governor.Enqueue(5, AskOf("p", "n"));
  auto verdicts = governor.Grant(kStart);
  CHECK(IdsOf<Governor::Stopped>(verdicts) == Ids{1, 4, 5});
  CHECK(IdsOf<Governor::Refused>(verdicts).empty());
  for (const auto& verdict : verdicts) {
    CHECK(std::get<Governor::Stopped>(verdict).why == "it says auth");
  }
  CHECK(governor.waiting() == 0);
  governor.Enqueue(6, AskOf("q"));
  CHECK(Granted(governor, kStart) == Ids{6});
  CHECK(governor.IsStopped("p/m"));
  CHECK(governor.IsStopped("p/other"));
  CHECK_FALSE(governor.IsStopped("q/m"));
  CHECK(told == std::vector<std::string>{"p is stopped: it says auth"});
  CHECK(governor.StoppedLanes() == std::vector<std::string>{"p: it says auth"});
}

TEST_CASE("governor: a refused key stops all providers that use it, and no other") {
  Config config = GovernorConfig();
  config.providers["r"].limits.learn = false;
  for (const char* name : {"p", "q"}) config.providers[name].key_env = "FIRST_KEY";
  config.providers["r"].key_env = "SECOND_KEY";
  for (FailureKind kind : {FailureKind::kAuth, FailureKind::kQuota}) {
    CAPTURE(Name(kind));
    Governor governor(config, 1);
    CHECK(
        std::holds_alternative<Governor::StopLane>(Fail(governor, 1, AskOf("p"), FailedBy(kind))));
    for (int64_t id : {2, 3, 4}) governor.Enqueue(id, AskOf(id == 2 ? "p" : id == 3 ? "q" : "r"));
    auto verdicts = governor.Grant(kStart);
    CHECK(IdsOf<Governor::Stopped>(verdicts) == Ids{2, 3});
    CHECK(IdsOf<Governor::Granted>(verdicts) == Ids{4});
    auto stopped = governor.StoppedLanes();
    REQUIRE(stopped.size() == 1);
    CHECK(Contains(stopped[0], "key FIRST_KEY: "));
  }
}

TEST_CASE("governor: an unknown model, or a quota of one model, stops that model alone") {
  Governor::End quota = FailedBy(FailureKind::kQuota);
  quota.failure->model_only = true;
  for (const Governor::End& end : {quota, FailedBy(FailureKind::kModelNotFound)}) {
    Config config = GovernorConfig();
    config.providers["p"].key_env = config.providers["q"].key_env = "KEY";
    Governor governor(config, 1);
    Fail(governor, 1, AskOf("p", "m"), end);
    governor.Enqueue(2, AskOf("p", "m"));
    governor.Enqueue(3, AskOf("p", "n"));
    governor.Enqueue(4, AskOf("q", "m"));
    auto verdicts = governor.Grant(kStart);
    CHECK(IdsOf<Governor::Stopped>(verdicts) == Ids{2});
    CHECK(IdsOf<Governor::Granted>(verdicts) == Ids{3, 4});
  }
}

TEST_CASE("governor: a quota that comes back by itself is waited for, unless that takes too long") {
  Config config = GovernorConfig();
  config.providers["p"].key_env = config.providers["q"].key_env = "KEY";
  Governor::End quota = FailedBy(FailureKind::kQuota);
  quota.failure->retry_after_ms = 60'000;
  Governor governor(config, 1);
  CHECK(std::holds_alternative<Governor::Retry>(Fail(governor, 1, AskOf("p"), quota)));
  governor.Enqueue(2, AskOf("q"));  // of the same key
  CHECK(IdsOf<Governor::Granted>(governor.Grant(kStart + std::chrono::seconds(59))).empty());
  Ids granted = IdsOf<Governor::Granted>(governor.Grant(kStart + std::chrono::seconds(61)));
  CHECK(std::set<int64_t>(granted.begin(), granted.end()) == std::set<int64_t>{1, 2});
  CHECK(governor.StoppedLanes().empty());

  quota.failure->retry_after_ms = 5 * 3'600'000;
  Governor stopped(config, 1);
  CHECK(std::holds_alternative<Governor::StopLane>(Fail(stopped, 1, AskOf("p"), quota)));
  REQUIRE(stopped.StoppedLanes().size() == 1);
  CHECK(Contains(stopped.StoppedLanes()[0], "longer than max_wait"));
}

TEST_CASE("governor: a refused schema stops its step, also where it is done for each element") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  Governor::Ask second = AskOf();
  second.step = "s2[1-income]";
  Fail(governor, 1, second, FailedBy(FailureKind::kBadSchema));
  second.step = "s2[2-rent]";
  governor.Enqueue(2, second);
  governor.Enqueue(3, AskOf());
  second.step = "s2";
  governor.Enqueue(4, second);
  Ids stopped, granted;
  for (int turn = 0; turn < 3; ++turn) {
    auto verdicts = governor.Grant(kStart);
    for (int64_t id : IdsOf<Governor::Stopped>(verdicts)) stopped.push_back(id);
    for (int64_t id : IdsOf<Governor::Granted>(verdicts)) granted.push_back(id);
  }
  CHECK(stopped == Ids{2, 4});
  CHECK(granted == Ids{3});
  CHECK(governor.why_stop() == "");
  CHECK(governor.StoppedLanes() == std::vector<std::string>{"step s2: it says bad-schema"});
}

TEST_CASE("governor: a refused schema of the first step stops the run") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  Fail(governor, 1, AskOf(), FailedBy(FailureKind::kBadSchema));
  CHECK(governor.why_stop() == "it says bad-schema");
  governor.Enqueue(2, AskOf("q"));
  CHECK(Dropped(governor, kStart) == Ids{2});
}

TEST_CASE("governor: a limit that opens after max_wait stops the lane, and says when to come") {
  Limits limits;
  limits.rates.push_back({hours(24), 3, {}, {}, {}});
  Config config = GovernorConfig(limits);
  Governor governor(config, 1);
  governor.tell_time = [](Time) { return "2 Jan 14:05"; };
  for (int64_t id = 1; id <= 6; ++id) governor.Enqueue(id, AskOf());
  auto verdicts = governor.Grant(kStart);
  CHECK(IdsOf<Governor::Granted>(verdicts) == Ids{1, 2, 3});
  CHECK(IdsOf<Governor::Stopped>(verdicts) == Ids{4, 5, 6});
  CHECK(std::get<Governor::Stopped>(verdicts.back()).why ==
        "p has used 3 of 3 requests in a day: 24h00m to go, longer than max_wait (15m00s); come "
        "back in 24h00m (2 Jan 14:05)");
  governor.Ended(1, Answered(), kStart);
  CHECK(governor.StoppedLanes().size() == 1);
}

TEST_CASE(
    "governor: a lane that would have to wait for too long stops when its room is asked for") {
  Limits limits;
  limits.rates.push_back({hours(24), 1, {}, {}, {}});
  Config config = GovernorConfig(limits);
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf());
  Granted(governor, kStart);
  CHECK_FALSE(governor.IsStopped("p/m"));
  CHECK(governor.Room("p/m", kStart) == 0);
  CHECK(governor.IsStopped("p/m"));
}

// ---- guard ----

TEST_CASE("governor: so many calls in a row that fail for good stop the run, over all lanes") {
  Config config = GovernorConfig();
  config.guard.consecutive_errors = 4;
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 20; ++id) governor.Enqueue(id, AskOf(id % 2 ? "p" : "q"));
  REQUIRE(Granted(governor, kStart).size() == 20);
  auto fail = [&](int64_t id) { governor.Ended(id, FailedBy(FailureKind::kBadRequest), kStart); };
  for (int64_t id : {7, 3, 12}) fail(id);
  governor.Ended(1, Answered(), kStart);
  for (int64_t id : {2, 20, 15}) fail(id);
  governor.Ended(4, FailedBy(FailureKind::kRateLimited), kStart);  // no failure for good
  governor.Enqueue(30, AskOf("q"));
  CHECK(governor.why_stop() == "");
  fail(6);
  CHECK(governor.why_stop() == "4 calls in a row failed, the last one: it says bad-request");
  CHECK(Dropped(governor, kStart) == Ids{4, 30});
  // Those in the air come home as they would have.
  CHECK(std::holds_alternative<Governor::Keep>(governor.Ended(5, Answered(), kStart)));
}

TEST_CASE("governor: too large a share of failed calls stops the run") {
  Config config = GovernorConfig();
  config.guard.error_rate = 0.3;
  Governor governor(config, 1);
  GovernorWorld world(governor, [](int64_t id, Time) {
    bool bad = id > 100 && id % 3 > 0;
    return GovernorWorld::Reply{milliseconds(100 + id % 7 * 50),
                                bad ? FailedBy(FailureKind::kBadRequest) : Answered()};
  });
  world.KeepBusy(8);
  world.RunUntil(kStart + seconds(60));
  CHECK(Contains(governor.why_stop(), "15 of the latest 50 calls failed"));
  CHECK(world.given_up.size() >= 15);
  CHECK(world.given_up.size() <= 15 + 8);
  CHECK(governor.in_the_air() == 0);
}

}  // namespace
}  // namespace muster
