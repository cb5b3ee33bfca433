#pragma once

#include "tests/fake_provider/api.h"
#include "tests/fake_provider/openai_checks.h"

// OpenAI's endpoints, each a check of the request, what it needs of the limits, and the making of
// its answer; see Api::Check(), Api::DemandOf() and Api::Respond(). OpenAI itself and Azure serve
// them at different paths.
namespace fake_provider::openai {

struct Endpoint {
  std::string_view path;         // after the base URL
  std::string_view input_param;  // the field that carries the prompt
  Complaint (*check)(const Call&);
  Limiter::Demand (*demand)(const Call&);
  ApiReply (*respond)(const Call&, const AnswerWishes&);
  // An error object ({"message","type","param","code"}) as the piece of a stream.
  std::string (*stream_error)(const Json& error, size_t before);
  std::vector<std::string> (*stream_junk)();
};

// Null when there is none of that path.
const Endpoint* FindEndpoint(std::string_view path);

// POST /responses
Complaint CheckResponses(const Call& call);
Limiter::Demand DemandOfResponses(const Call& call);
ApiReply RespondResponses(const Call& call, const AnswerWishes& wishes);
std::string ResponsesStreamError(const Json& error, size_t before);
std::vector<std::string> ResponsesStreamJunk();

// The events of a stream that ends with `response`, a response object with its outcome.
std::vector<std::string> ResponseEvents(const Call& call, const Json& response);

// POST /chat/completions
Complaint CheckChat(const Call& call);
Limiter::Demand DemandOfChat(const Call& call);
ApiReply RespondChat(const Call& call, const AnswerWishes& wishes);
std::string ChatStreamError(const Json& error, size_t before);
std::vector<std::string> ChatStreamJunk();

// That the stream, once it has begun, tells of the usage.
bool TellsUsage(const Call& call);

// GET /models
ApiReply ListModels(const Call& call);

}  // namespace fake_provider::openai
