#pragma once

#include <vector>

#include "tests/fake_provider/api.h"

// How OpenAI tells of its limits.
namespace fake_provider::openai {

// See Api. Retry-After is in whole seconds, at least 1; retry-after-ms is exact. What never fits
// has neither.
ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool try_again);

Headers LimitHeaders(const std::vector<Limiter::Standing>& standings);

}  // namespace fake_provider::openai
