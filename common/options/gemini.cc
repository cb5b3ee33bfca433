// What Google's Gemini API says of values, and of its models.

#include <algorithm>

#include "common/options/model_names.h"
#include "common/options/rules.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kMostStops = 5;
constexpr std::string_view kCategoryPrefix = "HARM_CATEGORY_";

const std::vector<std::string>& Categories() {
  static const std::vector<std::string> kNames = {
      "HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
      "HARM_CATEGORY_DANGEROUS_CONTENT", "HARM_CATEGORY_CIVIC_INTEGRITY"};
  return kNames;
}

const std::vector<std::string>& Thresholds() {
  static const std::vector<std::string> kNames = {"BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE",
                                                  "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"};
  return kNames;
}

// "" where `name` is one of `names`; else what to say of it.
std::string Unknown(const char* what, const std::string& name,
                    const std::vector<std::string>& names, std::string_view prefix) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return "";
  std::string nearest = NearestName(name, names);
  // People leave out what all of them begin with.
  if (nearest.empty()) nearest = NearestName(std::string(prefix) + name, names);
  std::string hint = nearest.empty() ? fmt::format("expected one of: {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean \"{}\"?", nearest);
  return fmt::format("\"{}\" is no {} of the gemini API; {}", VisibleText(name), what, hint);
}

void ReviewSafety(OptionReview& review) {
  for (const auto& [category, threshold] : review.options.safety) {
    std::string why = Unknown("category", category, Categories(), kCategoryPrefix);
    if (why.empty()) why = Unknown("threshold", threshold, Thresholds(), "BLOCK_");
    if (!why.empty()) return review.Refuse("safety", why);
  }
}

// The second generation thinks for a number of tokens, the third by level, the first not at all.
void ReviewThinking(OptionReview& review) {
  const ChatOptions& options = review.options;
  review.HoldToChoice("reasoning_effort", options.reasoning_effort,
                      {"minimal", "low", "medium", "high"});
  review.HoldToOneThinking();
  if (options.thinking_tokens && !options.reasoning_effort.empty()) {
    review.Refuse("thinking_tokens", fmt::format("reasoning_effort is {} already; expected one of "
                                                 "them",
                                                 options.reasoning_effort));
  }
  auto generation = GeminiGeneration(review.model);
  if (!generation) return;
  bool by_level = *generation >= 3;
  bool by_tokens = BareModel(review.model).starts_with("gemini-2.5");
  if (!options.reasoning_effort.empty() && !by_level) {
    review.RefuseByModel("reasoning_effort",
                         by_tokens ? "use thinking_tokens instead" : "leave it out");
  }
  if (options.thinking_tokens && !by_tokens) {
    review.RefuseByModel("thinking_tokens",
                         by_level ? "use reasoning_effort instead" : "leave it out");
  }
  if (options.thinking.empty() || by_tokens) return;
  if (!by_level) review.RefuseByModel("thinking");
  if (options.thinking == "off") {
    review.Refuse("thinking", fmt::format("model {} always thinks; use reasoning_effort: minimal",
                                          review.model));
  }
}

}  // namespace

void ReviewGemini(OptionReview& review) {
  review.HoldStops(kMostStops);
  ReviewThinking(review);
  ReviewSafety(review);
}

}  // namespace muster
