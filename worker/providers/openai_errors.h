#pragma once

// What errors mean that OpenAI's APIs, and the servers that imitate them, report: as HTTP statuses,
// and inside replies whose status says success.

#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"
#include "worker/providers/chat_api.h"

namespace muster {

// An API's own error object, in whichever shape it came.
struct ApiError {
  std::string code;  // OpenAI's word, or a number as text (vLLM, OpenRouter)
  std::string type;
  std::string param;  // the request's field that it is about
  std::string message;
  bool moderated = false;         // OpenRouter: this prompt was refused, not this key
  bool in_flight_budget = false;  // OpenRouter: too much in the air for the credit that is left
};

// The error object of a body, or nullopt when it has none.
std::optional<ApiError> FindApiError(const Json& body);

// The meaning of a reply whose HTTP status is no success. `path` is what was asked for.
Reading ReadErrorReply(const HttpReply& reply, std::string_view path);

// An error inside a success. What it cost is unknown, unless the reply has usage.
Failure InnerFailure(const HttpReply& reply, const ApiError& error);

// A success that cannot be used; `why` begins in lower case. What it cost: as above.
Failure BadReply(const HttpReply& reply, std::string_view why);

// The provider's number of a reply, for its support; "" without one.
std::string RequestId(const HttpReply& reply);

}  // namespace muster
