#include "supervisor/governor/learned_limit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>

namespace muster {
namespace {

using std::chrono::duration;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Time = LearnedLimit::Time;

const Time kNow{hours(1'000)};

LimitSeen Seen(int64_t limit, int64_t remaining, std::optional<int64_t> full_in_ms = std::nullopt) {
  return {LimitUnit::kRequests, limit, remaining, full_in_ms};
}

// A provider's limit, kept as the moment at which all of it will be there again.
class Bucket {
 public:
  Bucket(int64_t limit, double per_second)
      : limit_(static_cast<double>(limit)), per_second_(per_second) {}

  LimitSeen Arrives(int64_t amount, Time now, bool tells_reset) {
    double at = duration<double>(now - kNow).count();
    full_at_ = std::max(full_at_, at) + static_cast<double>(amount) / per_second_;
    double left = limit_ - (full_at_ - at) * per_second_;
    worst_ = std::min(worst_, left);
    LimitSeen seen = Seen(std::llround(limit_), static_cast<int64_t>(std::floor(left)));
    if (tells_reset) seen.full_in_ms = std::llround((full_at_ - at) * 1'000);
    return seen;
  }
  // The least that was ever left; below 0, a provider would have refused.
  double worst() const { return worst_; }

 private:
  double limit_, per_second_, full_at_ = 0, worst_ = 1e18;
};

struct Traffic {
  int64_t limit = 60;
  double per_second = 1;
  int64_t least = 1, most = 1;  // amount of one call
  milliseconds fastest{100}, slowest{900};
  milliseconds length = minutes(10);
  bool tells_reset = true;
  std::function<bool(int64_t)> tells = [](int64_t) { return true; };  // by number of the call
};

struct Outcome {
  double sent = 0, allowed = 0;  // amounts
  double worst = 0;
};

// Sends whenever it may; the first call alone, so that there is something to go by.
Outcome Drive(const Traffic& traffic, uint64_t seed) {
  std::mt19937_64 random(seed);
  auto draw = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random);
  };
  Bucket bucket(traffic.limit, traffic.per_second);
  LearnedLimit learned;
  struct Word {
    LimitSeen seen;
    Time sent;
    int64_t taken;
  };
  std::multimap<Time, Word> words;
  Outcome outcome;
  int64_t calls = 0, amount = draw(traffic.least, traffic.most);
  Time now = kNow, first_word = Time::max();
  while (now < kNow + traffic.length) {
    while (calls == 0 || (learned.known() && learned.Opens(amount, now) <= now)) {
      int64_t taken = learned.Take(amount, now);
      LimitSeen seen = bucket.Arrives(amount, now, traffic.tells_reset);
      milliseconds takes(draw(traffic.fastest.count(), traffic.slowest.count()));
      if (traffic.tells(calls)) words.emplace(now + takes, Word{seen, now, taken});
      outcome.sent += static_cast<double>(amount);
      ++calls;
      REQUIRE(calls < 1'000'000);
      amount = draw(traffic.least, traffic.most);
    }
    Time next = kNow + traffic.length;
    if (learned.known()) next = std::min(next, learned.Opens(amount, now));
    if (!words.empty()) next = std::min(next, words.begin()->first);
    now = std::max(next, now + milliseconds(1));
    for (; !words.empty() && words.begin()->first <= now; words.erase(words.begin())) {
      const Word& word = words.begin()->second;
      first_word = std::min(first_word, now);
      learned.Learn(word.seen, word.sent, word.taken);
    }
  }
  outcome.allowed = static_cast<double>(traffic.limit) +
                    traffic.per_second * duration<double>(now - first_word).count();
  outcome.worst = bucket.worst();
  return outcome;
}

// Never dry but for rounding, and hardly anything of what was allowed left unused.
void CheckDrive(const Traffic& traffic) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Outcome outcome = Drive(traffic, seed);
    double rounding = std::max(2.0, static_cast<double>(traffic.limit) / 1'000);
    CHECK(outcome.worst >= -rounding);
    CHECK(outcome.sent >= 0.95 * outcome.allowed - static_cast<double>(traffic.most));
  }
}

TEST_CASE("learned limit: requests keep within the provider's bucket and use nearly all of it") {
  CheckDrive({});
  CheckDrive({.limit = 500, .per_second = 500.0 / 60});
  CheckDrive({.limit = 5, .per_second = 5.0 / 60, .length = hours(1)});
}

TEST_CASE("learned limit: so do tokens of calls of all sizes") {
  CheckDrive({.limit = 30'000, .per_second = 500, .least = 1, .most = 3'000});
  CheckDrive({.limit = 2'000'000, .per_second = 2'000'000.0 / 60, .least = 500, .most = 80'000});
}

TEST_CASE("learned limit: without a word about time, the usual minute holds") {
  CheckDrive({.tells_reset = false});
  CheckDrive(
      {.limit = 30'000, .per_second = 500, .least = 10, .most = 3'000, .tells_reset = false});
}

TEST_CASE("learned limit: a bucket that fills slowly, or in seconds, is learned from its resets") {
  CheckDrive({.limit = 200, .per_second = 200.0 / 3'600, .length = hours(5)});
  CheckDrive(
      {.limit = 100, .per_second = 20, .fastest = milliseconds(50), .slowest = milliseconds(300)});
}

TEST_CASE("learned limit: replies that take far longer than the bucket to fill do not slow it") {
  CheckDrive({.fastest = seconds(100), .slowest = seconds(200), .length = hours(1)});
}

TEST_CASE("learned limit: replies that say nothing do not stop it") {
  Traffic once{.limit = 10, .per_second = 10.0 / 60, .length = hours(1)};
  once.tells = [](int64_t call) { return call == 0; };
  CheckDrive(once);
  Traffic seldom{.length = hours(1)};
  seldom.tells = [](int64_t call) { return call % 100 == 0; };
  CheckDrive(seldom);
}

TEST_CASE("learned limit: before any word everything goes") {
  LearnedLimit limit;
  CHECK_FALSE(limit.known());
  limit.Take(1'000'000, kNow);
  CHECK(limit.Opens(1'000'000, kNow) == kNow);
}

TEST_CASE("learned limit: a reply about an earlier request than the last one heard of is old") {
  LearnedLimit limit;
  int64_t first = limit.Take(1, kNow), second = limit.Take(1, kNow);
  limit.Learn(Seen(100, 0, 60'000), kNow + seconds(1), second);
  REQUIRE(limit.Opens(1, kNow + seconds(1)) > kNow + seconds(1));
  limit.Learn(Seen(100, 99), kNow, first);
  CHECK(limit.Opens(1, kNow + seconds(1)) > kNow + seconds(1));
}

TEST_CASE("learned limit: what was sent after the request that a reply is about is taken off") {
  LearnedLimit limit;
  int64_t first = limit.Take(1, kNow);
  for (int i = 0; i < 9; ++i) limit.Take(1, kNow);
  limit.Learn(Seen(60, 9), kNow, first);
  CHECK(limit.Opens(1, kNow) > kNow);
  CHECK(limit.Opens(1, kNow) <= kNow + milliseconds(1'001));
}

TEST_CASE("learned limit: a debt is waited for, and more than the limit goes when it is full") {
  LearnedLimit limit;
  limit.Learn(Seen(60, -30, 90'000), kNow, limit.Take(1, kNow));
  Time one = limit.Opens(1, kNow), all = limit.Opens(60, kNow);
  CHECK(one >= kNow + seconds(30));
  CHECK(one <= kNow + seconds(32));
  CHECK(all >= kNow + seconds(89));
  CHECK(all <= kNow + seconds(91));
  CHECK(limit.Opens(6'000, kNow) == all);
  CHECK(limit.Opens(60, all) <= all);
}

TEST_CASE("learned limit: nonsense is ignored, and what is absurd neither opens nor locks it") {
  LearnedLimit limit;
  limit.Learn(Seen(0, 5), kNow, 0);
  limit.Learn(Seen(-3, 5), kNow, 0);
  CHECK_FALSE(limit.known());
  limit.Learn(Seen(10, 1'000'000), kNow, 0);
  CHECK(limit.Opens(10, kNow) == kNow);
  limit.Take(10, kNow);
  CHECK(limit.Opens(1, kNow) > kNow);
  CHECK(limit.Opens(1, kNow) <= kNow + seconds(7));
  limit.Learn(Seen(10, 0, INT64_MAX), kNow + seconds(1), 10);
  Time opens = limit.Opens(1, kNow + seconds(1));
  CHECK(opens > kNow + seconds(1));
  CHECK(opens <= kNow + hours(24 * 30));
  limit.Learn(Seen(10, 0, 0), kNow + seconds(2), 10);
  CHECK(limit.Opens(1, kNow + seconds(2)) > kNow + seconds(2));
  limit.Learn(Seen(1, -1'000'000'000'000, 1), kNow + seconds(3), 10);
  CHECK(limit.Opens(1, kNow + seconds(3)) > kNow + seconds(3));
}

TEST_CASE("learned limit: another limit than before holds from that reply on") {
  LearnedLimit limit;
  limit.Learn(Seen(1'000, 0, 60'000), kNow, limit.Take(1, kNow));
  limit.Learn(Seen(10, 0, 60'000), kNow + seconds(1), limit.Take(1, kNow));
  CHECK(limit.limit() == 10);
  Time opens = limit.Opens(1, kNow + seconds(1));
  CHECK(opens >= kNow + seconds(1) + milliseconds(2'900));
  CHECK(opens <= kNow + seconds(8));
}

}  // namespace
}  // namespace muster
