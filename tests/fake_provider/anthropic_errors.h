#pragma once

#include <string>
#include <string_view>

#include "tests/fake_provider/api.h"

namespace fake_provider::anthropic {

// "req_…", the same in the header request-id and in the body of errors.
std::string RequestId(const Call& call);

// {"type":"error","error":{"type","message"},"request_id"}. The type follows from the status.
ApiReply ErrorReply(const Call& call, int status, const std::string& message);

// The same with a type of its own.
ApiReply TypedError(const Call& call, int status, const std::string& type,
                    const std::string& message);

ApiReply ModelNotFound(const Call& call, const std::string& model);

// What Cloudflare, in front of the API, says to more than 32 MB: a page of HTML.
ApiReply TooLarge();

// See Api.
ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after);
ApiReply KeyError(const Call& call, bool whole);
ApiReply StatusError(const Call& call, int status);
std::string StreamError(std::string_view name, const Call& call);

}  // namespace fake_provider::anthropic
