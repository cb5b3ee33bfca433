#pragma once

// What OpenAI's Chat Completions and the APIs that imitate it share.

#include <memory>
#include <optional>

#include "common/json.h"
#include "worker/providers/chat_api.h"
#include "worker/replies/api_errors.h"
#include "worker/replies/stream.h"

namespace muster::chat_completions {

inline constexpr char kPath[] = "/chat/completions";

// Model, messages (pictures and all) and the response format: what all imitators take alike.
// `system_role` is what the system prompt's role is called.
Json BodyOf(const ChatRequest& request, const char* system_role);

// The readers of a JsonForm.
std::optional<ApiError> ErrorIn(const Json& reply);
Result<ChatAnswer> AnswerIn(const Json& reply);
std::optional<Usage> UsageIn(const Json& reply);

// Chunks, which end with [DONE]; usage comes in a chunk of its own.
extern const StreamForm kStream;

}  // namespace muster::chat_completions
