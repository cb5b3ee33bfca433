#pragma once

// Limits in words.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"

namespace muster {

// One amount of a lane's limits in any span of `per`.
struct LimitAmount {
  std::string_view unit;  // "requests", "tokens", "input tokens", "output tokens"
  int64_t amount = 0;
  Milliseconds per{0};
};
std::vector<LimitAmount> AmountsOf(const Limits& limits);

// "500 requests a minute", "10,000 tokens in 90s".
std::string LimitText(const LimitAmount& limit);

// All of them in one line: "8 calls at once, 500 requests a minute, 250ms between calls"; empty
// where there are none.
std::string LimitsText(const Limits& limits);

// A lane with limits of its own, the widest first.
struct LaneLimits {
  enum class Level { kRun, kKey, kProvider, kModel };
  Level level;
  std::string name;                  // "the run", "key OPENAI_API_KEY", "openai", "openai/gpt-5.1"
  const Limits* limits;              // of the config
  std::string provider, model, key;  // what it is for; empty: any
};
// All that the config names, also those without a limit.
std::vector<LaneLimits> LanesOf(const Config& config);
// Whether a call to that model obeys the lane.
bool Holds(const LaneLimits& lane, const Provider& provider, const std::string& model);

}  // namespace muster
