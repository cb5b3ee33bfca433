#pragma once

// How fast items end, and how long the rest will take.

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace muster {

// A sliding window over the items ended so far: the last five minutes, or longer where that held
// too few ends to go by. Says nothing until there is a basis. Fed with the run's own time, so it
// needs no clock.
class RateMeter {
 public:
  // `ended` items have ended `elapsed` after the session's begin; both never fall.
  void Add(std::chrono::milliseconds elapsed, int64_t ended);

  // Items a minute; nullopt until a few have ended.
  std::optional<double> PerMinute() const;

  // For `items` more at this rate.
  std::optional<std::chrono::milliseconds> TimeFor(int64_t items) const;

 private:
  struct Sample {
    std::chrono::milliseconds elapsed{0};
    int64_t ended = 0;
  };

  std::deque<Sample> window_{Sample{}};  // never empty; a second and an end apart
  Sample now_;
};

}  // namespace muster
