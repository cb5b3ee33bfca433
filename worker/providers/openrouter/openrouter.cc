// OpenRouter's Chat Completions, POST /chat/completions, after its specification: OpenAI's form
// with reasoning as an object, the cost in every reply (US dollars, also in streams, whatever is
// asked for), errors with the HTTP status as their code, also inside a 200 once a model has begun.

#include <cmath>

#include "worker/providers/json_api.h"
#include "worker/providers/openai/chat.h"

namespace muster {
namespace {

constexpr double kPicodollars = 1e12;  // of a dollar
constexpr double kMostDollars = 1e6;   // of one call; more is absurd

Json Reasoning(const ChatOptions& options) {
  Json reasoning = Json::object();
  if (!options.reasoning_effort.empty()) reasoning["effort"] = options.reasoning_effort;
  if (options.thinking_tokens) reasoning["max_tokens"] = *options.thinking_tokens;
  if (!options.thinking.empty()) reasoning["enabled"] = options.thinking == "auto";
  return reasoning;
}

// The system prompt as the part that a provider's cache is to keep.
void MarkForCache(const ChatOptions& options, Json& messages) {
  if (options.prompt_cache.empty()) return;
  Json& first = messages[0];
  if (!first["content"].is_string()) return;
  Json mark = {{"type", "ephemeral"}, {"ttl", options.prompt_cache}};
  first["content"] =
      Json::array({Json{{"type", "text"}, {"text", first["content"]}, {"cache_control", mark}}});
}

Result<ApiRequest> MakeRequest(const ChatRequest& request, const Provider& provider) {
  const ChatOptions& options = request.options;
  Json body = chat_completions::BodyOf(request, "system");
  MarkForCache(options, body["messages"]);
  if (options.max_tokens) body["max_tokens"] = *options.max_tokens;
  if (options.top_k) body["top_k"] = *options.top_k;
  if (Json reasoning = Reasoning(options); !reasoning.empty()) body["reasoning"] = reasoning;
  if (!options.service_tier.empty()) body["service_tier"] = options.service_tier;
  ApiRequest made{chat_completions::kPath, std::move(body)};
  if (WantsStream(provider, true)) made.delivery = {{"stream", true}};
  return made;
}

std::optional<int64_t> OwnCost(const Json& reply) {
  const Json* usage = Member(reply, "usage");
  const Json* cost = usage ? Member(*usage, "cost") : nullptr;
  if (!cost || !cost->is_number()) return std::nullopt;
  double dollars = cost->get<double>();
  if (!(dollars >= 0 && dollars <= kMostDollars)) return std::nullopt;
  return std::llround(dollars * kPicodollars);
}

constexpr JsonForm kForm{.path = chat_completions::kPath,
                         .request = MakeRequest,
                         .error = chat_completions::ErrorIn,
                         .answer = chat_completions::AnswerIn,
                         .usage = chat_completions::UsageIn,
                         .own_cost = OwnCost,
                         .stream = &chat_completions::kStream};

}  // namespace

const ChatApi& OpenRouter() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
