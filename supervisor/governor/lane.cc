#include "supervisor/governor/lane.h"

#include <algorithm>

#include "common/duration.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

// The provider's clock and ours differ by what a request travels: the window is that much longer.
constexpr milliseconds kWindow{60'500};

std::string Until(Lane::Time until, Lane::Time now) {
  return FormatDuration(std::chrono::ceil<milliseconds>(std::max(until, now) - now));
}

}  // namespace

void Lane::Prime(Time when) {
  if (!limits_.requests_per_minute) return;
  sent_.insert(std::upper_bound(sent_.begin(), sent_.end(), when), when);
  while (static_cast<int64_t>(sent_.size()) > *limits_.requests_per_minute) sent_.pop_front();
}

Lane::Time Lane::WindowOpens() const {
  bool full = limits_.requests_per_minute &&
              static_cast<int64_t>(sent_.size()) >= *limits_.requests_per_minute;
  return full ? sent_.front() + kWindow : Time::min();
}

bool Lane::MayGo(Time now) const {
  return !stopped() && HasSlot() && closed_until_ <= now && WindowOpens() <= now;
}

std::optional<Lane::Time> Lane::NextChance(Time now) const {
  if (stopped() || !HasSlot()) return std::nullopt;
  return std::max({now, closed_until_, WindowOpens()});
}

std::string Lane::WhyWaiting(Time now) const {
  if (stopped()) return fmt::format("{} is stopped: {}", name_, stopped_);
  if (closed_until_ > now) {
    return fmt::format("{} {}: {} to go", name_, why_closed_, Until(closed_until_, now));
  }
  if (!HasSlot()) {
    return fmt::format("{} has {} of {} calls in the air", name_, in_the_air_,
                       *limits_.concurrency);
  }
  return fmt::format("{} sent {} requests in a minute, its limit: {} to go", name_, sent_.size(),
                     Until(WindowOpens(), now));
}

void Lane::Sent(Time now) {
  ++in_the_air_;
  if (!limits_.requests_per_minute) return;
  sent_.push_back(now);
  if (static_cast<int64_t>(sent_.size()) > *limits_.requests_per_minute) sent_.pop_front();
}

void Lane::CloseUntil(Time until, const std::string& why) {
  if (until <= closed_until_) return;
  closed_until_ = until;
  why_closed_ = why;
}

}  // namespace muster
