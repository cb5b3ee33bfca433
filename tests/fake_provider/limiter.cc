#include "tests/fake_provider/limiter.h"

namespace fake_provider {

void Limiter::Forget(Clock::time_point now) {
  while (!admitted_.empty() && admitted_.front() + limits_.window <= now) admitted_.pop_front();
}

std::optional<Limiter::Refusal> Limiter::Admit(Clock::time_point now) {
  if (limits_.concurrency > 0 && in_air_ >= limits_.concurrency) {
    return Refusal{.concurrency = true, .limit = limits_.concurrency, .wait = {}};
  }
  if (limits_.requests > 0) {
    Forget(now);
    if (static_cast<int64_t>(admitted_.size()) >= limits_.requests) {
      return Refusal{.concurrency = false,
                     .limit = limits_.requests,
                     .wait = admitted_.front() + limits_.window - now};
    }
    admitted_.push_back(now);
  }
  ++in_air_;
  return std::nullopt;
}

std::optional<Limiter::Standing> Limiter::StandingAt(Clock::time_point now) {
  if (limits_.requests == 0) return std::nullopt;
  Forget(now);
  Standing standing{.limit = limits_.requests,
                    .remaining = limits_.requests - static_cast<int64_t>(admitted_.size()),
                    .reset = {}};
  if (!admitted_.empty()) standing.reset = admitted_.back() + limits_.window - now;
  return standing;
}

}  // namespace fake_provider
