// A provider that goes down while many calls are in the air, and comes back.

#include <doctest/doctest.h>

#include <random>

#include "supervisor/governor/governor.h"
#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Time = Governor::Time;

constexpr int64_t kCalls = 64;

// The most that was sent within a second, among what went at or after `from` and before `to`.
size_t MostInASecond(const std::vector<GovernorWorld::Sent>& sent, Time from, Time to) {
  size_t most = 0;
  for (const auto& first : sent) {
    if (first.when < from || first.when >= to) continue;
    size_t count = 0;
    for (const auto& each : sent) {
      count += each.when >= first.when && each.when < first.when + seconds(1) && each.when < to;
    }
    most = std::max(most, count);
  }
  return most;
}

// A provider that learns from nobody, with 64 places; down between two moments.
struct Downtime {
  FailureKind kind = FailureKind::kNetwork;
  Time from = kStart + seconds(20), to = kStart + seconds(80);
  milliseconds fails_after{300};  // at most
};

class OutageWorld {
 public:
  OutageWorld(const Downtime& downtime, uint64_t seed, std::function<void(Config&)> change = {})
      : downtime_(downtime),
        random_(seed),
        config_(Make(change)),
        governor(config_, seed),
        world(governor, [this](int64_t id, Time now) { return ReplyTo(id, now); }) {
    governor.notice = [this](const std::string& text) { told.emplace_back(world.now, text); };
  }

  // When it was first told, or never.
  Time TimeOf(const std::string& part) const {
    for (const auto& [when, text] : told) {
      if (Contains(text, part)) return when;
    }
    return Time::max();
  }

 private:
  static Config Make(const std::function<void(Config&)>& change) {
    Config config = GovernorConfig(AtOnce(kCalls));
    config.providers["p"].limits.learn = true;
    config.retry.attempts = 2;
    if (change) change(config);
    return config;
  }

  milliseconds Draw(milliseconds least, milliseconds most) {
    return milliseconds(
        std::uniform_int_distribution<int64_t>(least.count(), most.count())(random_));
  }

  // Down is down for those who are in the air, too.
  GovernorWorld::Reply ReplyTo(int64_t id, Time now) {
    if (id == poison) return {milliseconds(100), FailedBy(FailureKind::kServer)};
    milliseconds takes = Draw(milliseconds(200), milliseconds(900));
    bool down_now = now >= downtime_.from && now < downtime_.to;
    if (!down_now && !(now < downtime_.from && now + takes >= downtime_.from)) {
      return {takes, Answered()};
    }
    auto left = std::max(now, downtime_.from) - now;
    return {std::chrono::ceil<milliseconds>(left) + Draw(milliseconds(20), downtime_.fails_after),
            FailedBy(downtime_.kind)};
  }

  Downtime downtime_;
  std::mt19937_64 random_;
  Config config_;

 public:
  Governor governor;
  GovernorWorld world;
  std::vector<std::pair<Time, std::string>> told;
  int64_t poison = 0;  // a call that always fails
};

// Calls that fail together with the first five are told apart from probes by time.
void CheckOutage(const Downtime& downtime) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    OutageWorld down(downtime, seed);
    down.world.KeepBusy(2 * kCalls);
    down.world.RunUntil(downtime.to + seconds(30));
    Time began = down.TimeOf("p seems to be down"), ended = down.TimeOf("p answers again");
    REQUIRE(began >= downtime.from);
    REQUIRE(began <= downtime.from + downtime.fails_after);
    REQUIRE(ended >= downtime.to);
    CHECK(ended <= downtime.to + downtime.fails_after + seconds(6));
    CHECK(down.told.size() == 2);
    size_t probes = 0;
    for (const auto& sent : down.world.sent) probes += sent.when > began && sent.when < ended;
    CHECK(probes >= 5);
    CHECK(MostInASecond(down.world.sent, began + milliseconds(1), ended) == 1);
    // Nobody failed, nobody was stopped, though there are but two attempts.
    CHECK(down.world.given_up.empty());
    CHECK(down.world.stopped.empty());
    CHECK(down.world.refused.empty());
  }
}

