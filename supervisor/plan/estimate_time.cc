#include "supervisor/plan/estimate_time.h"

#include <algorithm>
#include <limits>

#include "common/config/kinds.h"
#include "common/text.h"
#include "supervisor/plan/limit_text.h"

namespace muster {
namespace {

int64_t CeilDiv(int64_t a, int64_t b) { return a / b + (a % b != 0); }

// A product of milliseconds, at most what can be counted.
int64_t Times(int64_t n, int64_t ms) {
  int64_t product = 0;
  bool over = __builtin_mul_overflow(n, ms, &product);
  return over ? std::numeric_limits<int64_t>::max() / 2 : product;
}

int64_t AmountIn(std::string_view unit, const CallLoad& load) {
  if (unit == "requests") return load.calls;
  if (unit == "tokens") return load.input + load.output;
  return unit == "input tokens" ? load.input : load.output;
}

// Keeps the slowest.
class Slowest {
 public:
  void Take(int64_t ms, const std::string& held_by) {
    if (ms <= slowest_.time.count() && !slowest_.held_by.empty()) return;
    slowest_ = {Milliseconds(ms), held_by};
  }
  TimeEstimate estimate() const { return slowest_; }

 private:
  TimeEstimate slowest_;
};

// A window's first share goes at once, and each further one a window later; then the last call
// must still be answered.
void TakeLane(const LaneLimits& lane, const CallLoad& load, Slowest& slowest) {
  if (load.calls == 0) return;
  const Limits& limits = *lane.limits;
  const std::string whose = lane.name + "'s ";
  int64_t last = load.ms / load.calls;
  if (limits.concurrency) {
    slowest.Take(load.ms / *limits.concurrency,
                 fmt::format("{}{} {} at once", whose, FormatCount(*limits.concurrency),
                             *limits.concurrency == 1 ? "call" : "calls"));
  }
  for (const LimitAmount& each : AmountsOf(limits)) {
    int64_t waits = CeilDiv(AmountIn(each.unit, load), each.amount) - 1;
    if (waits > 0) slowest.Take(Times(waits, each.per.count()) + last, whose + LimitText(each));
  }
  if (limits.min_delay.count() > 0) {
    slowest.Take(Times(load.calls - 1, limits.min_delay.count()) + last,
                 whose + DurationText(limits.min_delay) + " between calls");
  }
}

}  // namespace

void ItemTime::Add(size_t step_index, int64_t ms) {
  if (step_index != step_) {
    before_ += MsOfStep();
    step_ = step_index;
    calls_ = sum_ = 0;
  }
  ++calls_;
  sum_ += ms;
}

int64_t ItemTime::MsOfStep() const {
  if (calls_ == 0) return 0;
  return CeilDiv(calls_, config_.steps[step_].concurrency) * (sum_ / calls_);
}

int64_t ItemTime::ms() const { return before_ + MsOfStep(); }

void WorkTime::Add(int64_t ms) {
  ++items;
  sum_ms += ms;
  longest_ms = std::max(longest_ms, ms);
}

TimeEstimate TimeUnderLimits(const Config& config, const std::vector<CallLoad>& loads,
                             const WorkTime& work, int64_t workers) {
  if (loads.empty()) return {};
  Slowest slowest;
  int64_t at_work = std::min(workers, std::max<int64_t>(work.items, 1));
  slowest.Take(work.sum_ms / at_work,
               fmt::format("{} {}", FormatCount(at_work), at_work == 1 ? "worker" : "workers"));
  slowest.Take(work.longest_ms, "the longest item");
  for (const LaneLimits& lane : LanesOf(config)) {
    CallLoad sum;
    for (const CallLoad& load : loads) {
      if (!Holds(lane, config.providers.at(load.provider), load.model)) continue;
      sum.calls += load.calls;
      sum.input += load.input;
      sum.output += load.output;
      sum.ms += load.ms;
    }
    TakeLane(lane, sum, slowest);
  }
  return slowest.estimate();
}

}  // namespace muster
