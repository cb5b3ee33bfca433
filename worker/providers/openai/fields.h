#pragma once

// What requests and replies of OpenAI's two text APIs share beyond errors: streams, service tiers,
// and the token counts.

#include <optional>
#include <string>
#include <string_view>

#include "common/chat_options.h"
#include "common/json.h"
#include "common/usage.h"
#include "worker/providers/chat_api.h"

namespace muster {

// What asks for a stream; `counted`: token counts must be asked for too (Chat Completions).
Json StreamDelivery(const Provider& provider, bool counted);

// Asks for the service tier that the step wants. OpenAI's own service is asked for the default tier
// where it wants none: else the project's setting would decide what a call costs.
void SetServiceTier(const ChatOptions& options, const Provider& provider, Json& body);

// Whether the provider is to enforce the response schema: where it is wanted and can be.
bool IsStrict(const ChatOptions& options);

// The tier that a reply says it was served in.
std::string ServedTier(const Json& reply);

// The value of the first "type" in a JSON text, without reading all of it; "" without one.
std::string_view TypeIn(std::string_view json);

// How an API names its token counts.
struct UsageNames {
  std::string_view input, output;                  // members of usage
  std::string_view input_details, output_details;  // objects that split them up
};

// The `usage` of a reply, or nullopt where it is missing, of another shape, absurd (negative, huge,
// a part larger than its whole) or does not add up to its own total.
std::optional<Usage> ReadUsage(const Json& reply, const UsageNames& names);

}  // namespace muster
