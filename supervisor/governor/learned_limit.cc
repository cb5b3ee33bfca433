#include "supervisor/governor/learned_limit.h"

#include <algorithm>

namespace muster {
namespace {

using std::chrono::duration;

constexpr double kUsualWindow = 60;     // seconds: what most limits are counted in
constexpr double kLongestWindow = 2e6;  // seconds, a bit over three weeks
constexpr size_t kMostRemembered = 4'096;
constexpr double kLeastTold = 0.25;  // seconds: shorter resets are too coarse to reckon with
constexpr double kTrustLeft = 0.6, kLeastTrust = 0.2;
constexpr double kTrustBack = 0.005;  // a second

double Seconds(LearnedLimit::Time::duration time) { return duration<double>(time).count(); }

}  // namespace

// From how much is missing and how long it takes to come back. Where too little is missing to tell,
// the rate stays what it was.
double LearnedLimit::RateOf(const LimitSeen& seen) const {
  auto limit = static_cast<double>(seen.limit);
  double usual = limit_ == seen.limit && rate_ > 0 ? rate_ : limit / kUsualWindow;
  double missing = limit - static_cast<double>(seen.remaining);
  double seconds = static_cast<double>(seen.full_in_ms.value_or(0)) / 1000;
  if (seconds < kLeastTold || missing < std::max(3.0, limit / 20)) return usual;
  return std::clamp(missing / seconds, limit / kLongestWindow, limit);
}

void LearnedLimit::Learn(const LimitSeen& seen, Time sent, int64_t taken) {
  if (sent < heard_.at || taken < heard_sum_ || seen.limit <= 0) return;
  rate_ = RateOf(seen);
  if (trust_ < 1 && sent > trusted_at_) {
    trust_ = std::min(trust_ + kTrustBack * Seconds(sent - trusted_at_), 1.0);
    trusted_at_ = sent;
  }
  limit_ = seen.limit;
  heard_ = {static_cast<double>(std::min(seen.remaining, seen.limit)), sent};
  heard_sum_ = taken;
  while (!since_.empty() && since_.front().sum <= taken) since_.pop_front();
  now_ = heard_;
  for (const Taken& each : since_) now_ = After(now_, each);
}

int64_t LearnedLimit::Take(int64_t amount, Time now) {
  taken_ += amount;
  since_.push_back({now, amount, taken_});
  if (!known()) {
    if (since_.size() > kMostRemembered) since_.pop_front();
    return taken_;
  }
  now_ = After(now_, since_.back());
  if (since_.size() > kMostRemembered) {
    heard_ = After(heard_, since_.front());
    heard_sum_ = since_.front().sum;
    since_.pop_front();
  }
  return taken_;
}

void LearnedLimit::Refused(Time now) {
  trust_ = std::max(trust_ * kTrustLeft, kLeastTrust);
  trusted_at_ = now;
}

double LearnedLimit::FilledBy(const Level& level, Time now) const {
  double filled = level.left + trust_ * rate_ * std::max(Seconds(now - level.at), 0.0);
  return std::min(filled, static_cast<double>(limit_));
}

LearnedLimit::Level LearnedLimit::After(const Level& level, const Taken& taken) const {
  return {FilledBy(level, taken.when) - static_cast<double>(taken.amount), taken.when};
}

LearnedLimit::Time LearnedLimit::Opens(int64_t amount, Time now) const {
  if (!known()) return now;
  double missing = static_cast<double>(std::min(amount, limit_)) - FilledBy(now_, now);
  // Half a request short is no reason to wait: levels are rounded on the way.
  if (missing <= 0.5) return now;
  double seconds = std::min(missing / (trust_ * rate_), kLongestWindow);
  return now + std::chrono::ceil<std::chrono::milliseconds>(duration<double>(seconds));
}

}  // namespace muster
