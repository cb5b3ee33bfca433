// What Anthropic's Messages API says of values, and of its models.

#include "common/options/model_names.h"
#include "common/options/rules.h"

namespace muster {
namespace {

constexpr int64_t kLeastThinkingTokens = 1024;

bool IsAtLeast(const ClaudeName& name, std::string_view family, int version) {
  return name.family == family && name.version >= version;
}

// The models that think and vary as they see fit: no temperature, no number of tokens to think for.
bool ChoosesItself(const ClaudeName& name) {
  return IsAtLeast(name, "opus", 407) || IsAtLeast(name, "sonnet", 500) ||
         IsAtLeast(name, "fable", 500);
}

// Whether it can be told to think as it sees fit.
bool ThinksAdaptively(const ClaudeName& name) {
  return name.version >= 500 || IsAtLeast(name, "opus", 406) || IsAtLeast(name, "sonnet", 406);
}

bool Thinks(const ClaudeName& name) { return name.version >= 307; }

void ReviewEffort(OptionReview& review, const std::optional<ClaudeName>& name) {
  const std::string& effort = review.options.reasoning_effort;
  review.HoldToChoice("reasoning_effort", effort, {"low", "medium", "high", "xhigh", "max"});
  if (effort.empty() || !name) return;
  if (!ThinksAdaptively(*name) && !IsAtLeast(*name, "opus", 405)) {
    return review.RefuseByModel("reasoning_effort",
                                Thinks(*name) ? "use thinking_tokens instead" : "leave it out");
  }
  bool known_family = name->family != "haiku" || name->version < 500;
  bool taken = (effort != "xhigh" || ChoosesItself(*name) || !known_family) &&
               (effort != "max" || ThinksAdaptively(*name));
  if (!taken) {
    review.Refuse("reasoning_effort",
                  fmt::format("model {} has no {}; choose another", review.model, effort));
  }
}

void ReviewThinkingTokens(OptionReview& review, const std::optional<ClaudeName>& name) {
  const ChatOptions& options = review.options;
  if (!options.thinking_tokens) return;
  if (name && ChoosesItself(*name)) {
    return review.RefuseByModel("thinking_tokens", "use reasoning_effort instead");
  }
  if (name && !Thinks(*name)) return review.RefuseByModel("thinking_tokens");
  if (*options.thinking_tokens < kLeastThinkingTokens) {
    review.Refuse("thinking_tokens",
                  fmt::format("{} is too few for the {} API, which takes {} or more",
                              *options.thinking_tokens, review.provider.api, kLeastThinkingTokens));
  } else if (options.max_tokens && *options.thinking_tokens >= *options.max_tokens) {
    review.Refuse("thinking_tokens", fmt::format("{} is not less than max_tokens ({}), of which it "
                                                 "is a part",
                                                 *options.thinking_tokens, *options.max_tokens));
  }
}

void ReviewThinking(OptionReview& review, const std::optional<ClaudeName>& name) {
  if (review.options.thinking != "auto" || !name || ThinksAdaptively(*name)) return;
  review.RefuseByModel("thinking", Thinks(*name) ? "use thinking_tokens instead" : "leave it out");
}

void ReviewTemperature(OptionReview& review) {
  const ChatOptions& options = review.options;
  if (!options.temperature) return;
  if (*options.temperature > 1) {
    review.Refuse("temperature", fmt::format("{} is too much for the {} API, which takes 0 to 1",
                                             *options.temperature, review.provider.api));
  } else if (*options.temperature != 1 && (options.thinking == "auto" || options.thinking_tokens)) {
    review.Refuse(
        "temperature",
        fmt::format("model {} takes no other than 1 when it thinks; leave it out", review.model));
  }
}

}  // namespace

void ReviewClaudeSampling(OptionReview& review) {
  auto name = ParseClaudeName(review.model);
  if (!name || !ChoosesItself(*name)) return;
  if (review.options.temperature) review.RefuseByModel("temperature");
  if (review.options.top_p) review.RefuseByModel("top_p");
  if (review.options.top_k) review.RefuseByModel("top_k");
}

void ReviewAnthropic(OptionReview& review) {
  auto name = ParseClaudeName(review.model);
  ReviewClaudeSampling(review);
  ReviewTemperature(review);
  ReviewEffort(review, name);
  ReviewThinking(review, name);
  ReviewThinkingTokens(review, name);
  review.HoldToChoice("service_tier", review.options.service_tier, {"auto", "default"});
}

void ReviewClaudeCode(OptionReview& review) {
  review.HoldToChoice("reasoning_effort", review.options.reasoning_effort,
                      {"low", "medium", "high", "max"});
}

}  // namespace muster
