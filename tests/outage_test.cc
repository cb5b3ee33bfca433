#include "supervisor/governor/outage.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Outage::Time;

const Time kNow{hours(1'000)};

// Down since kNow, by calls 1 to 5.
Outage MakeDown() {
  Outage outage;
  for (int64_t call = 1; call <= 5; ++call) outage.Failed(call, kNow);
  return outage;
}

TEST_CASE("outage: five failures in a row of three calls make one, and nothing less does") {
  const std::vector<std::vector<int64_t>> none{
      {}, {1, 2, 3, 4}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 2, 1, 2, 1, 2, 1, 2}};
  for (const auto& calls : none) {
    Outage outage;
    for (int64_t call : calls) outage.Failed(call, kNow);
    CHECK_FALSE(outage.down());
    CHECK(outage.since() == std::nullopt);
  }
  const std::vector<std::vector<int64_t>> enough{{1, 2, 3, 4, 5}, {1, 1, 1, 2, 3}, {1, 2, 2, 1, 3}};
  for (const auto& calls : enough) {
    Outage outage;
    for (int64_t call : calls) {
      CHECK_FALSE(outage.down());
      outage.Failed(call, kNow);
    }
    CHECK(outage.down());
    CHECK(outage.since() == kNow);
  }
}

TEST_CASE("outage: an answer in between begins the count anew") {
  Outage outage;
  for (int round = 0; round < 10; ++round) {
    for (int64_t call = 1; call <= 4; ++call) outage.Failed(call, kNow);
    CHECK_FALSE(outage.Answered());
  }
  CHECK_FALSE(outage.down());
}

TEST_CASE("outage: any answer ends it, of the probe or of a call sent before") {
  Outage outage = MakeDown();
  CHECK(outage.Answered());
  CHECK_FALSE(outage.down());
  CHECK_FALSE(outage.Answered());
  Outage probed = MakeDown();
  probed.Probe(6, *probed.NextProbe());
  CHECK(probed.Answered());
  CHECK_FALSE(probed.down());
  probed.Failed(6, kNow);  // the probe itself comes back later
  CHECK_FALSE(probed.down());
}

TEST_CASE("outage: probes go one at a time, a second apart at least and a few at most") {
  Outage outage = MakeDown();
  Time now = kNow;
  Time last = kNow;
  for (int64_t call = 6; call < 100; ++call) {
    auto next = outage.NextProbe();
    REQUIRE(next);
    CHECK(*next >= last + seconds(1));
    CHECK(*next <= now + seconds(10));
    last = now = *next;
    outage.Probe(call, now);
    CHECK(outage.NextProbe() == std::nullopt);
    now += milliseconds(300);
    outage.Failed(call, now);
  }
  CHECK(outage.since() == kNow);
}

TEST_CASE("outage: late failures of calls sent before neither allow nor delay a probe") {
  Outage outage = MakeDown();
  Time first = *outage.NextProbe();
  for (int64_t call = 100; call < 160; ++call) outage.Failed(call, kNow + milliseconds(500));
  CHECK(outage.NextProbe() == first);
  outage.Probe(6, *outage.NextProbe());
  for (int64_t call = 160; call < 200; ++call) outage.Failed(call, first);
  CHECK(outage.NextProbe() == std::nullopt);
  outage.Failed(6, first);
  REQUIRE(outage.NextProbe());
  Time second = *outage.NextProbe();
  for (int64_t call = 200; call < 240; ++call) outage.Failed(call, first + milliseconds(10));
  CHECK(outage.NextProbe() == second);
  CHECK(outage.since() == kNow);
}

TEST_CASE("outage: a probe whose worker is gone makes room for another") {
  Outage outage = MakeDown();
  outage.Probe(6, *outage.NextProbe());
  outage.Vanished(3);  // another one, in the air since before
  CHECK(outage.NextProbe() == std::nullopt);
  outage.Vanished(6);
  CHECK(outage.down());
  REQUIRE(outage.NextProbe());
  CHECK(*outage.NextProbe() <= kNow + seconds(10));
}

TEST_CASE("outage: a call that is gone is no failure") {
  Outage outage;
  for (int64_t call = 1; call <= 50; ++call) outage.Vanished(call);
  CHECK_FALSE(outage.down());
}

// Random calls fail and vanish all the time, and one in so many probes vanishes (0: none).
void CheckProbes(int64_t vanishing) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t most) {
      return std::uniform_int_distribution<int64_t>(0, most)(random);
    };
    Outage outage = MakeDown();
    Time now = kNow;
    std::vector<Time> probes;
    int64_t probe = 0;
    for (int step = 0; step < 300; ++step) {
      now += milliseconds(draw(400));
      if (draw(1) == 0) outage.Failed(1'000'000 + draw(50), now);
      if (draw(5) == 0) outage.Vanished(1'000'000 + draw(50));
      auto next = outage.NextProbe();
      REQUIRE(next.has_value() == (probe == 0));
      if (next && *next <= now) {
        outage.Probe(probe = step + 10, now);
        probes.push_back(now);
      } else if (probe != 0 && draw(2) == 0) {
        vanishing&& draw(vanishing - 1) == 0 ? outage.Vanished(probe) : outage.Failed(probe, now);
        probe = 0;
      }
    }
    REQUIRE(probes.size() >= 10);
    for (size_t i = 1; i < probes.size(); ++i) REQUIRE(probes[i] - probes[i - 1] >= seconds(1));
  }
}

TEST_CASE("outage: whatever fails, probes are a second apart and the next one always comes") {
  CheckProbes(0);
}

TEST_CASE("outage: so they are when the workers of probes die, now and then or always") {
  CheckProbes(5);
  CheckProbes(1);
}

}  // namespace
}  // namespace muster
