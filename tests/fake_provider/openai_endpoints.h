#pragma once

#include "tests/fake_provider/api.h"
#include "tests/fake_provider/openai_checks.h"

// OpenAI's endpoints, each a check of the request, what it needs of the limits, and the making of
// its answer; see Api::Check(), Api::DemandOf() and Api::Respond().
namespace fake_provider::openai {

// POST /v1/responses
Complaint CheckResponses(const Call& call);
Limiter::Demand DemandOfResponses(const Call& call);
ApiReply RespondResponses(const Call& call, const AnswerWishes& wishes);

// POST /v1/chat/completions
Complaint CheckChat(const Call& call);
Limiter::Demand DemandOfChat(const Call& call);
ApiReply RespondChat(const Call& call, const AnswerWishes& wishes);

}  // namespace fake_provider::openai
