#include "supervisor/progress/rate.h"

namespace muster {
namespace {

constexpr std::chrono::minutes kWindow(5);
constexpr std::chrono::seconds kBetweenSamples(1);
constexpr int64_t kBasis = 3;      // ends before anything is said
constexpr int64_t kInWindow = 10;  // ends that are kept in the window, however old

}  // namespace

void RateMeter::Add(std::chrono::milliseconds elapsed, int64_t ended) {
  now_ = {elapsed, ended};
  bool news = ended > window_.back().ended;
  if (news && elapsed - window_.back().elapsed >= kBetweenSamples) window_.push_back(now_);
  auto second_will_do = [&] {
    return window_.size() > 2 && elapsed - window_[1].elapsed >= kWindow &&
           ended - window_[1].ended >= kInWindow;
  };
  while (second_will_do()) window_.pop_front();
}

std::optional<double> RateMeter::PerMinute() const {
  auto time = now_.elapsed - window_.front().elapsed;
  int64_t ended = now_.ended - window_.front().ended;
  if (ended < kBasis || time.count() <= 0) return std::nullopt;
  return static_cast<double>(ended) * 60'000 / static_cast<double>(time.count());
}

std::optional<std::chrono::milliseconds> RateMeter::TimeFor(int64_t items) const {
  auto rate = PerMinute();
  if (!rate) return std::nullopt;
  auto ms = static_cast<double>(items) * 60'000 / *rate;
  return std::chrono::milliseconds(static_cast<int64_t>(ms));
}

}  // namespace muster
