#pragma once

#include <string>
#include <string_view>

#include "tests/fake_provider/api.h"

namespace fake_provider::gemini {

// {"error":{"code","message","status","details"}}, inside an array where WrapsErrors(). `status`
// "": the one that goes with the code. No details: null.
ApiReply ErrorReply(const Call& call, int code, const std::string& message,
                    const Json& details = {}, std::string_view status = {});

// The status that goes with an HTTP code: INVALID_ARGUMENT.
std::string_view StatusOf(int code);

ApiReply ModelNotFound(const Call& call);

// A google.rpc.QuotaFailure, Help and, unless `delay` is "", a RetryInfo with that delay ("26s").
Json QuotaDetails(const Call& call, std::string_view metric, std::string_view quota_id,
                  int64_t limit, const std::string& delay);

// See Api.
ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after);
ApiReply KeyError(const Call& call, bool whole);
ApiReply StatusError(const Call& call, int status);
std::string StreamError(std::string_view name, const Call& call, size_t before);

// See Api. The wait is in the body alone, as RetryInfo and in the message; `try_again` false: in
// neither.
ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool try_again);

}  // namespace fake_provider::gemini
