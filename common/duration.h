#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// "850 ms", "12.3 s", "4m05s", "2h03m"; rounded, "-" before a negative one.
std::string FormatDuration(std::chrono::milliseconds duration);

// "90s", "5m", "1h30m", "250ms", "2d", "1.5h": units d h m s ms, each once, the longer first.
// Refused with the reason: a bare number ("90: say the unit, as in 90s"), a negative one, anything
// finer than a millisecond, and more than 100 years (so that adding it to a time never overflows).
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace muster
