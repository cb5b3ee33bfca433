#pragma once

// The way of every API that speaks JSON, from what is asked for to the answer; what differs between
// APIs is a table of functions.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "worker/providers/chat_api.h"
#include "worker/replies/api_errors.h"
#include "worker/replies/stream.h"

namespace muster {

// One API's way of saying things. The functions that read are given a whole body and take any
// shape.
struct JsonForm {
  std::string_view path;  // of its requests, for messages: "/messages"
  // Path, body, headers and delivery of a request, without `extra`. What the API cannot take is an
  // error that names it.
  Result<ApiRequest> (*request)(const ChatRequest& request, const Provider& provider);
  // The error inside a success, or nullopt.
  std::optional<ApiError> (*error)(const Json& body);
  // The answer, or what it lacks ("it has no choices").
  Result<ChatAnswer> (*answer)(const Json& body);
  // nullopt: it does not say, says nonsense, or is not over yet.
  std::optional<Usage> (*usage)(const Json& body);
  // What an error object means; see api_errors.h.
  ErrorMeaning (*meaning)(int64_t status, const ApiError& error) = OpenAiMeaning;
  // What the headers say of the provider's limits; nullptr: nothing.
  std::vector<LimitSeen> (*limits)(const HttpReply& reply) = nullptr;
  // The service tier that a success names, "" for the usual one; nullptr: none ever.
  std::string (*tier)(const Json& body) = nullptr;
  // What the provider says it cost, in picodollars; nullptr: nothing.
  std::optional<int64_t> (*own_cost)(const Json& body) = nullptr;
  // A wait that only the whole reply tells, of a failure that names none; nullptr: there is none.
  std::optional<int64_t> (*wait)(const HttpReply& reply, const Failure& failure) = nullptr;
  // How it streams; nullptr: not at all.
  const StreamForm* stream = nullptr;
  // A stream's body with what is not framed set right; nullopt where all is. nullptr: it always is.
  std::optional<std::string> (*mended)(std::string_view body) = nullptr;
};

// The API of a form, which must outlive it.
class JsonApi : public ChatApi {
 public:
  explicit JsonApi(const JsonForm& form) : form_(form) {}

  Result<ApiRequest> MakeRequest(const ChatRequest& request,
                                 const Provider& provider) const override;
  Reading ReadReply(const HttpReply& reply) const override;
  std::string ReadPartial(const HttpReply& reply) const override;
  std::unique_ptr<StreamWatch> Watch() const override;
  Result<ChatAnswer> ReadAnswer(std::string_view body) const override;

 private:
  Result<ChatAnswer> AnswerIn(const Json& body) const;
  Reading ReadSuccess(const HttpReply& reply) const;
  Reading ReadStream(const HttpReply& reply) const;
  Reading ReadBody(const HttpReply& reply, const Json& body) const;

  const JsonForm& form_;
};

}  // namespace muster
