#pragma once

#include <string>
#include <string_view>

#include "tests/fake_provider/api.h"

namespace fake_provider::openai {

// {"error":{"message","type","param","code"}}; "" for param, code or type becomes null.
ApiReply ErrorReply(int status, const std::string& message, const std::string& type,
                    const std::string& param, const std::string& code);

// A 400 of type invalid_request_error.
ApiReply BadRequest(const std::string& message, const std::string& param, const std::string& code);

// These are what both OpenAI endpoints say; see Api. `input_param` is the name of the field that
// carries the prompt.
ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after,
                    const std::string& input_param);
ApiReply KeyError(const Call& call, bool whole);
ApiReply StatusError(int status);
ApiReply ModelNotFound(const std::string& model);
ApiReply UnknownPath(const Call& call);

// The error object of a reply for a stream; of one that has none (an HTML page) its status.
Json ErrorOf(const ApiReply& reply);

std::string BearerKey(const Request& request);
Headers CommonHeaders(const Call& call, int64_t took_ms);

}  // namespace fake_provider::openai
