#pragma once

// What the errors of Anthropic's Messages API mean, and when what it refuses is open again.

#include <optional>
#include <string_view>

#include "worker/providers/chat_api.h"
#include "worker/replies/api_errors.h"

namespace muster {

// `status` is the HTTP status, or 500 for an error inside a success.
ErrorMeaning AnthropicMeaning(int64_t status, const ApiError& error);

// How long a limit that was hit stays closed, in milliseconds from the reply on, where the failure
// or the headers name a time instead of a wait: "You will regain access on 2026-09-01 at 00:00 UTC"
// of a spend limit, and a subscription's own header. nullopt: neither, or it is not known what time
// it was.
std::optional<int64_t> WaitUntilOpen(const HttpReply& reply, const Failure& failure);

}  // namespace muster
