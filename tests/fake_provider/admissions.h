#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/loop.h"

namespace fake_provider {

// What was admitted when, for at most kKept: so that a test can ask what was the most in any window
// of time, apart from what the limiter thought. "*" stands for all models together. Time is the
// caller's and never goes back.
class Admissions {
 public:
  static constexpr Clock::duration kKept = std::chrono::minutes(10);

  // The most in any span of the window's length, its first instant not included: what happened
  // exactly one window apart does not count together.
  struct Most {
    int64_t requests = 0;
    int64_t tokens = 0;  // input counts when admitted, output when generated
    int64_t input_tokens = 0;
    int64_t output_tokens = 0;
  };

  void Admitted(std::string_view model, int64_t input, Clock::time_point now);
  void Generated(std::string_view model, int64_t output, Clock::time_point now);

  Most MostInAny(std::string_view model, Clock::duration window) const;

  // Those seen so far, "*" among them.
  std::vector<std::string> Models() const;

 private:
  struct Event {
    Clock::time_point at;
    int64_t requests = 0;
    int64_t input = 0;
    int64_t output = 0;
  };

  void Keep(std::string_view model, const Event& event);

  std::map<std::string, std::deque<Event>, std::less<>> events_;  // by model
};

}  // namespace fake_provider
