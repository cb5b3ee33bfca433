#include "supervisor/governor_start.h"

#include <algorithm>

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAtLeast{61'000};  // the minute of most limits, and the slack of its window

Milliseconds LongestOf(const Limits& limits) {
  Milliseconds longest = limits.min_delay;
  for (const RateLimit& rate : limits.rates) longest = std::max(longest, rate.per);
  return longest;
}

Milliseconds LongestWindow(const Config& config) {
  Milliseconds longest = std::max(kAtLeast, LongestOf(config.limits));
  for (const auto& [name, key] : config.keys) longest = std::max(longest, LongestOf(key.limits));
  for (const auto& [name, provider] : config.providers) {
    longest = std::max(longest, LongestOf(provider.limits));
    for (const auto& [model, own] : provider.models) {
      longest = std::max(longest, LongestOf(own.limits));
    }
  }
  return longest + milliseconds(1'000);
}

}  // namespace

void PrimeGovernor(Governor& governor, const Config& config, const LedgerView& view,
                   const Clock& clock) {
  int64_t wall = clock.WallMs();
  auto now = clock.Now();
  view.ForEachTrySince(wall - LongestWindow(config).count(), [&](const LedgerView::SentTry& sent) {
    // A clock that was set back makes the past look like the future.
    milliseconds ago(std::max<int64_t>(wall - sent.started_ms, 0));
    governor.Prime(sent.provider, sent.model, now - ago, {sent.input, sent.output});
  });
  for (const auto& [provider, booked] : view.BookedByProvider()) {
    governor.budget().AddBooked(provider, booked);
  }
}

}  // namespace muster
