#pragma once

#include "tests/fake_provider/api.h"
#include "tests/fake_provider/openai_checks.h"

// The parts of OpenRouter's API; see Api.
namespace fake_provider::openrouter {

// What is wrong with the request; nothing when it is fine.
std::optional<ApiReply> Check(const Call& call);

// The effort that a request names, in either of the two ways; "" without one.
std::string EffortOf(const Json& body);

Limiter::Demand DemandOf(const Call& call);
ApiReply Respond(const Call& call, const AnswerWishes& wishes);
ApiReply ListModels(const Call& call);

// Who serves a model: "Anthropic" for anthropic/….
std::string ProviderOf(const Call& call);

// {"error":{"code":429,"message","metadata"},"user_id"}; null metadata is left out.
ApiReply ErrorReply(int status, const std::string& message, const Json& metadata = nullptr);

ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after);
ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool try_again);

// The first error object of a reply, whatever its status.
Json ErrorOf(const ApiReply& reply);

// A chunk that ends a stream with such an error.
std::string StreamError(const Call& call, const Json& error);

}  // namespace fake_provider::openrouter
