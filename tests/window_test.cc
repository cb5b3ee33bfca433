#include "supervisor/governor/window.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace muster {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = Window::Time;

const Time kNow{hours(1'000)};

struct Taken {
  Time when;
  int64_t amount;
};

// What a window may be late by: the room it leaves for clocks and journeys, and its grain.
nanoseconds Late(milliseconds span) {
  return std::min<nanoseconds>(milliseconds(500), span / 100) + nanoseconds(span) / 4'096;
}

int64_t SumFrom(const std::vector<Taken>& taken, Time first, Time last) {
  int64_t sum = 0;
  for (const Taken& each : taken) {
    if (each.when >= first && each.when <= last) sum += each.amount;
  }
  return sum;
}

// The most in any span, both ends included: one of them begins where something was taken.
int64_t MostInASpan(const std::vector<Taken>& taken, milliseconds span) {
  int64_t most = 0;
  for (const Taken& each : taken) {
    most = std::max(most, SumFrom(taken, each.when, each.when + span));
  }
  return most;
}

// When so much may go by the letter: as soon as enough of what went is a span ago.
Time OpensByTheLetter(std::vector<Taken> taken, milliseconds span, int64_t capacity, int64_t amount,
                      Time now) {
  std::erase_if(taken, [&](const Taken& each) { return each.when + span <= now; });
  int64_t sum = SumFrom(taken, Time::min(), Time::max());
  Time opens = now;
  for (size_t i = 0; i < taken.size() && sum + std::min(amount, capacity) > capacity; ++i) {
    sum -= taken[i].amount;
    opens = taken[i].when + span;
  }
  return opens;
}

// Times and amounts as they come: bursts, trickles, pauses.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  int64_t operator()(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  nanoseconds Step(milliseconds span) {
    nanoseconds whole = span;
    switch ((*this)(0, 5)) {
      case 0:
      case 1:
        return nanoseconds(0);
      case 2:
        return nanoseconds((*this)(1, 1'000));
      case 3:
        return nanoseconds((*this)(0, whole.count() / 2'000));
      case 4:
        return nanoseconds((*this)(0, whole.count() / 50));
      default:
        return nanoseconds((*this)(0, whole.count()));
    }
  }
  milliseconds Span() {
    const milliseconds spans[] = {seconds(1), seconds(10), seconds(60), hours(1), hours(24)};
    return spans[(*this)(0, 4)];
  }

 private:
  std::mt19937_64 random_;
};

TEST_CASE("window: no span holds more than the capacity, whatever is taken when it fits") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    milliseconds span = draw.Span();
    int64_t capacity = draw(1, seed % 3 == 0 ? 5 : 200);
    Window window(capacity, span);
    std::vector<Taken> taken;
    Time now = kNow;
    for (int i = 0; i < 300; ++i) {
      now += draw.Step(span);
      int64_t amount = draw(0, draw(1, capacity));
      if (draw(0, 3) == 0) now = window.Opens(amount, now);
      if (!window.Fits(amount, now)) continue;
      window.Take(amount, now);
      taken.push_back({now, amount});
    }
    CHECK(MostInASpan(taken, span) <= capacity);
    CHECK(taken.size() >= 20);
  }
}

TEST_CASE("window: it opens when what is in the way is a span ago, hardly later and never before") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    milliseconds span = draw.Span();
    int64_t capacity = draw(1, 100);
    Window window(capacity, span);
    std::vector<Taken> taken;
    Time now = kNow;
    int waits = 0;
    for (int i = 0; i < 300; ++i) {
      now += draw.Step(span);
      int64_t amount = draw(1, capacity);
      Time opens = window.Opens(amount, now), exact = now;
      REQUIRE((opens <= now) == window.Fits(amount, now));
      exact = OpensByTheLetter(taken, span, capacity, amount, now);
      REQUIRE(opens >= exact);
      if (opens > now) {
        ++waits;
        REQUIRE(opens <= exact + Late(span));
        REQUIRE(window.Fits(amount, opens));
        REQUIRE_FALSE(window.Fits(amount, opens - nanoseconds(1)));
      }
      if (draw(0, 2) > 0) now = opens;
      if (!window.Fits(amount, now)) continue;
      window.Take(amount, now);
      taken.push_back({now, amount});
    }
    CHECK(waits > 20);
  }
}

