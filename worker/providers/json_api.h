#pragma once

// The way of every API that speaks JSON, from what is asked for to the answer; what differs between
// APIs is a table of functions.

#include <optional>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "worker/providers/chat_api.h"
#include "worker/providers/openai_errors.h"

namespace muster {

// One API's way of saying things. The functions that read are given a whole body and take any
// shape.
struct JsonForm {
  std::string_view path;  // of its requests
  // The body of a request, without `extra`. What the API cannot take is an error that names it.
  Result<Json> (*request)(const ChatRequest& request, const Provider& provider);
  // The error inside a success, or nullopt.
  std::optional<ApiError> (*error)(const Json& body);
  // The answer, or what it lacks ("it has no choices").
  Result<ChatAnswer> (*answer)(const Json& body);
  // nullopt: it does not say, says nonsense, or is not over yet.
  std::optional<Usage> (*usage)(const Json& body);
  // What the headers say of the provider's limits; nullptr: nothing.
  std::vector<LimitSeen> (*limits)(const HttpReply& reply);
};

// The API of a form, which must outlive it.
class JsonApi : public ChatApi {
 public:
  explicit JsonApi(const JsonForm& form) : form_(form) {}

  Result<ApiRequest> MakeRequest(const ChatRequest& request,
                                 const Provider& provider) const override;
  Reading ReadReply(const HttpReply& reply) const override;
  Result<ChatAnswer> ReadAnswer(std::string_view body) const override;

 private:
  Result<ChatAnswer> AnswerIn(const Json& body) const;
  Reading ReadSuccess(const HttpReply& reply) const;

  const JsonForm& form_;
};

}  // namespace muster
