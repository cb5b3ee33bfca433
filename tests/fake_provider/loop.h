#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "tests/fake_provider/fd.h"

namespace fake_provider {

using Clock = std::chrono::steady_clock;

// The one wait of the program: descriptors (level-triggered epoll) and timers. It knows nothing of
// what they are for. Not thread-safe; callbacks run inside Turn() and may watch, forget and set
// timers freely.
class Loop {
 public:
  using Token = uint64_t;  // names a watch; never reused; 0 names none
  using OnReady = std::function<void(uint32_t events)>;

  Loop();

  // `fd` stays the caller's and must stay open until Forget().
  Token Watch(int fd, uint32_t events, OnReady on_ready);
  void Change(Token token, uint32_t events);
  void Forget(Token token);

  // Runs `action` once, `delay` from now, in a later turn. Timers cannot be cancelled: an action
  // looks up what it is about by number and does nothing when that is gone.
  void After(Clock::duration delay, std::function<void()> action);

  // Waits for something to do (not at all unless `may_block`), then does all of it once.
  void Turn(bool may_block);

  void Stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  struct Watched {
    int fd;
    OnReady on_ready;
  };
  struct Timer {
    Clock::time_point when;
    uint64_t order;  // timers of the same instant run in the order they were set
    std::function<void()> action;
    bool operator>(const Timer& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  int TimeoutMs(bool may_block) const;
  void RunDueTimers();

  Fd epoll_;
  Token last_token_ = 0;
  std::unordered_map<Token, Watched> watched_;
  uint64_t last_order_ = 0;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<Timer>> timers_;
  bool stopping_ = false;
};

}  // namespace fake_provider
