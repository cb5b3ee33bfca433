#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "common/config/config.h"

namespace muster {

// Stops a run that goes wrong as a whole: too many calls in a row, or too large a share of the
// latest ones, failed for good. Counted over all workers, in the order in which calls ended.
class ErrorGuard {
 public:
  explicit ErrorGuard(const Guard& guard) : guard_(guard) {}

  void Answered() { Count(false, ""); }
  void FailedForGood(const std::string& why) { Count(true, why); }

  // Why to stop, or "".
  const std::string& verdict() const { return verdict_; }

 private:
  void Count(bool failed, const std::string& why);

  Guard guard_;
  int64_t in_a_row_ = 0;
  std::deque<bool> latest_;
  int64_t failed_ = 0;  // among the latest
  std::string verdict_;
};

}  // namespace muster
