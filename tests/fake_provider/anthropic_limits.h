#pragma once

#include <vector>

#include "tests/fake_provider/api.h"

// How Anthropic tells of its limits.
namespace fake_provider::anthropic {

// See Api. The message never says when; retry-after does, in whole seconds, unless the request
// never fits.
ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal);

// anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}. Tokens
// that remain are rounded to the nearest 1000; reset is a time (RFC 3339), rounded up to a second.
// Without a limit on tokens as such, "tokens" shows the tighter of input and output.
Headers LimitHeaders(const std::vector<Limiter::Standing>& standings);

}  // namespace fake_provider::anthropic
