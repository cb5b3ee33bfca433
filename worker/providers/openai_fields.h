#pragma once

// What requests and replies of OpenAI's two text APIs share beyond errors: which options a model
// takes, which names a server wants, and the token counts.

#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"
#include "common/result.h"
#include "common/usage.h"
#include "worker/providers/chat_api.h"

namespace muster {

// Whether `model`, also behind a vendor ("openai/gpt-5"), is of the families that think before they
// answer: o1, o3, o4 and gpt-5, without gpt-5-chat.
bool IsReasoningModel(std::string_view model);

// Whether a base URL is OpenAI's own service, there or on Azure, and not a server that imitates it.
bool IsOpenAiService(std::string_view base_url);

// Checks what both APIs take alike; `least_tokens` is the smallest max_tokens. Errors name the
// option.
Result<void> CheckOptions(const ChatRequest& request, int64_t least_tokens);

// How an API names its token counts.
struct UsageNames {
  std::string_view input, output;                  // members of usage
  std::string_view input_details, output_details;  // objects that split them up
};

// The `usage` of a reply, or nullopt where it is missing, of another shape, absurd (negative, huge,
// a part larger than its whole) or does not add up to its own total.
std::optional<Usage> ReadUsage(const Json& reply, const UsageNames& names);

}  // namespace muster
