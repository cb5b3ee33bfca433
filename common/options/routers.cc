// What Ollama and OpenRouter, which serve the models of others, say of values.

#include "common/options/rules.h"

namespace muster {
namespace {

constexpr size_t kMostStops = 4;  // of OpenRouter

}  // namespace

void ReviewOllama(OptionReview& review) {
  const ChatOptions& options = review.options;
  review.HoldToChoice("reasoning_effort", options.reasoning_effort,
                      {"low", "medium", "high", "max"});
  review.HoldToOneThinking();
  // Other models that think take only whether; most do not think, and their server says so.
  bool by_degrees = review.model.find("gpt-oss") != std::string_view::npos;
  if (!by_degrees && !options.reasoning_effort.empty()) {
    review.RefuseByModel("reasoning_effort", "leave it out, or say thinking: auto");
  }
}

void ReviewOpenRouter(OptionReview& review) {
  review.HoldStops(kMostStops);
  if (review.options.thinking == "off") review.HoldToOneThinking();
  bool claude = review.model.starts_with("anthropic/");
  if (!claude && !review.options.prompt_cache.empty()) {
    review.Refuse("prompt_cache",
                  "the openrouter API has it for models of anthropic/ only; leave "
                  "it out");
  }
  // It drops without a word what a model does not take.
  if (claude) ReviewClaudeSampling(review);
  if (review.model.starts_with("openai/")) ReviewOpenAiSampling(review);
}

}  // namespace muster
