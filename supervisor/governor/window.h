#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace muster {

// How much went in the latest span of time, and whether more may: exact, so that no span of that
// length holds more than the capacity. Remembers what went when; what went within a small fraction
// of the span of each other counts as gone together, at the later time, so that memory stays
// bounded whatever the limit.
class Window {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Window(int64_t capacity, std::chrono::milliseconds span);

  int64_t capacity() const { return capacity_; }
  std::chrono::milliseconds span() const { return span_; }

  // Whether `amount` may go now. More than the capacity counts as the capacity: it goes when
  // nothing else is in the window, rather than never.
  bool Fits(int64_t amount, Time now) const { return Opens(amount, now) <= now; }
  // When it may, if nothing else goes before.
  Time Opens(int64_t amount, Time now) const;
  int64_t Used(Time now) const;

  // It went at `when`, which is never before what went last.
  void Take(int64_t amount, Time when);
  // What went at `when` turned out to be `by` more (less, where negative).
  void Correct(Time when, int64_t by);
  void SetCapacity(int64_t capacity) { capacity_ = capacity; }

 private:
  struct Entry {
    Time first, last;
    int64_t amount;
  };
  // When an entry does not count any more.
  Time Leaves(const Entry& entry) const { return entry.last + counted_span_; }
  void Forget(Time now);

  int64_t capacity_;
  std::chrono::milliseconds span_;
  std::chrono::nanoseconds counted_span_;  // with the slack between our clock and the provider's
  std::chrono::nanoseconds grain_;
  std::deque<Entry> entries_;
};

}  // namespace muster
