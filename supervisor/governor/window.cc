#include "supervisor/governor/window.h"

#include <algorithm>

namespace muster {
namespace {

using std::chrono::milliseconds;

// A request arrives later than it was sent, and not always by the same time: the window is longer
// by this, or by a hundredth where that is less.
constexpr milliseconds kSlack{500};
constexpr int kGrains = 4'096;  // in a span

}  // namespace

Window::Window(int64_t capacity, milliseconds span)
    : capacity_(capacity),
      span_(span),
      counted_span_(span + std::min(kSlack, span / 100)),
      grain_(std::chrono::nanoseconds(span) / kGrains) {}

Window::Time Window::Opens(int64_t amount, Time now) const {
  int64_t room = std::max<int64_t>(capacity_ - std::min(amount, capacity_), 0);
  int64_t used = Used(now);
  if (used <= room) return now;
  for (const Entry& entry : entries_) {
    if (Leaves(entry) <= now) continue;
    used -= entry.amount;
    if (used <= room) return Leaves(entry);
  }
  return now;
}

int64_t Window::Used(Time now) const {
  int64_t used = 0;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && Leaves(*entry) > now; ++entry) {
    used += entry->amount;
  }
  return used;
}

void Window::Take(int64_t amount, Time when) {
  Forget(when);
  if (!entries_.empty() && when - entries_.back().first < grain_) {
    entries_.back().last = std::max(entries_.back().last, when);
    entries_.back().amount += amount;
  } else {
    entries_.push_back({when, when, amount});
  }
}

void Window::Correct(Time when, int64_t by) {
  auto after = std::upper_bound(entries_.begin(), entries_.end(), when,
                                [](Time time, const Entry& entry) { return time < entry.first; });
  if (after == entries_.begin()) return;
  Entry& entry = *std::prev(after);
  if (when <= entry.last) entry.amount = std::max<int64_t>(entry.amount + by, 0);
}

void Window::Forget(Time now) {
  while (!entries_.empty() && Leaves(entries_.front()) <= now) entries_.pop_front();
}

}  // namespace muster
