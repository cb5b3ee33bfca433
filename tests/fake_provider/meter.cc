#include "tests/fake_provider/meter.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace fake_provider {
namespace {

class SlidingMeter : public Meter {
 public:
  SlidingMeter(int64_t limit, Clock::duration window) : limit_(limit), window_(window) {}

  std::optional<Clock::duration> WaitFor(int64_t amount, Clock::time_point now) override {
    amount = std::max<int64_t>(1, amount);
    if (amount > limit_) return std::nullopt;
    Forget(now);
    int64_t excess = used_ + amount - limit_;
    Clock::duration wait{};
    for (auto taken = log_.begin(); excess > 0; ++taken) {
      excess -= taken->amount;
      wait = taken->at + window_ - now;
    }
    return wait;
  }

  Entry Take(int64_t amount, Clock::time_point now) override {
    log_.push_back(Taken{now, amount});
    used_ += amount;
    return first_ + log_.size() - 1;
  }

  void GiveBack(Entry entry, int64_t amount, Clock::time_point now) override {
    Forget(now);
    if (entry < first_) return;
    Taken& taken = log_[entry - first_];
    amount = std::min(amount, taken.amount);
    taken.amount -= amount;
    used_ -= amount;
  }

  int64_t UsedAt(Clock::time_point now) override {
    Forget(now);
    return used_;
  }

  Clock::duration UntilFull(Clock::time_point now) override {
    Forget(now);
    auto last = std::find_if(log_.rbegin(), log_.rend(), [](const Taken& t) { return t.amount; });
    return last == log_.rend() ? Clock::duration() : last->at + window_ - now;
  }

  void SetLimit(int64_t limit, Clock::time_point) override { limit_ = limit; }

  int64_t limit() const override { return limit_; }

 private:
  struct Taken {
    Clock::time_point at;
    int64_t amount;
  };

  void Forget(Clock::time_point now) {
    while (!log_.empty() && log_.front().at + window_ <= now) {
      used_ -= log_.front().amount;
      log_.pop_front();
      ++first_;
    }
  }

  int64_t limit_;
  Clock::duration window_;
  std::deque<Taken> log_;  // within the window, oldest first
  Entry first_ = 0;        // names the oldest
  int64_t used_ = 0;       // the sum of the log
};

class BucketMeter : public Meter {
 public:
  BucketMeter(int64_t limit, Clock::duration window) : limit_(limit), window_(window) {}

  std::optional<Clock::duration> WaitFor(int64_t amount, Clock::time_point now) override {
    amount = std::max<int64_t>(1, amount);
    if (amount > limit_) return std::nullopt;
    Refill(now);
    double excess = used_ + static_cast<double>(amount - limit_);
    return excess > kRounding ? TimeFor(excess) : Clock::duration();
  }

  Entry Take(int64_t amount, Clock::time_point now) override {
    Refill(now);
    used_ += static_cast<double>(amount);
    return 0;
  }

  void GiveBack(Entry, int64_t amount, Clock::time_point now) override {
    Refill(now);
    used_ = std::max(0.0, used_ - static_cast<double>(amount));
  }

  int64_t UsedAt(Clock::time_point now) override {
    Refill(now);
    return static_cast<int64_t>(std::ceil(used_ - kRounding));
  }

  Clock::duration UntilFull(Clock::time_point now) override {
    Refill(now);
    return TimeFor(used_);
  }

  void SetLimit(int64_t limit, Clock::time_point now) override {
    Refill(now);
    limit_ = limit;
  }

  int64_t limit() const override { return limit_; }

 private:
  static constexpr double kRounding = 1e-6;  // of one request or token

  double PerTick() const {
    return static_cast<double>(limit_) / static_cast<double>(window_.count());
  }

  Clock::duration TimeFor(double amount) const {
    return Clock::duration(static_cast<Clock::rep>(std::ceil(amount / PerTick())));
  }

  void Refill(Clock::time_point now) {
    double ticks = static_cast<double>((now - refilled_).count());
    used_ = std::max(0.0, used_ - ticks * PerTick());
    refilled_ = now;
  }

  int64_t limit_;
  Clock::duration window_;
  double used_ = 0;  // what the bucket lacks; more than the limit when it was overdrawn
  Clock::time_point refilled_;
};

}  // namespace

std::unique_ptr<Meter> MakeMeter(MeterKind kind, int64_t limit, Clock::duration window) {
  if (kind == MeterKind::kBucket) return std::make_unique<BucketMeter>(limit, window);
  return std::make_unique<SlidingMeter>(limit, window);
}

}  // namespace fake_provider
