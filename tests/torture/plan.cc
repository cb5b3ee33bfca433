#include "tests/torture/plan.h"

#include <algorithm>

#include "tests/torture/dice.h"

namespace muster::torture {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kEarly{50};  // half of the endings come before this
constexpr milliseconds kLate{80};
constexpr milliseconds kLatest{200};

microseconds Within(Dice& dice, microseconds from, microseconds to) {
  return microseconds(dice.Between(from.count(), to.count()));
}

// Half in the first 50 ms, where a start recovers what the last one left.
microseconds Moment(Dice& dice) {
  if (dice.Percent(50)) return Within(dice, microseconds(0), kEarly);
  return Within(dice, kEarly, dice.Percent(85) ? kLate : kLatest);
}

Deed Ending(Dice& dice) {
  int64_t drawn = dice.Between(1, 100);
  if (drawn <= 28) return Deed::kKillSupervisor;
  if (drawn <= 54) return Deed::kKillStopped;
  if (drawn <= 62) return Deed::kKillAtDone;
  if (drawn <= 80) return Deed::kKillEverything;
  if (drawn <= 88) return Deed::kKillFrozen;
  if (drawn <= 92) return Deed::kInterrupt;
  if (drawn <= 96) return Deed::kInterruptTwice;
  return Deed::kTerminate;
}

void AddSome(Dice& dice, Deed deed, int64_t most, microseconds until, StartPlan& plan) {
  int64_t count = dice.Between(1, most);
  for (int64_t i = 0; i < count; ++i) {
    plan.acts.push_back({Within(dice, microseconds(0), until), deed,
                         Within(dice, milliseconds(1), milliseconds(40)), dice.Next()});
  }
}

}  // namespace

StartPlan PlanStart(uint64_t seed, int64_t round, int64_t start) {
  Dice dice{seed, static_cast<uint64_t>(round), static_cast<uint64_t>(start)};
  StartPlan plan;
  plan.check = dice.Percent(33);
  microseconds end = Moment(dice);
  bool ends_by_itself = dice.Percent(3);
  if (dice.Percent(35)) AddSome(dice, Deed::kKillWorker, 3, end, plan);
  if (dice.Percent(8)) AddSome(dice, Deed::kFreezeWorker, 2, end, plan);
  if (dice.Percent(4)) AddSome(dice, Deed::kSecondRun, 1, end, plan);
  if (dice.Percent(6)) AddSome(dice, Deed::kStatus, 1, end, plan);
  if (dice.Percent(12)) AddSome(dice, Deed::kInspect, 1, end, plan);
  std::stable_sort(plan.acts.begin(), plan.acts.end(),
                   [](const Act& a, const Act& b) { return a.at < b.at; });
  if (ends_by_itself) return plan;
  Deed deed = Ending(dice);
  microseconds gap = Within(dice, microseconds(0), milliseconds(25));
  plan.acts.push_back({end, deed, gap, dice.Next()});
  return plan;
}

}  // namespace muster::torture
