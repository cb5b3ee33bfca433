#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "common/protocol.h"

namespace muster {

// What a provider says about one of its own limits, as a bucket that drains and fills: how much was
// left when a request came in, and how fast it fills. What was sent after that request is taken off
// here. Before a reply has said anything it allows everything.
class LearnedLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Counts what goes at `now`, in the order of time; the return value, given back to Learn(), tells
  // what went before a request.
  int64_t Take(int64_t amount, Time now);

  // A reply's word about the limit; the request went at `sent`, when Take() had returned `taken`.
  // Words of requests sent earlier than the last one heard of are old and ignored.
  void Learn(const LimitSeen& seen, Time sent, int64_t taken);

  // A request was refused for this limit: it does not fill as evenly as its words say. They are
  // believed less for a while.
  void Refused(Time now);

  bool known() const { return limit_ > 0; }
  int64_t limit() const { return limit_; }
  // When `amount` may go, if nothing else does; more than the limit counts as the limit.
  Time Opens(int64_t amount, Time now) const;

 private:
  // The bucket at a time, and what changes it: it fills, up to the limit, and is taken from.
  struct Level {
    double left = 0;
    Time at = Time::min();
  };
  struct Taken {
    Time when;
    int64_t amount, sum;  // with all before it
  };
  double FilledBy(const Level& level, Time now) const;
  Level After(const Level& level, const Taken& taken) const;
  double RateOf(const LimitSeen& seen) const;

  int64_t limit_ = 0;
  double rate_ = 0;   // what comes back, per second, by its words
  double trust_ = 1;  // the share of that which is believed
  Time trusted_at_ = Time::min();
  Level heard_;              // the last word about it, for requests that went after that one
  int64_t heard_sum_ = 0;    // what had been taken then
  std::deque<Taken> since_;  // those
  Level now_;                // heard_ after since_
  int64_t taken_ = 0;
};

}  // namespace muster
