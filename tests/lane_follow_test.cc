// What a lane learns from how its calls end: that its provider is down, how many it takes, and what
// limits its replies name.

#include <doctest/doctest.h>

#include <vector>

#include "supervisor/governor/lane.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Lane::Time;
using Level = Lane::Level;

const Time kNow{hours(1'000)};
const Tokens kSmall{10, 5};

void Bring(Lane& lane, Landing landing, int64_t call, Time now) {
  lane.Landed(lane.Sent(call, kSmall, now), landing, std::nullopt, now);
}

TEST_CASE("lane: while it is down one call at a time tries it, and any answer opens it") {
  Limits limits;
  limits.concurrency = 8;
  Lane lane(Level::kProvider, "p", limits);
  for (int64_t call = 1; call <= 5; ++call) Bring(lane, Landing::kFailed, call, kNow);
  CHECK(lane.down());
  CHECK(lane.down_since() == kNow);
  CHECK(lane.NextChance(kSmall, kNow) == kNow + seconds(1));
  CHECK(lane.WhyWaiting(kSmall, kNow + milliseconds(400)) ==
        "p has been down for 400 ms: one call tries it in 600 ms");
  Time then = kNow + seconds(1);
  CHECK(lane.Room(then) == 1);
  Flight probe = lane.Sent(6, kSmall, then);
  CHECK_FALSE(lane.MayGo(kSmall, then + hours(1)));
  CHECK(lane.WhyWaiting(kSmall, then) == "p has been down for 1.0 s: one call is trying it");
  lane.Landed(probe, Landing::kAnswered, std::nullopt, then);
  CHECK_FALSE(lane.down());
  CHECK(lane.Room(then) == 8);
}

TEST_CASE("lane: the run and a key are never down, a refusal shows that a provider is not") {
  for (Level level : {Level::kRun, Level::kKey}) {
    Lane lane(level, "the run", {});
    for (int64_t call = 1; call <= 50; ++call) Bring(lane, Landing::kFailed, call, kNow);
    CHECK_FALSE(lane.down());
  }
  Lane lane(Level::kProvider, "p", {});
  for (int64_t call = 1; call <= 50; ++call) {
    Bring(lane, call % 4 == 0 ? Landing::kRefused : Landing::kOverloaded, call, kNow);
  }
  CHECK_FALSE(lane.down());
  CHECK_FALSE(lane.ever_answered());
}

TEST_CASE("lane: refusals of one round count once, those of the next round on top") {
  Lane lane(Level::kModel, "p/m", {}, true, 20);
  std::vector<Flight> flights;
  for (int64_t call = 0; call < 10; ++call) flights.push_back(lane.Sent(call, kSmall, kNow));
  Time now = kNow + seconds(1);
  for (const Flight& flight : flights) lane.Landed(flight, Landing::kRefused, std::nullopt, now);
  CHECK(lane.rejections_in_a_row() == 1);
  CHECK(*lane.slots() < 10);
  lane.Landed(lane.Sent(11, kSmall, now), Landing::kRefused, std::nullopt, now + seconds(1));
  CHECK(lane.rejections_in_a_row() == 2);
  Bring(lane, Landing::kAnswered, 12, now + seconds(2));
  CHECK(lane.rejections_in_a_row() == 0);
}

TEST_CASE("lane: what replies say of limits holds where it follows, and only there") {
  for (bool follow : {true, false}) {
    Lane lane(Level::kModel, "p/m", {}, follow, 100);
    Flight flight = lane.Sent(1, kSmall, kNow);
    lane.Landed(flight, Landing::kAnswered, std::nullopt, kNow);
    lane.Learn(flight, {{LimitUnit::kRequests, 500, 499, {}},
                        {LimitUnit::kInputTokens, 60'000, 0, 60'000}});
    CHECK(lane.MayGo({0, 1'000'000}, kNow));
    CHECK(lane.MayGo({3'000, 0}, kNow) != follow);
    if (!follow) continue;
    Time opens = *lane.NextChance({3'000, 0}, kNow);
    CHECK(opens >= kNow + milliseconds(2'990));
    CHECK(opens <= kNow + milliseconds(3'010));
    CHECK(lane.WhyWaiting({3'000, 0}, kNow) ==
          "p/m is at the provider's limit of 60,000 input tokens: 3.0 s to go");
  }
}

}  // namespace
}  // namespace muster
