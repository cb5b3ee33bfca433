#pragma once

#include "tests/fake_provider/api.h"

// The parts of Ollama's API; see Api.
namespace fake_provider::ollama {

std::optional<ApiReply> Check(const Call& call);
Limiter::Demand DemandOf(const Call& call);
ApiReply Respond(const Call& call, const AnswerWishes& wishes);
ApiReply ListModels(const Call& call);

// Whether a model of that name thinks when it is told to.
bool CanThink(std::string_view model);

// {"error":"message"}.
ApiReply ErrorReply(int status, const std::string& message);
ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after);
ApiReply NotFound(const Call& call);

// A line of a stream.
std::string Line(const Json& value);

}  // namespace fake_provider::ollama
