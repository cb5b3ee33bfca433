#include "supervisor/governor/outage.h"

#include <algorithm>

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr size_t kCalls = 3;      // different ones, so that one hopeless request is no outage
constexpr int64_t kFailures = 5;  // of them, in a row
constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{4'000};

}  // namespace

void Outage::Failed(int64_t call, Time now, bool unreached) {
  ++failures_;
  unreached_ += unreached;
  if (calls_.size() < kCalls) calls_.insert(call);
  if (probe_ == call) {
    probe_.reset();
    pause_ = std::min(pause_ + pause_ / 2, kLongestPause);
    next_probe_ = now + pause_;
  } else if (!down() && failures_ >= kFailures &&
             (calls_.size() >= kCalls || unreached_ >= kFailures)) {
    since_ = now;
    pause_ = kFirstPause;
    next_probe_ = now + pause_;
  }
}

void Outage::Probe(int64_t call, Time now) {
  probe_ = call;
  next_probe_ = now + pause_;
}

void Outage::Vanished(int64_t call) {
  if (probe_ == call) probe_.reset();
}

std::optional<Outage::Time> Outage::NextProbe() const {
  return probe_ ? std::nullopt : std::optional(next_probe_);
}

bool Outage::Answered() {
  bool ended = down();
  *this = Outage();
  return ended;
}

}  // namespace muster
