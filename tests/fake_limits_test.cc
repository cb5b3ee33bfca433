// The fake provider's own limits, by themselves: against counts made anew from the whole history,
// on a clock turned by hand.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include "tests/fake_provider/limit_settings.h"
#include "tests/fake_provider/limiter.h"
#include "tests/fake_provider/meter.h"

namespace fake_provider {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Instant = Clock::time_point;

constexpr int kHistories = 30;
constexpr int kSteps = 200;

class Dice {
 public:
  explicit Dice(int seed) : engine_(static_cast<unsigned>(seed)) {}
  int64_t Between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }

 private:
  std::mt19937 engine_;
};

// All that was ever taken, summed up anew for every question.
class SlidingHistory {
 public:
  explicit SlidingHistory(milliseconds window) : window_(window) {}
  size_t Take(int64_t amount, Instant at) {
    taken_.push_back({at, amount});
    return taken_.size() - 1;
  }
  void GiveBack(size_t index, int64_t amount) { taken_[index].second -= amount; }
  int64_t Used(Instant now) const {
    int64_t used = 0;
    for (const auto& [at, amount] : taken_) used += now - at < window_ ? amount : 0;
    return used;
  }
  // Tries every millisecond.
  milliseconds Wait(int64_t room, Instant now) const {
    milliseconds wait{0};
    while (Used(now + wait) > room) ++wait;
    return wait;
  }

 private:
  milliseconds window_;
  std::vector<std::pair<Instant, int64_t>> taken_;
};

TEST_CASE("a sliding meter agrees with a sum over all that was ever taken") {
  for (int seed = 0; seed < kHistories; ++seed) {
    Dice dice(seed);
    int64_t limit = dice.Between(1, 60);
    milliseconds window(dice.Between(1, 400));
    auto meter = MakeMeter(MeterKind::kSliding, limit, window);
    SlidingHistory history(window);
    std::vector<std::tuple<Meter::Entry, size_t, int64_t>> entries;
    Instant now;
    for (int step = 0; step < kSteps; ++step) {
      now += milliseconds(dice.Between(0, 30));
      int64_t amount = dice.Between(0, limit / 2 + 1);
      auto wait = meter->WaitFor(amount, now);
      int64_t room = limit - std::max<int64_t>(1, amount);
      REQUIRE(wait.has_value() == (room >= 0));
      if (wait) REQUIRE(*wait == history.Wait(room, now));
      bool takes = (wait && *wait == milliseconds(0)) || dice.Between(0, 9) == 0;
      if (takes) entries.emplace_back(meter->Take(amount, now), history.Take(amount, now), amount);
      if (!entries.empty() && dice.Between(0, 2) == 0) {
        auto& [entry, index, left] = entries[dice.Between(0, entries.size() - 1)];
        int64_t back = dice.Between(0, left);
        meter->GiveBack(entry, back, now);
        history.GiveBack(index, back);
        left -= back;
      }
      REQUIRE(meter->UsedAt(now) == history.Used(now));
      REQUIRE(meter->UntilFull(now) == history.Wait(0, now));
    }
  }
}

// The bucket as the instant at which it will be full, in whole milliseconds: one unit comes back
// every `unit`.
TEST_CASE("a bucket meter agrees with the instant at which it will be full") {
  for (int seed = 0; seed < kHistories; ++seed) {
    Dice dice(seed);
    int64_t limit = dice.Between(1, 50);
    milliseconds unit(dice.Between(1, 20));
    auto meter = MakeMeter(MeterKind::kBucket, limit, unit * limit);
    Instant now;
    Instant full = now;
    for (int step = 0; step < kSteps; ++step) {
      now += milliseconds(dice.Between(0, 40));
      full = std::max(full, now);
      int64_t amount = dice.Between(0, limit);
      Instant needed = full + unit * std::max<int64_t>(1, amount) - unit * limit;
      auto wait = meter->WaitFor(amount, now);
      REQUIRE(wait);
      auto error = *wait - std::max(needed - now, Clock::duration());
      REQUIRE(std::abs(error.count()) < 1000);  // ns
      REQUIRE((*wait == Clock::duration()) == (needed <= now));
      if (needed <= now || dice.Between(0, 9) == 0) {
        meter->Take(amount, now);
        full += unit * amount;
      }
      if (dice.Between(0, 3) == 0) {
        int64_t back = dice.Between(0, 3);
        meter->GiveBack(0, back, now);
        full = std::max(now, full - unit * back);
      }
      REQUIRE(meter->UsedAt(now) == (full - now + unit - Clock::duration(1)) / unit);
      REQUIRE(std::abs((meter->UntilFull(now) - (full - now)).count()) < 1000);
    }
  }
}

