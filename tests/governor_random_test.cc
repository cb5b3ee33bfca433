// What holds for every life of a governor, over thousands of random ones.

#include <doctest/doctest.h>

#include <random>

#include "supervisor/governor/governor.h"
#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Governor::Time;

// One long random life of a governor: calls come, go, fail in passing ways and get lost.
class RandomLife {
 public:
  explicit RandomLife(uint64_t seed) : random_(seed), config_(Make()), governor_(config_, seed) {}

  void Live(int steps) {
    for (int step = 0; step < steps; ++step) {
      if (Draw(1) == 0) Ask();
      for (int64_t id : Granted(governor_, now_)) air_.insert(id), waiting_.erase(id);
      if (!air_.empty() && Draw(2) > 0) EndOne();
      if (Draw(9) == 0) Lose(Draw(1) ? air_ : waiting_);
      if (Draw(30) == 0) governor_.Pause(Draw(1));
      if (Draw(30) == 0) Change();
      REQUIRE(governor_.in_the_air() == air_.size());
      REQUIRE(governor_.waiting() == waiting_.size());
      now_ += milliseconds(Draw(3) ? Draw(500) : Draw(20'000));
    }
  }

  void LoseAll() {
    while (!air_.empty()) Lose(air_);
    while (!waiting_.empty()) Lose(waiting_);
    CHECK(governor_.in_the_air() == 0);
    CHECK(governor_.waiting() == 0);
  }

  // As many as ever can go at once.
  void CheckNoSlotLost() {
    governor_.Pause(false);
    REQUIRE(governor_.SetLimit("p", "concurrency", "3"));
    for (int round = 0; round < 3; ++round) {  // the first may have to end an outage
      now_ += hours(1);
      for (int i = 0; i < 9; ++i) Ask();
      for (int64_t id : Granted(governor_, now_)) {
        governor_.Ended(id, {}, now_);
        waiting_.erase(id);
      }
      while (!waiting_.empty()) Lose(waiting_);
    }
    now_ += hours(1);
    for (const char* provider : {"p", "p", "p", "p", "q", "q", "q", "q"}) Ask(provider);
    CHECK(Granted(governor_, now_).size() == 5);  // 3 of p, and 5 of the run
    CHECK(governor_.why_stop() == "");
    CHECK(governor_.StoppedLanes().empty());
  }

  // What is booked and nothing else counts against the budget.
  void CheckNoMoneyLost() {
    Picodollars left = *config_.budget.max_cost - booked_;
    CHECK(governor_.budget().Ask({"p", "i", left}).room == Budget::Room::kYes);
    CHECK(governor_.budget().Ask({"p", "i", left + 1}).room == Budget::Room::kNever);
  }

 private:
  static Config Make() {
    Config config = GovernorConfig(AtOnce(3));
    config.limits = AtOnce(5);
    config.providers["q"].limits.requests_per_minute = 30;
    config.retry.max_wait = hours(1'000);
    config.budget.max_cost = 1'000'000'000;
    return config;
  }
  int64_t Draw(int64_t most) { return std::uniform_int_distribution<int64_t>(0, most)(random_); }
  void Ask(const char* provider = nullptr) {
    Governor::Ask ask = AskOf(provider ? provider : Draw(1) ? "p" : "q", Draw(1) ? "m" : "n");
    ask.worst = 1'000;
    governor_.Enqueue(++last_, ask);
    waiting_.insert(last_);
  }
  void Lose(std::set<int64_t>& from) {
    if (from.empty()) return;
    auto which = std::next(from.begin(), Draw(static_cast<int64_t>(from.size()) - 1));
    governor_.Forget(*which, &from == &air_ ? 700 : 0);
    if (&from == &air_) booked_ += 700;
    from.erase(which);
  }
  void EndOne() {
    constexpr FailureKind kKinds[] = {FailureKind::kRateLimited, FailureKind::kNetwork,
                                      FailureKind::kServer,      FailureKind::kOverloaded,
                                      FailureKind::kBadReply,    FailureKind::kBadRequest};
    int64_t id = *std::next(air_.begin(), Draw(static_cast<int64_t>(air_.size()) - 1));
    Governor::End end = Draw(2) ? FailedBy(kKinds[Draw(5)]) : Answered();
    if (end.failure && Draw(3) == 0) end.failure->retry_after_ms = Draw(30'000);
    end.counted = Draw(1'000);
    booked_ += end.counted;
    air_.erase(id);
    bool again = std::holds_alternative<Governor::Retry>(governor_.Ended(id, end, now_));
    if (again) waiting_.insert(id);
  }
  void Change() {
    const char* values[] = {"1", "2", "7", ""};
    REQUIRE(governor_.SetLimit("p", "concurrency", values[Draw(3)]));
  }

  std::mt19937_64 random_;
  Config config_;
  Governor governor_;
  Time now_ = kStart;
  std::set<int64_t> air_, waiting_;
  int64_t last_ = 0;
  Picodollars booked_ = 0;
};

TEST_CASE("governor: whatever becomes of calls, no slot and no money stays taken") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    RandomLife life(seed);
    life.Live(400);
    life.LoseAll();
    life.CheckNoMoneyLost();
    life.CheckNoSlotLost();
  }
}

// Times within 60 seconds of each other, the most of them.
size_t MostInAMinute(const std::vector<Time>& times) {
  size_t most = 0;
  for (Time first : times) {
    size_t count = 0;
    for (Time each : times) count += each >= first && each <= first + seconds(60);
    most = std::max(most, count);
  }
  return most;
}

TEST_CASE("governor: no 60 seconds hold more than the limit, primed or not, over random calls") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t most) {
      return std::uniform_int_distribution<int64_t>(0, most)(random);
    };
    Limits limits = AtOnce(1 + draw(9));
    limits.requests_per_minute = 1 + draw(40);
    Config config = GovernorConfig(limits);
    std::vector<Time> sent;
    Time now = kStart;
    for (int session = 0; session < 3; ++session) {
      Governor governor(config, seed);
      for (Time when : sent) {
        if (now - when < seconds(61)) governor.Prime("p", "m", when, {});
      }
      auto fate = [&](int64_t, Time when) {
        sent.push_back(when);
        return GovernorWorld::Reply{milliseconds(draw(2'000)),
                                    draw(4) ? Answered() : FailedBy(FailureKind::kOverloaded)};
      };
      GovernorWorld world(governor, fate);
      world.now = now;
      world.KeepBusy(20);
      world.RunUntil(now + seconds(130));
      now = world.now + milliseconds(draw(5'000));
    }
    CHECK(MostInAMinute(sent) <= static_cast<size_t>(*limits.requests_per_minute));
    CHECK(sent.size() > 5);
  }
}

}  // namespace
}  // namespace muster