TEST_CASE(
    "governor: with 64 calls in the air an outage costs one call a second and nobody's tries") {
  for (FailureKind kind : {FailureKind::kNetwork, FailureKind::kServer, FailureKind::kOverloaded}) {
    CAPTURE(Name(kind));
    CheckOutage({.kind = kind});
  }
}

TEST_CASE("governor: so it is where calls in the air fail late, during the probing") {
  CheckOutage({.kind = FailureKind::kTimeout, .fails_after = seconds(10)});
}

// How long after the outage as many are in the air as before.
milliseconds TimeToRamp(FailureKind kind, uint64_t seed) {
  OutageWorld down({.kind = kind}, seed);
  down.world.KeepBusy(2 * kCalls);
  down.world.RunUntil(kStart + seconds(19));
  REQUIRE(down.world.in_the_air() == kCalls);
  while (down.TimeOf("p answers again") == Time::max() && down.world.now < kStart + minutes(5)) {
    down.world.RunUntil(down.world.now + milliseconds(10));
  }
  Time ended = down.TimeOf("p answers again");
  while (down.world.in_the_air() < kCalls && down.world.now < ended + minutes(5)) {
    down.world.RunUntil(down.world.now + milliseconds(10));
  }
  return std::chrono::ceil<milliseconds>(down.world.now - ended);
}

TEST_CASE("governor: within ten seconds after an outage as many are in the air as before") {
  for (FailureKind kind : {FailureKind::kNetwork, FailureKind::kServer, FailureKind::kOverloaded}) {
    CAPTURE(Name(kind));
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(seed);
      CHECK(TimeToRamp(kind, seed) <= seconds(10));
    }
  }
}

TEST_CASE("governor: a call that always fails does not keep a lane down, whatever its number") {
  for (int64_t poison : {1, 2, 30, 63, 64}) {
    CAPTURE(poison);
    // All calls are there from the start: none comes in that could push it aside.
    OutageWorld down({.from = kStart, .to = kStart + seconds(10)}, 7);
    down.poison = poison;
    for (int64_t id = 1; id <= kCalls; ++id) down.world.Enqueue();
    down.world.RunUntil(kStart + minutes(2));
    CHECK(down.world.answered.size() == kCalls - 1);
    CHECK(down.world.given_up.contains(poison));
    CHECK(down.TimeOf("p answers again") <= kStart + seconds(30));
  }
}

TEST_CASE("governor: a provider that was never reached is stopped after half a minute") {
  Downtime ever{.from = kStart, .to = kStart + hours(100)};
  OutageWorld down(ever, 3);
  down.world.KeepBusy(kCalls);
  down.world.RunUntil(kStart + seconds(25));
  CHECK_FALSE(down.governor.IsStopped("p/m"));
  CHECK(down.world.stopped.empty());
  down.world.RunUntil(kStart + seconds(45));
  CHECK(down.governor.IsStopped("p/m"));
  CHECK_FALSE(down.governor.IsStopped("q/m"));
  CHECK(down.world.stopped.size() >= kCalls);
  CHECK(down.world.given_up.empty());
  REQUIRE(down.governor.StoppedLanes().size() == 1);
  CHECK(down.governor.StoppedLanes()[0].starts_with(
      "p: it has been down for 30.0 s; the last error: it says "));
}

TEST_CASE(
    "governor: a provider that is down for longer than max_wait is stopped, and fails nobody") {
  Downtime long_one{.to = kStart + hours(100)};
  auto change = [](Config& config) { config.retry.max_wait = minutes(2); };
  OutageWorld down(long_one, 3, change);
  down.world.KeepBusy(kCalls);
  down.world.RunUntil(long_one.from + minutes(2) - seconds(5));
  CHECK_FALSE(down.governor.IsStopped("p/m"));
  down.world.RunUntil(long_one.from + minutes(2) + seconds(10));
  CHECK(down.governor.IsStopped("p/m"));
  CHECK(down.world.given_up.empty());
  REQUIRE(down.governor.StoppedLanes().size() == 1);
  CHECK(down.governor.StoppedLanes()[0].starts_with(
      "p: it has been down for 2m00s; the last error: it says "));
}

}  // namespace
}  // namespace muster
