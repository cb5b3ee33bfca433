#include "supervisor/governor/lane.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Lane::Time;

const Time kNow{std::chrono::hours(1'000)};

Limits MakeLimits(std::optional<int64_t> concurrency, std::optional<int64_t> per_minute) {
  Limits limits;
  limits.concurrency = concurrency;
  limits.requests_per_minute = per_minute;
  return limits;
}

TEST_CASE("lane: without limits everything may go") {
  Lane lane("p", {});
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(lane.MayGo(kNow));
    lane.Sent(kNow);
  }
  CHECK(lane.NextChance(kNow) == kNow);
  CHECK(lane.in_the_air() == 1'000);
}

TEST_CASE("lane: what is in the air takes slots until it has ended") {
  Lane lane("p", MakeLimits(2, {}));
  lane.Sent(kNow);
  CHECK(lane.MayGo(kNow));
  lane.Sent(kNow);
  CHECK_FALSE(lane.MayGo(kNow + seconds(1'000)));
  CHECK(lane.NextChance(kNow) == std::nullopt);
  CHECK(lane.WhyWaiting(kNow).find("2 of 2 calls") != std::string::npos);
  lane.Ended();
  CHECK(lane.MayGo(kNow));
}

TEST_CASE("lane: no 60 seconds hold more than the limit, over thousands of random calls") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t most) {
      return std::uniform_int_distribution<int64_t>(0, most)(random);
    };
    int64_t limit = 1 + draw(60);
    Lane lane("p", MakeLimits({}, limit));
    std::vector<Time> sent;
    Time now = kNow;
    while (sent.size() < 3'000) {
      now += milliseconds(draw(3) == 0 ? draw(20'000) : draw(300));
      if (draw(5) == 0) now = *lane.NextChance(now);  // exactly when it opens
      if (!lane.MayGo(now)) continue;
      lane.Sent(now);
      lane.Ended();
      sent.push_back(now);
    }
    auto n = static_cast<size_t>(limit);
    for (size_t i = n; i < sent.size(); ++i) REQUIRE(sent[i] - sent[i - n] >= seconds(60));
  }
}

TEST_CASE("lane: it opens as soon as the window has room, and says when") {
  Lane lane("p", MakeLimits({}, 2));
  lane.Sent(kNow);
  lane.Sent(kNow + seconds(20));
  Time opens = *lane.NextChance(kNow + seconds(30));
  CHECK(opens >= kNow + seconds(60));
  CHECK(opens <= kNow + seconds(61));
  CHECK_FALSE(lane.MayGo(opens - milliseconds(1)));
  CHECK(lane.MayGo(opens));
  CHECK(lane.WhyWaiting(kNow + seconds(30)).find("2 requests in a minute") != std::string::npos);
}

TEST_CASE("lane: what earlier sessions sent counts, in whatever order it is told") {
  std::vector<int> ages{50, 5, 30, 20, 55};
  std::sort(ages.begin(), ages.end());
  do {
    Lane lane("p", MakeLimits({}, 3));
    for (int age : ages) lane.Prime(kNow - seconds(age));
    CHECK_FALSE(lane.MayGo(kNow));
    Time opens = *lane.NextChance(kNow);  // 30 s ago was the third last
    CHECK(opens >= kNow + seconds(30));
    CHECK(opens <= kNow + seconds(31));
    CHECK(lane.in_the_air() == 0);
  } while (std::next_permutation(ages.begin(), ages.end()));
}

TEST_CASE("lane: a pause holds until its end, and a shorter one does not end it") {
  Lane lane("p", {});
  lane.CloseUntil(kNow + seconds(10), "asked to wait (429)");
  lane.CloseUntil(kNow + seconds(5), "asked to wait");
  CHECK_FALSE(lane.MayGo(kNow + milliseconds(9'999)));
  CHECK(lane.MayGo(kNow + seconds(10)));
  CHECK(lane.NextChance(kNow) == kNow + seconds(10));
  CHECK(lane.WhyWaiting(kNow).find("429") != std::string::npos);
}

TEST_CASE("lane: stopped is stopped, with the first reason") {
  Lane lane("p", {});
  lane.Stop("the key is wrong");
  CHECK_FALSE(lane.MayGo(kNow + std::chrono::hours(100)));
  CHECK(lane.NextChance(kNow) == std::nullopt);
  CHECK(lane.WhyWaiting(kNow).find("the key is wrong") != std::string::npos);
}

}  // namespace
}  // namespace muster
