#pragma once

#include <string_view>
#include <vector>

#include "tests/fake_provider/json.h"
#include "tests/fake_provider/limiter.h"
#include "tests/fake_provider/result.h"

namespace fake_provider {

// The limits of the provider and how much of them it tells.
struct LimitSettings {
  LimitRule defaults;  // window and kind of rules that name none; its amounts do not count
  std::vector<LimitRule> rules;
  bool count_max_tokens = false;  // see Limiter
  bool headers = true;            // x-ratelimit-…, on every reply
  bool retry_after = true;        // Retry-After and retry-after-ms, on replies with 429
  bool try_again = true;          // "Please try again in 1.2s." in their message
};

// "5s", "500ms", "1.5m", "1h" or "1d"; longer than nothing.
Result<Clock::duration> ParseDuration(std::string_view text);

Result<MeterKind> ParseMeterKind(std::string_view text);

// MODEL:name=value,… as in gpt-5.1:requests=500,tokens=30000,per=60s,kind=bucket. MODEL may hold
// colons itself. Names: requests, tokens, input_tokens, output_tokens, concurrency, per, kind.
Result<LimitRule> ParseLimitRule(std::string_view text, const LimitRule& defaults);

// {"limits": [{"model": "*", "requests": 100, "per": "5s"}], "count_max_tokens": true,
//  "headers": false, "retry_after": false, "try_again": false}
// in place of what `current` says; what is not named stays. Names of a limit as above, and "model".
Result<LimitSettings> ParseLimitSettings(const Json& json, const LimitSettings& current);

}  // namespace fake_provider
