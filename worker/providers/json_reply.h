#pragma once

// The way every JSON reply is read, from status to answer; what differs between APIs is a table of
// functions.

#include <optional>
#include <string_view>

#include "common/json.h"
#include "worker/providers/chat_api.h"
#include "worker/providers/openai_errors.h"

namespace muster {

// One API's way of saying things. The functions are given a whole body and take any shape.
struct ReplyForm {
  std::string_view path;  // of its requests, for messages
  // The error inside a success, or nullopt.
  std::optional<ApiError> (*error)(const Json& body);
  // The answer, or what it lacks ("it has no choices").
  Result<ChatAnswer> (*answer)(const Json& body);
  // nullopt: it does not say, says nonsense, or is not over yet.
  std::optional<Usage> (*usage)(const Json& body);
};

Reading ReadJsonReply(const HttpReply& reply, const ReplyForm& form);
Result<ChatAnswer> ReadJsonAnswer(std::string_view body, const ReplyForm& form);

}  // namespace muster
