#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "supervisor/crew/squad_plan.h"
#include "supervisor/pool/worker_pool.h"

namespace muster {

// A squad while a session lasts: which of its places are taken, when the next worker may be
// started after some died, and whether it is given up. It knows no single worker.
class Squad {
 public:
  using Time = Clock::Time;

  explicit Squad(SquadPlan plan);

  const SquadPlan& plan() const { return plan_; }
  size_t size() const { return plan_.size; }
  void Resize(size_t size);

  // Whether one more worker may be started now.
  bool MayStart(Time now) const;
  // Names the worker that was started: the lowest free place of this squad.
  std::string TakeName();
  void OnGone(const std::string& name);
  // One could not be started at all, for want of memory or descriptors here.
  void OnCannotStart(Time now);
  // Since the last that could be.
  bool cannot_start() const { return cannot_start_; }

  // A worker died, by itself or killed for a fault.
  void OnDeath(Time now);
  // An item ended well: the squad is sound.
  void OnItemEnded();
  // Too many deaths and nothing done in between: why no more are started, else empty.
  std::string Storm(Time now);

  // No worker is started any more.
  void GiveUp() { given_up_ = true; }
  bool given_up() const { return given_up_; }

  // When MayStart may change by time alone; the past: not by time.
  Time next_start() const { return no_start_before_; }
  int64_t restarts() const { return restarts_; }  // workers begun after the first of their place

  // Kept by the crew: those that have not said hello; those not stopping, nor killed while idle.
  size_t starting = 0, staff = 0;

 private:
  const bool launched_;
  SquadPlan plan_;
  std::set<int64_t> taken_;    // places
  int64_t first_free_ = 1;     // no place below it is free
  int64_t highest_taken_ = 0;  // ever
  int64_t restarts_ = 0;
  std::deque<Time> deaths_;  // since an item ended well, at most a minute old
  size_t rounds_ = 0;        // of starting again, since then
  Time no_start_before_{};
  std::chrono::milliseconds delay_{0};
  bool worked_ = false;  // an item ended well, ever
  bool given_up_ = false;
  bool cannot_start_ = false;
};

}  // namespace muster
