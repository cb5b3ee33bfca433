#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "worker/task.h"

namespace muster {

// Waits of coroutines for a time: `Timers::Wait wait(timers, until); co_await wait;`. The loop
// calls Fire() and sleeps no longer than next().
class Timers {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Lives in the waiting coroutine; leaves the list when destroyed.
  class Wait {
   public:
    Wait(Timers& timers, Time until)
        : timers_(timers), place_(timers.waits_.emplace(until, this)), listed_(true) {}
    Wait(const Wait&) = delete;
    ~Wait() {
      if (listed_) timers_.waits_.erase(place_);
    }
    auto operator co_await() { return Awaiter{box_}; }

   private:
    friend class Timers;
    struct Awaiter {
      Mailbox<bool>& box;
      bool await_ready() const { return box.await_ready(); }
      void await_suspend(std::coroutine_handle<> reader) { box.await_suspend(reader); }
      bool await_resume() { return box.await_resume(); }
    };
    Timers& timers_;
    std::multimap<Time, Wait*>::iterator place_;
    bool listed_;
    Mailbox<bool> box_;
  };

  void Fire(Time now) {
    while (!waits_.empty() && waits_.begin()->first <= now) {
      Wait* wait = waits_.begin()->second;
      waits_.erase(waits_.begin());
      wait->listed_ = false;
      wait->box_.Deliver(true);
    }
  }

  std::optional<Time> next() const {
    return waits_.empty() ? std::nullopt : std::optional(waits_.begin()->first);
  }

 private:
  std::multimap<Time, Wait*> waits_;
};

}  // namespace muster
