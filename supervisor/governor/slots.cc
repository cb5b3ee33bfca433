#include "supervisor/governor/slots.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace muster {
namespace {

constexpr int64_t kFirst = 4;
constexpr double kMost = 10'000;
constexpr double kCut = 0.7;
constexpr double kGrowth = 1.0 / 16;  // of itself for every round of answers, at least one slot
constexpr std::chrono::seconds kAfterCut{5};
constexpr std::chrono::seconds kAfterFailure{2};

}  // namespace

Slots::Slots(std::optional<int64_t> ceiling, bool follow, std::optional<int64_t> first)
    : ceiling_(ceiling), follow_(follow), slow_above_(kMost) {
  window_ = static_cast<double>(first.value_or(kFirst));
}

void Slots::SetCeiling(std::optional<int64_t> ceiling) {
  if (ceiling != ceiling_ && ceiling) window_ = static_cast<double>(*ceiling);
  ceiling_ = ceiling;
}

int64_t Slots::limit() const {
  int64_t most = ceiling_.value_or(std::numeric_limits<int64_t>::max());
  return follow_ ? std::min(most, static_cast<int64_t>(window_)) : most;
}

void Slots::Sent() {
  ++in_the_air_;
  if (in_the_air_ >= limit()) of_full_ = in_the_air_;
}

// A whole round may come home before the next one is sent: all of it had the slots full.
void Slots::Answered(Time now) {
  bool all_used = of_full_ > 0;
  if (all_used) --of_full_;
  --in_the_air_;
  proven_ = std::max(proven_, window_);
  if (!follow_ || !all_used || now < no_growth_before_) return;
  window_ += window_ < slow_above_ ? 1 : std::max(1.0, window_ * kGrowth) / window_;
  window_ = std::min(window_, std::min(kMost, static_cast<double>(ceiling_.value_or(1'000'000))));
}

// What was sent before the last cut says nothing about the time after it.
void Slots::Cut(Time sent, Time now) {
  auto used = static_cast<double>(in_the_air_--);
  if (!follow_ || sent < cut_at_) return;
  window_ = std::max(1.0, std::floor(std::min(window_, used) * kCut));
  slow_above_ = window_;
  cut_at_ = now;
}

void Slots::Refused(Time sent, Time now) {
  Cut(sent, now);
  no_growth_before_ = std::max(no_growth_before_, cut_at_ + kAfterCut);
}

// The wait that follows is what helps. With fewer at once, fewer run into the limit together.
void Slots::OverLimit(Time sent, Time now) { Cut(sent, now); }

void Slots::Failed(Time now) {
  --in_the_air_;
  no_growth_before_ = std::max(no_growth_before_, now + kAfterFailure);
}

void Slots::StartAgain() {
  if (!follow_) return;
  slow_above_ = std::max<double>(proven_, kFirst);
  window_ = kFirst;
  no_growth_before_ = Time::min();
}

}  // namespace muster
