#pragma once

// What the errors mean that providers report: as HTTP statuses, and inside replies whose status
// says success. What is common to all is here; what an API's own words mean is the API's to say, in
// an ErrorMeaning. OpenAI's words, which many servers imitate, are here too.

#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"
#include "worker/providers/chat_api.h"

namespace muster {

// An API's own error object, in whichever shape it came.
struct ApiError {
  std::string code;  // OpenAI's word, Gemini's status, or a number as text (vLLM, OpenRouter)
  std::string type;
  std::string param;  // the request's field that it is about
  std::string message;
  Json object = Json::object();  // all of it
};

// What such an object means.
struct ErrorMeaning {
  FailureKind kind = FailureKind::kServer;
  bool model_only = false;                // kQuota: of this model, not of the key
  std::optional<int64_t> retry_after_ms;  // a wait that the object itself names
};

// In OpenAI's words. `status` is the HTTP status, or what stands for it inside a success.
ErrorMeaning OpenAiMeaning(int64_t status, const ApiError& error);

// What a status says when the object says nothing more.
FailureKind KindOfStatus(int64_t status);

using MeaningOf = ErrorMeaning (*)(int64_t status, const ApiError& error);

// The error object of a body, or nullopt when it has none.
std::optional<ApiError> FindApiError(const Json& body);

// The meaning of a reply whose HTTP status is no success. `path` is what was asked for, in words
// for people.
Reading ReadErrorReply(const HttpReply& reply, std::string_view path, MeaningOf meaning);

// The same of a plain HTTP API, which has no words of its own that are known: the status decides,
// and "message", "error" or "detail" of a JSON body say why. One that is not to be repeated blindly
// (`repeatable` false) and failed on the server's side may have been carried out.
Reading ReadPlainErrorReply(const HttpReply& reply, std::string_view path, bool repeatable);

// An error inside a success. What it cost is unknown, unless the reply has usage.
Failure InnerFailure(const HttpReply& reply, const ApiError& error, MeaningOf meaning);

// A success that cannot be used; `why` begins in lower case. What it cost: as above.
Failure BadReply(const HttpReply& reply, std::string_view why);

// The provider's number of a reply (x-request-id, request-id), for its support; "" without one.
std::string RequestId(const HttpReply& reply);

}  // namespace muster