TEST_CASE("an idle bucket admits its limit at once, and then one more every window / limit") {
  auto meter = MakeMeter(MeterKind::kBucket, 7, seconds(60));
  Instant now = Instant() + seconds(1'000'000);
  for (int i = 0; i < 7; ++i) {
    REQUIRE(meter->WaitFor(1, now) == Clock::duration());
    meter->Take(1, now);
  }
  for (int i = 0; i < 1'000; ++i) {
    auto wait = meter->WaitFor(1, now);
    REQUIRE(wait);
    CHECK(std::abs((*wait - Clock::duration(seconds(60)) / 7).count()) <= 2);
    CHECK(meter->WaitFor(1, now + *wait) == Clock::duration());
    now += *wait;
    meter->Take(1, now);
  }
}

TEST_CASE("a meter whose limit changes keeps what is used") {
  for (MeterKind kind : {MeterKind::kSliding, MeterKind::kBucket}) {
    auto meter = MakeMeter(kind, 10, seconds(10));
    Instant now;
    meter->Take(8, now);
    meter->SetLimit(4, now);
    CHECK(meter->UsedAt(now) == 8);
    CHECK(*meter->WaitFor(1, now) > Clock::duration());
    CHECK(meter->WaitFor(5, now) == std::nullopt);
    meter->SetLimit(9, now);
    CHECK(meter->WaitFor(1, now) == Clock::duration());
  }
}

LimitRule Rule(const std::string& text) {
  Result<LimitRule> rule = ParseLimitRule(text, LimitRule());
  REQUIRE_MESSAGE(rule.ok(), text);
  return rule.value();
}

// What a request is and became, for counting it again.
struct Record {
  std::string model;
  Instant admitted;
  int64_t input = 0;
  int64_t guess = 0;
  std::optional<Instant> settled;
  int64_t output = 0;
  bool released = false;
};

struct Count {
  int64_t requests = 0, tokens = 0, in_air = 0;
};

Count CountAt(const std::vector<Record>& records, const std::string& model, Instant now,
              milliseconds window) {
  Count count;
  for (const Record& record : records) {
    if (model != "*" && record.model != model) continue;
    if (!record.released) ++count.in_air;
    if (now - record.admitted < window) {
      ++count.requests;
      count.tokens += record.input + (record.settled ? 0 : record.guess);
    }
    if (record.settled && now - *record.settled < window) count.tokens += record.output;
  }
  return count;
}

