#include "supervisor/governor/lane.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Lane::Time;
using Level = Lane::Level;

const Time kNow{hours(1'000)};
const Tokens kSmall{10, 5};

Limits AtOnce(int64_t concurrency) {
  Limits limits;
  limits.concurrency = concurrency;
  return limits;
}

Limits PerMinute(int64_t requests) {
  Limits limits;
  limits.requests_per_minute = requests;
  return limits;
}

Lane MakeLane(const Limits& limits) { return Lane(Level::kProvider, "p", limits); }

// Sent and answered at once.
void Pass(Lane& lane, Time now, const Tokens& tokens = kSmall) {
  lane.Landed(lane.Sent(1, tokens, now), Landing::kAnswered, std::nullopt, now);
}

TEST_CASE("lane: without limits everything may go") {
  Lane lane = MakeLane({});
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(lane.MayGo(kSmall, kNow));
    lane.Sent(i, kSmall, kNow);
  }
  CHECK(lane.NextChance(kSmall, kNow) == kNow);
  CHECK(lane.Room(kNow) == std::nullopt);
  CHECK(lane.slots() == std::nullopt);
  CHECK(lane.in_the_air() == 1'000);
}

TEST_CASE("lane: what is in the air takes slots until it has ended, however it ends") {
  for (Landing landing : {Landing::kAnswered, Landing::kRefused, Landing::kOverloaded,
                          Landing::kFailed, Landing::kVanished}) {
    Lane lane = MakeLane(AtOnce(2));
    CHECK(lane.Room(kNow) == 2);
    Flight flight = lane.Sent(1, kSmall, kNow);
    CHECK(lane.MayGo(kSmall, kNow));
    CHECK(lane.Room(kNow) == 1);
    lane.Sent(2, kSmall, kNow);
    CHECK_FALSE(lane.MayGo(kSmall, kNow + hours(1)));
    CHECK(lane.NextChance(kSmall, kNow) == std::nullopt);
    CHECK(lane.Room(kNow) == 0);
    CHECK(lane.WhyWaiting(kSmall, kNow) == "p has 2 of 2 calls in the air");
    lane.Landed(flight, landing, std::nullopt, kNow);
    CHECK(lane.in_the_air() == 1);
    CHECK(lane.MayGo(kSmall, kNow));
  }
}

struct Sent {
  Time when;
  std::array<int64_t, kLimitUnits> amounts;
};

TEST_CASE("lane: windows of all units and lengths hold together, over random calls") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t least, int64_t most) {
      return std::uniform_int_distribution<int64_t>(least, most)(random);
    };
    auto maybe = [&](int64_t least, int64_t most) {
      return draw(0, 1) ? std::optional(draw(least, most)) : std::nullopt;
    };
    Limits limits;
    limits.requests_per_minute = maybe(1, 60);
    limits.tokens_per_minute = maybe(2'000, 20'000);
    limits.input_tokens_per_minute = maybe(1'000, 20'000);
    limits.output_tokens_per_minute = maybe(1'000, 10'000);
    limits.rates.push_back({seconds(10), maybe(1, 20), {}, maybe(1'000, 4'000), {}});
    limits.rates.push_back({hours(1), 200, maybe(100'000, 200'000), {}, {}});
    Lane lane = MakeLane(limits);
    std::vector<Sent> sent;
    Time now = kNow;
    for (int i = 0; i < 600; ++i) {
      now += milliseconds(draw(0, 3) == 0 ? draw(0, 20'000) : draw(0, 300));
      Tokens tokens{draw(0, 1'000), draw(0, 1'000)};
      Time chance = *lane.NextChance(tokens, now);
      REQUIRE((chance <= now) == lane.MayGo(tokens, now));
      if (draw(0, 4) == 0) now = chance;
      if (!lane.MayGo(tokens, now)) continue;
      Pass(lane, now, tokens);
      sent.push_back({now, {1, tokens.input + tokens.output, tokens.input, tokens.output}});
    }
    CHECK(sent.size() > 10);
    auto holds = [&](milliseconds per, size_t unit, std::optional<int64_t> most) {
      if (!most) return true;
      return std::all_of(sent.begin(), sent.end(), [&](const Sent& first) {
        int64_t sum = 0;
        for (const Sent& each : sent) {
          if (each.when >= first.when && each.when <= first.when + per) sum += each.amounts[unit];
        }
        return sum <= *most;
      });
    };
    CHECK(holds(seconds(60), 0, limits.requests_per_minute));
    CHECK(holds(seconds(60), 1, limits.tokens_per_minute));
    CHECK(holds(seconds(60), 2, limits.input_tokens_per_minute));
    CHECK(holds(seconds(60), 3, limits.output_tokens_per_minute));
    CHECK(holds(seconds(10), 0, limits.rates[0].requests));
    CHECK(holds(seconds(10), 2, limits.rates[0].input_tokens));
    CHECK(holds(hours(1), 0, limits.rates[1].requests));
    CHECK(holds(hours(1), 1, limits.rates[1].tokens));
  }
}

TEST_CASE("lane: it opens as soon as the window has room, and says when") {
  Lane lane = MakeLane(PerMinute(2));
  CHECK(lane.Room(kNow) == 2);
  Pass(lane, kNow);
  Pass(lane, kNow + seconds(20));
  Time opens = *lane.NextChance(kSmall, kNow + seconds(30));
  CHECK(opens >= kNow + seconds(60));
  CHECK(opens <= kNow + seconds(61));
  CHECK_FALSE(lane.MayGo(kSmall, opens - milliseconds(1)));
  CHECK(lane.MayGo(kSmall, opens));
  CHECK(lane.Room(opens) == 1);
  CHECK(lane.WhyWaiting(kSmall, kNow + seconds(30)) ==
        "p has used 2 of 2 requests in a minute: 30.5 s to go");
}

TEST_CASE("lane: a window of tokens says what the call takes of it") {
  Limits limits;
  limits.rates.push_back({hours(24), {}, {}, {}, 1'000});
  Lane lane = MakeLane(limits);
  Pass(lane, kNow, {5'000, 900});
  CHECK(lane.MayGo({5'000, 100}, kNow));
  CHECK(lane.WhyWaiting({5'000, 200}, kNow + hours(1)) ==
        "p has used 900 of 1,000 output tokens in a day and the next call takes 200: 23h00m to go");
}

TEST_CASE("lane: true tokens take the place of reserved ones, unknown ones stay reserved") {
  Limits limits;
  limits.tokens_per_minute = 1'000;
  limits.requests_per_minute = 3;
  Lane lane = MakeLane(limits);
  lane.Landed(lane.Sent(1, {600, 400}, kNow), Landing::kAnswered, Tokens{100, 50}, kNow);
  CHECK(lane.MayGo({800, 50}, kNow));
  CHECK_FALSE(lane.MayGo({800, 51}, kNow));
  Flight flight = lane.Sent(2, {300, 50}, kNow);
  lane.Landed(flight, Landing::kAnswered, std::nullopt, kNow);
  CHECK(lane.MayGo({500, 0}, kNow));
  CHECK_FALSE(lane.MayGo({501, 0}, kNow));
  lane.Landed(lane.Sent(3, {500, 0}, kNow), Landing::kFailed, Tokens{}, kNow);
  CHECK(lane.WhyWaiting({1, 0}, kNow).find("3 of 3 requests") != std::string::npos);
}

TEST_CASE("lane: what earlier sessions sent counts, but is not in the air") {
  Lane lane = MakeLane(PerMinute(3));
  for (int age : {55, 50, 30, 20, 5}) lane.Prime(kNow - seconds(age), kSmall);
  CHECK_FALSE(lane.MayGo(kSmall, kNow));
  Time opens = *lane.NextChance(kSmall, kNow);  // 30 s ago was the third last
  CHECK(opens >= kNow + seconds(30));
  CHECK(opens <= kNow + seconds(31));
  CHECK(lane.in_the_air() == 0);
}

TEST_CASE("lane: other limits hold at once, and what went stays counted") {
  Lane lane = MakeLane(PerMinute(2));
  Pass(lane, kNow);
  Pass(lane, kNow);
  CHECK_FALSE(lane.MayGo(kSmall, kNow));
  lane.SetLimits(PerMinute(3));
  CHECK(lane.MayGo(kSmall, kNow));
  Pass(lane, kNow);
  CHECK_FALSE(lane.MayGo(kSmall, kNow));
  Limits both = PerMinute(10);
  both.concurrency = 1;
  lane.SetLimits(both);
  CHECK(lane.limits() == both);
  CHECK(lane.Room(kNow) == 1);
  lane.Sent(1, kSmall, kNow);
  CHECK_FALSE(lane.MayGo(kSmall, kNow));
  lane.SetLimits({});
  CHECK(lane.MayGo(kSmall, kNow));
}

TEST_CASE("lane: so much time passes between calls") {
  Limits limits;
  limits.min_delay = milliseconds(2'000);
  Lane lane = MakeLane(limits);
  CHECK(lane.MayGo(kSmall, kNow));
  Pass(lane, kNow);
  CHECK(lane.NextChance(kSmall, kNow + milliseconds(500)) == kNow + seconds(2));
  CHECK_FALSE(lane.MayGo(kSmall, kNow + milliseconds(1'999)));
  CHECK(lane.MayGo(kSmall, kNow + seconds(2)));
  CHECK(lane.WhyWaiting(kSmall, kNow + milliseconds(500)) ==
        "p lets 2s pass between calls: 1.5 s to go");
}

TEST_CASE("lane: a warm-up lets one call go first, and the others when it was answered") {
  Limits limits = AtOnce(8);
  limits.warmup = true;
  Lane lane(Level::kModel, "p/m", limits);
  CHECK(lane.Room(kNow) == 1);
  Flight first = lane.Sent(1, kSmall, kNow);
  CHECK_FALSE(lane.MayGo(kSmall, kNow + hours(1)));
  CHECK(lane.NextChance(kSmall, kNow) == std::nullopt);
  CHECK(lane.Room(kNow) == 0);
  CHECK(lane.WhyWaiting(kSmall, kNow) == "p/m is warming up: one call goes first");
  lane.Landed(first, Landing::kFailed, std::nullopt, kNow);
  CHECK(lane.Room(kNow) == 1);
  Flight second = lane.Sent(2, kSmall, kNow);
  CHECK_FALSE(lane.MayGo(kSmall, kNow));
  lane.Landed(second, Landing::kAnswered, std::nullopt, kNow);
  CHECK(lane.Room(kNow) == 8);
}

TEST_CASE("lane: a pause holds until its end, and a shorter one does not end it") {
  Lane lane = MakeLane({});
  lane.CloseUntil(kNow + seconds(10), "asked to wait (429)");
  lane.CloseUntil(kNow + seconds(5), "asked to wait");
  CHECK_FALSE(lane.MayGo(kSmall, kNow + milliseconds(9'999)));
  CHECK(lane.MayGo(kSmall, kNow + seconds(10)));
  CHECK(lane.NextChance(kSmall, kNow) == kNow + seconds(10));
  CHECK(lane.WhyWaiting(kSmall, kNow) == "p asked to wait (429): 10.0 s to go");
}

TEST_CASE("lane: stopped is stopped") {
  Lane lane = MakeLane({});
  lane.Stop("the key is wrong");
  CHECK_FALSE(lane.MayGo(kSmall, kNow + hours(100)));
  CHECK(lane.NextChance(kSmall, kNow) == std::nullopt);
  CHECK(lane.Room(kNow) == 0);
  CHECK(lane.WhyWaiting(kSmall, kNow) == "p is stopped: the key is wrong");
}

TEST_CASE("lane: room is what the narrowest of slots and requests leaves") {
  Limits limits = PerMinute(5);
  limits.concurrency = 8;
  limits.rates.push_back({seconds(10), 3, {}, {}, {}});
  Lane lane = MakeLane(limits);
  CHECK(lane.Room(kNow) == 3);
  Pass(lane, kNow);
  CHECK(lane.Room(kNow) == 2);
  Pass(lane, kNow + seconds(11));
  Pass(lane, kNow + seconds(22));
  CHECK(lane.Room(kNow + seconds(33)) == 2);
}

}  // namespace
}  // namespace muster
