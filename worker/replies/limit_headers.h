#pragma once

// What the headers of a reply say of the provider's own limits. Pure functions of the reply, for
// any status. Of each unit there is one entry at most, and only where the headers give a limit
// above 0 and what remains of it; numbers are cut to kMostOfALimit, what remains to the limit,
// times to kLongestRetryAfterMs (retry_after.h). Nonsense is passed over, and so is a header that
// came twice with different values.

#include <cstdint>
#include <vector>

#include "worker/providers/chat_api.h"

namespace muster {

// No larger limit is believed: a million times what the largest accounts have.
inline constexpr int64_t kMostOfALimit = int64_t{1'000'000'000'000'000};

// x-ratelimit-{limit,remaining,reset}-{requests,tokens,project-tokens} of OpenAI and the servers
// that imitate it; the reset as a Go duration ("6m0s", "12ms") or seconds. Of tokens and
// project-tokens the one with less left is given.
std::vector<LimitSeen> OpenAiLimits(const HttpReply& reply);

// anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}; the
// reset as an RFC 3339 time, which is compared with the time of the reply.
std::vector<LimitSeen> AnthropicLimits(const HttpReply& reply);

}  // namespace muster
