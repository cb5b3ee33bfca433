#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "tests/fake_provider/loop.h"

namespace fake_provider {

// Whether one more request may be taken: an exact log of the instants of those admitted in the last
// window, and the number still being answered. A refused request leaves no trace in it.
class Limiter {
 public:
  struct Limits {
    int64_t requests = 0;     // per window; 0: no limit
    int64_t concurrency = 0;  // being answered at once; 0: no limit
    Clock::duration window = std::chrono::minutes(1);
  };

  // Why a request was refused, and how long until a place is free at the earliest (for concurrency
  // nobody knows: 0).
  struct Refusal {
    bool concurrency = false;
    int64_t limit = 0;
    Clock::duration wait{};
  };

  // What x-ratelimit-… headers tell: `reset` is the time until the window is empty again.
  struct Standing {
    int64_t limit = 0;
    int64_t remaining = 0;
    Clock::duration reset{};
  };

  explicit Limiter(const Limits& limits) : limits_(limits) {}

  // Admits a request (to be given back with Release() when answered), or says why not.
  std::optional<Refusal> Admit(Clock::time_point now);
  void Release() { --in_air_; }

  // Nothing when requests are not limited.
  std::optional<Standing> StandingAt(Clock::time_point now);

  Clock::duration window() const { return limits_.window; }

 private:
  void Forget(Clock::time_point now);

  Limits limits_;
  std::deque<Clock::time_point> admitted_;  // within the window, oldest first
  int64_t in_air_ = 0;
};

}  // namespace fake_provider