TEST_CASE("a limiter admits exactly what the records of all requests leave room for") {
  const milliseconds window(200);
  const std::vector<LimitRule> rules = {Rule("*:requests=20,concurrency=9,per=200ms"),
                                        Rule("a:tokens=300,concurrency=6,per=200ms")};
  for (int seed = 0; seed < kHistories; ++seed) {
    Dice dice(seed);
    bool count_max_tokens = seed % 2 == 1;
    Limiter limiter(rules, count_max_tokens);
    std::vector<Record> records;
    int admitted = 0;
    int refused = 0;
    Instant now;
    for (int step = 0; step < kSteps; ++step) {
      now += milliseconds(dice.Between(0, 12));
      std::string model = dice.Between(0, 2) ? "a" : "b";
      int64_t input = dice.Between(1, 30);
      int64_t most = dice.Between(0, 40);
      int64_t guess = count_max_tokens ? most : 0;
      Count all = CountAt(records, "*", now, window);
      Count own = CountAt(records, "a", now, window);
      bool room = all.requests < 20 && all.in_air < 9 &&
                  (model != "a" || (own.tokens + input + guess <= 300 && own.in_air < 6));
      auto refusal = limiter.Admit(records.size(), {model, input, most}, now);
      REQUIRE(room == !refusal.has_value());
      if (!refusal) records.push_back({model, now, input, guess, {}, 0, false});
      ++(refusal ? refused : admitted);
      for (size_t i = 0; i < records.size(); ++i) {
        Record& record = records[i];
        if (record.released || dice.Between(0, 5) != 0) continue;
        if (!record.settled && dice.Between(0, 9) != 0) {
          record.output = dice.Between(0, 40);
          record.settled = now;
          limiter.Generated(i, record.output, now);
          continue;
        }
        if (!record.settled) record.settled = now;  // nothing was generated
        record.released = true;
        limiter.Release(i, now);
      }
    }
    CHECK(admitted > kSteps / 10);
    CHECK(refused > kSteps / 10);
  }
}

TEST_CASE("a refusal names the limit that lasts longest, and is right about how long") {
  Limiter limiter({Rule("*:requests=2,per=1s"), Rule("m:tokens=100,per=10s,kind=bucket")}, false);
  Instant now;
  REQUIRE(!limiter.Admit(1, {"m", 80, 0}, now));
  limiter.Generated(1, 15, now);
  auto refusal = limiter.Admit(2, {"m", 10, 0}, now);
  REQUIRE(refusal);
  CHECK(refusal->what == Quantity::kTokens);
  CHECK(refusal->limit == 100);
  CHECK(refusal->used == 95);
  CHECK(refusal->requested == 10);
  CHECK(refusal->wait == milliseconds(500));
  CHECK(limiter.Admit(2, {"m", 10, 0}, now + refusal->wait - milliseconds(1)));
  CHECK(!limiter.Admit(2, {"m", 10, 0}, now + refusal->wait));
  now += refusal->wait;
  refusal = limiter.Admit(3, {"other", 1, 0}, now);
  REQUIRE(refusal);
  CHECK(refusal->what == Quantity::kRequests);
  CHECK(refusal->wait == milliseconds(500));
  refusal = limiter.Admit(3, {"m", 101, 0}, now);
  REQUIRE(refusal);
  CHECK(refusal->too_large);
}

TEST_CASE("what was used stays used when rules are replaced, also by requests in the air") {
  Limiter limiter({Rule("*:requests=3,tokens=100,per=1s")}, true);
  Instant now;
  REQUIRE(!limiter.Admit(1, {"m", 10, 50}, now));
  limiter.Replace({Rule("x:requests=5"), Rule("*:requests=2,tokens=80,per=1s")}, true, now);
  CHECK(limiter.Admit(2, {"m", 30, 0}, now));  // 60 of 80 are used
  CHECK(!limiter.Admit(2, {"m", 10, 0}, now));
  limiter.Generated(1, 5, now);
  CHECK(limiter.Admit(3, {"m", 10, 0}, now));  // 2 of 2 requests
  auto standings = limiter.StandingsAt("m", now + milliseconds(400));
  REQUIRE(standings.size() == 2);
  CHECK(standings[0].what == Quantity::kRequests);
  CHECK(standings[0].remaining == 0);
  CHECK(standings[0].reset == milliseconds(600));
  CHECK(standings[1].limit == 80);
  CHECK(standings[1].remaining == 80 - 10 - 10 - 5);
  CHECK(limiter.LowestLimit("m", Quantity::kTokens, seconds(1)) == 80);
  CHECK(limiter.LowestLimit("m", Quantity::kTokens, seconds(2)) == 0);
  CHECK(limiter.LowestLimit("x", Quantity::kRequests, seconds(60)) == 5);
}

}  // namespace
}  // namespace fake_provider
