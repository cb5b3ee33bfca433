#include "supervisor/governor/slots.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <random>

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Slots::Time;

const Time kNow{hours(1'000)};

Slots Following(std::optional<int64_t> ceiling = std::nullopt,
                std::optional<int64_t> first = std::nullopt) {
  return Slots(ceiling, true, first);
}

void Fill(Slots& slots) {
  while (slots.HasRoom()) slots.Sent();
}

// Every call in the air is answered, and another takes its place at once.
void Round(Slots& slots, Time now) {
  Fill(slots);
  for (int64_t left = slots.in_the_air(); left > 0; --left) {
    slots.Answered(now);
    Fill(slots);
  }
}

TEST_CASE("slots: what does not follow has its ceiling, or none") {
  Slots none;
  for (int i = 0; i < 1'000; ++i) none.Sent();
  CHECK(none.HasRoom());
  CHECK(none.limit() == std::numeric_limits<int64_t>::max());
  Slots two(2, false, std::nullopt);
  two.Sent();
  two.Sent();
  CHECK_FALSE(two.HasRoom());
  two.Refused(kNow, kNow);
  CHECK(two.limit() == 2);
  CHECK(two.HasRoom());
  CHECK(two.in_the_air() == 1);
}

TEST_CASE("slots: they begin with a few and double with every round while all are in use") {
  Slots slots = Following();
  int64_t before = slots.limit();
  CHECK(before >= 1);
  CHECK(before <= 8);
  Time now = kNow;
  for (int round = 0; round < 8; ++round) {
    Round(slots, now += seconds(1));
    CHECK(slots.limit() == 2 * before);
    before = slots.limit();
  }
}

TEST_CASE("slots: so they do where a round comes home at the same moment") {
  Slots slots = Following();
  int64_t before = slots.limit();
  for (int round = 0; round < 4; ++round) {
    Fill(slots);
    for (int64_t left = slots.in_the_air(); left > 0; --left) slots.Answered(kNow + seconds(round));
  }
  CHECK(slots.limit() == 16 * before);
}

TEST_CASE("slots: they begin where a config says, and end at the ceiling") {
  CHECK(Following(std::nullopt, 30).limit() == 30);
  Slots slots = Following(50, 30);
  Time now = kNow;
  for (int round = 0; round < 5; ++round) {
    Round(slots, now += seconds(1));
    CHECK(slots.limit() <= 50);
  }
  CHECK(slots.limit() == 50);
  slots.SetCeiling(70);
  CHECK(slots.limit() == 70);
  slots.SetCeiling(20);
  CHECK(slots.limit() == 20);
  CHECK_FALSE(slots.HasRoom());
  Slots free = Following(3, 3);
  free.SetCeiling(std::nullopt);
  for (int round = 0; round < 3; ++round) Round(free, now += seconds(1));
  CHECK(free.limit() > 3);
}

TEST_CASE("slots: what is not in use does not grow") {
  Slots slots = Following();
  int64_t limit = slots.limit();
  for (int i = 0; i < 1'000; ++i) {
    while (slots.in_the_air() < limit - 1) slots.Sent();
    slots.Answered(kNow + seconds(i));
  }
  CHECK(slots.limit() == limit);
}

TEST_CASE("slots: a whole round of refusals cuts once, a refusal of the next round again") {
  Slots slots = Following(std::nullopt, 100);
  Fill(slots);
  Time sent = kNow, now = kNow + seconds(1);
  slots.Refused(sent, now);
  int64_t cut = slots.limit();
  CHECK(cut >= 60);
  CHECK(cut <= 80);
  for (int i = 0; i < 60; ++i) slots.Refused(sent, now += milliseconds(10));
  CHECK(slots.limit() == cut);
  Fill(slots);
  slots.Refused(now, now + seconds(1));
  CHECK(slots.limit() < cut);
  CHECK(slots.limit() >= cut / 2);
}

TEST_CASE("slots: a refusal of a few calls cuts to less than those few") {
  Slots slots = Following(std::nullopt, 100);
  for (int i = 0; i < 10; ++i) slots.Sent();
  slots.Refused(kNow, kNow + seconds(1));
  CHECK(slots.limit() < 10);
  CHECK(slots.limit() >= 5);
}

TEST_CASE("slots: after a cut there is a pause, then growth is slow") {
  Slots slots = Following(std::nullopt, 100);
  Fill(slots);
  slots.Refused(kNow, kNow);
  int64_t cut = slots.limit();
  while (slots.in_the_air() > 0) slots.Answered(kNow);
  for (int i = 0; i < 40; ++i) Round(slots, kNow + milliseconds(100) * i);
  CHECK(slots.limit() == cut);
  Time now = kNow + seconds(6);
  Round(slots, now);
  CHECK(slots.limit() > cut);
  CHECK(slots.limit() <= cut + cut / 8);
  for (int i = 0; i < 200; ++i) Round(slots, now += seconds(1));
  CHECK(slots.limit() > 200);
}

TEST_CASE("slots: however much is refused, one slot is left, and it grows from there") {
  Slots slots = Following();
  Time now = kNow;
  for (int i = 0; i < 100; ++i) {
    Fill(slots);
    now += seconds(1);
    while (slots.in_the_air() > 0) slots.Refused(now - milliseconds(1), now);
    REQUIRE(slots.limit() >= 1);
  }
  CHECK(slots.limit() == 1);
  for (int i = 0; i < 100; ++i) Round(slots, now += seconds(1));
  CHECK(slots.limit() >= 20);
}

TEST_CASE("slots: trouble and lost calls give their slots back and cut nothing") {
  Slots slots = Following(std::nullopt, 40);
  Fill(slots);
  for (int i = 0; i < 20; ++i) slots.Failed(kNow);
  for (int i = 0; i < 20; ++i) slots.Vanished();
  CHECK(slots.limit() == 40);
  CHECK(slots.in_the_air() == 0);
  Round(slots, kNow + milliseconds(100));
  CHECK(slots.limit() == 40);  // no growth into trouble
  Round(slots, kNow + seconds(10));
  CHECK(slots.limit() > 40);
}

TEST_CASE("slots: after an outage they begin with a few and are soon where they were") {
  Slots slots = Following(64, 64);
  Round(slots, kNow);
  while (slots.in_the_air() > 0) slots.Failed(kNow);
  slots.StartAgain();
  CHECK(slots.limit() <= 8);
  int rounds = 0;
  while (slots.limit() < 64 && ++rounds < 20) Round(slots, kNow + milliseconds(100) * rounds);
  CHECK(rounds <= 6);
  Slots fixed(64, false, std::nullopt);
  fixed.StartAgain();
  CHECK(fixed.limit() == 64);
}

TEST_CASE("slots: against a provider that takes so many at once, few are refused and few unused") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t least, int64_t most) {
      return std::uniform_int_distribution<int64_t>(least, most)(random);
    };
    const int64_t takes = draw(3, 200);
    CAPTURE(takes);
    Slots slots = Following();
    std::multimap<Time, std::pair<Time, bool>> ends;  // when sent, refused
    int64_t sent = 0, refused = 0, served = 0;
    double in_use = 0, turns = 0;
    for (Time now = kNow; now < kNow + seconds(300); now += milliseconds(5)) {
      for (; !ends.empty() && ends.begin()->first <= now; ends.erase(ends.begin())) {
        auto [when, no] = ends.begin()->second;
        no ? slots.Refused(when, now) : slots.Answered(now);
        no ? ++refused : --served;
        while (slots.HasRoom()) {
          slots.Sent();
          bool full = served >= takes;
          if (!full) ++served;
          milliseconds lasts(full ? draw(20, 60) : draw(300, 900));
          ends.emplace(now + lasts, std::pair(now, full));
          ++sent;
        }
      }
      if (ends.empty()) {
        slots.Sent();
        ++served;
        ends.emplace(now + milliseconds(500), std::pair(now, false));
      }
      if (now < kNow + seconds(60)) continue;
      in_use += static_cast<double>(served) / static_cast<double>(takes);
      ++turns;
    }
    CHECK(static_cast<double>(refused) < 0.05 * static_cast<double>(sent));
    CHECK(in_use / turns > 0.6);
  }
}

}  // namespace
}  // namespace muster
