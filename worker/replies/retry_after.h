#pragma once

// How long a provider asks to wait, from headers and from the words of its messages.

#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/providers/chat_api.h"

namespace muster {

// Longer waits than this are cut to it: ten years, in milliseconds.
inline constexpr int64_t kLongestRetryAfterMs = int64_t{10} * 365 * 24 * 3600 * 1000;

// Milliseconds from the first of these that makes sense: retry-after-ms (a number, also with a
// fraction), retry-after as seconds (the same), retry-after as an HTTP date relative to `now_ms`
// (since 1970; 0: not known, and dates are passed over). Negative numbers, NaN and infinity make no
// sense; a date in the past is 0.
std::optional<int64_t> RetryAfterMs(const HttpReply& reply, int64_t now_ms);

// What time it was when the reply was made: by its own Date, so that two clocks never mix, else by
// our clock when it came.
int64_t TimeOfReplyMs(const HttpReply& reply);

// A span of time that is all of the text, in milliseconds: a Go duration ("1h30m", "2m52.8s",
// "12ms") or a bare number of seconds. Negative ones, NaN and infinity are none; longer than
// kLongestRetryAfterMs is cut to it.
std::optional<int64_t> SpanMs(std::string_view text);

// The wait that a message names: "Please try again in 1.2s", "in 350ms", "in 6m0s", "Please retry
// after 37 seconds".
std::optional<int64_t> RetryAfterInText(std::string_view message);

}  // namespace muster
