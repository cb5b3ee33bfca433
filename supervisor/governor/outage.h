#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

namespace muster {

// Whether a provider is down: several calls in a row, different ones, came to nothing. Then one
// call at a time probes it, a second apart at least, until one is answered.
class Outage {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A call that was not answered: broken off, or the provider in trouble; `unreached`: there was
  // not even a connection, for which no request can be to blame.
  void Failed(int64_t call, Time now, bool unreached = false);
  // A call that was answered, be it by a refusal. True when that ended an outage.
  bool Answered();
  // A call of which nothing will be heard any more.
  void Vanished(int64_t call);

  bool down() const { return since_.has_value(); }
  std::optional<Time> since() const { return since_; }
  // Only while it is down: when the next probe may go; nullopt while one is in the air.
  std::optional<Time> NextProbe() const;
  void Probe(int64_t call, Time now);

 private:
  std::set<int64_t> calls_;  // that failed since the last answer; only as many as it takes
  int64_t failures_ = 0, unreached_ = 0;
  std::optional<Time> since_;
  std::optional<int64_t> probe_;  // in the air
  Time next_probe_{};
  std::chrono::milliseconds pause_{0};
};

}  // namespace muster