TEST_CASE("window: more than the capacity goes when the window is empty, and not before") {
  Window window(10, seconds(60));
  CHECK(window.Fits(1'000, kNow));
  window.Take(1'000, kNow);
  CHECK_FALSE(window.Fits(1, kNow + seconds(60)));
  Time empty = window.Opens(1, kNow);
  CHECK(window.Opens(1'000, kNow) == empty);
  CHECK(window.Fits(1'000, empty));
  window.Take(1, empty);
  CHECK_FALSE(window.Fits(1'000, empty));
  CHECK(window.Fits(9, empty));
}

TEST_CASE("window: nothing always fits, unless more than the capacity was used") {
  Window window(10, seconds(60));
  window.Take(10, kNow);
  CHECK(window.Fits(0, kNow));
  CHECK_FALSE(window.Fits(1, kNow));
  window.Correct(kNow, 1);
  CHECK_FALSE(window.Fits(0, kNow));
}

TEST_CASE("window: what turned out otherwise counts as what it was, at the time it went") {
  Window window(100, seconds(60));
  window.Take(60, kNow);
  window.Take(40, kNow + seconds(30));
  CHECK(window.Used(kNow + seconds(31)) == 100);
  window.Correct(kNow, -50);
  CHECK(window.Used(kNow + seconds(31)) == 50);
  window.Correct(kNow + seconds(30), 45);
  CHECK(window.Used(kNow + seconds(31)) == 95);
  CHECK_FALSE(window.Fits(10, kNow + seconds(31)));
  CHECK(window.Used(kNow + seconds(62)) == 85);
  window.Correct(kNow, 1'000);  // long gone
  CHECK(window.Used(kNow + seconds(62)) == 85);
  CHECK(window.Used(kNow + seconds(92)) == 0);
}

TEST_CASE("window: corrections are exact however many went at about the same time") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    milliseconds span = draw.Span();
    Window window(1'000'000, span);
    std::vector<Taken> taken;
    Time now = kNow;
    for (int i = 0; i < 200; ++i) {
      now += draw.Step(span) / 500;  // all within a span
      window.Take(100, now);
      taken.push_back({now, 100});
      auto which = static_cast<size_t>(draw(0, static_cast<int64_t>(taken.size()) - 1));
      int64_t by = draw(-taken[which].amount, 100);
      window.Correct(taken[which].when, by);
      taken[which].amount += by;
      REQUIRE(window.Used(now) == SumFrom(taken, now - span, now));
    }
  }
}

TEST_CASE("window: another capacity holds at once, for what went before too") {
  Window window(10, seconds(60));
  window.Take(10, kNow);
  window.SetCapacity(12);
  CHECK(window.Fits(2, kNow));
  CHECK_FALSE(window.Fits(3, kNow));
  window.SetCapacity(4);
  window.Take(0, kNow + seconds(30));
  CHECK_FALSE(window.Fits(1, kNow + seconds(59)));
  CHECK(window.Fits(4, kNow + seconds(61)));
  CHECK(window.capacity() == 4);
}

TEST_CASE("window: a million in one span are counted to the last one") {
  Window window(1'000'000, seconds(60));
  Time now = kNow;
  for (int i = 0; i < 1'000'000; ++i) {
    window.Take(1, now);
    now += nanoseconds(59'000);
  }
  CHECK(window.Used(now) == 1'000'000);
  CHECK_FALSE(window.Fits(1, now));
  // They leave as they came: evenly.
  Time half = window.Opens(500'000, now);
  CHECK(half >= kNow + seconds(60) + nanoseconds(59'000) * 499'999);
  CHECK(half <= kNow + seconds(60) + nanoseconds(59'000) * 500'000 + Late(seconds(60)));
  CHECK(window.Used(now + seconds(61)) == 0);
}

}  // namespace
}  // namespace muster
