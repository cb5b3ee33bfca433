#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "tests/fake_provider/loop.h"

namespace fake_provider {

enum class MeterKind { kSliding, kBucket };

// Meters one quantity against one limit. Time is the caller's and never goes back. What is used can
// pass the limit, because some of it is known only afterwards: then nothing fits until enough of it
// is gone.
class Meter {
 public:
  using Entry = uint64_t;  // names what one Take() took

  virtual ~Meter() = default;

  // How long until `amount` fits if nobody takes anything before; 0: now; nothing: never, it is
  // more than the limit. What costs nothing yet still needs room for 1.
  virtual std::optional<Clock::duration> WaitFor(int64_t amount, Clock::time_point now) = 0;

  // Takes `amount`, whether or not it fits.
  virtual Entry Take(int64_t amount, Clock::time_point now) = 0;

  // Gives back part of what was taken: at most as much, and nothing of what is gone already.
  virtual void GiveBack(Entry entry, int64_t amount, Clock::time_point now) = 0;

  // Rounded up.
  virtual int64_t UsedAt(Clock::time_point now) = 0;

  // Until nothing is used any more.
  virtual Clock::duration UntilFull(Clock::time_point now) = 0;

  // Another limit from now on; what is used stays used.
  virtual void SetLimit(int64_t limit, Clock::time_point now) = 0;

  virtual int64_t limit() const = 0;
};

// kSliding: an exact log; what was taken counts for the whole of `window` and not an instant
// longer. kBucket: it holds `limit`, is full at first and is refilled all the time at limit /
// window.
std::unique_ptr<Meter> MakeMeter(MeterKind kind, int64_t limit, Clock::duration window);

}  // namespace fake_provider
