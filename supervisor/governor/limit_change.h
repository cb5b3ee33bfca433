#pragma once

#include <string>

#include "common/config/config.h"
#include "common/result.h"

namespace muster {

// Sets one of the limits by its setting's name (concurrency, requests_per_minute,
// tokens_per_minute, input_tokens_per_minute, output_tokens_per_minute, min_delay) to a value as a
// config would give it; "" takes it off. Returns what it was, "none" where there was none.
Result<std::string> ChangeLimit(Limits& limits, const std::string& name, const std::string& value);

}  // namespace muster
