#include "supervisor/plan/estimate_time.h"

#include <algorithm>
#include <limits>

#include "common/config/kinds.h"
#include "common/expression.h"
#include "common/step_values.h"
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

ItemTime::ItemTime(const Config& config) : config_(config), steps_(WorkingSteps(config).size()) {}

void ItemTime::Add(size_t step_index, int64_t ms) {
  ++steps_[step_index].calls;
  steps_[step_index].sum += ms;
}

int64_t ItemTime::MsOf(const Step& step, const OfStep& calls) {
  if (calls.calls == 0) return 0;
  return CeilDiv(calls.calls, step.concurrency) * (calls.sum / calls.calls);
}

int64_t ItemTime::ms() const {
  Json context = FixedNames(config_);
  int64_t all = 0;
  size_t index = 0;
  for (const Step& step : config_.steps) {
    if (step.branches.empty()) {
      all += MsOf(step, steps_[index++]);
      continue;
    }
    int64_t sum = 0, longest = 0;
    for (const Step& branch : step.branches) {
      int64_t ms = MsOf(branch, steps_[index++]);
      sum += ms;
      longest = std::max(longest, ms);
    }
    auto parallel = IsTrue(step.parallel, context, true);
    all += parallel && !*parallel ? sum : longest;
  }
  return all;
}

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
