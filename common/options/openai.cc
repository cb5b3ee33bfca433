// What OpenAI's two text APIs say of values, and of their models.

#include <algorithm>

#include "common/options/model_names.h"
#include "common/options/rules.h"

namespace muster {
namespace {

constexpr int64_t kLeastResponseTokens = 16;  // of max_output_tokens
constexpr size_t kMostStops = 4;

// Efforts that a model's variants do not take, as price tables mark them. The longest name that
// fits counts; of what is not here the server knows best.
struct EffortRow {
  std::string_view name;
  std::vector<std::string_view> refused;
};
const std::vector<EffortRow>& EffortRows() {
  static const std::vector<EffortRow> kRows = {
      {"o1", {"none", "minimal", "xhigh", "max"}},
      {"o3", {"none", "minimal", "xhigh", "max"}},
      {"o4", {"none", "minimal", "xhigh", "max"}},
      {"gpt-5", {"none", "xhigh", "max"}},
      {"gpt-5.1", {"xhigh", "max"}},
      {"gpt-5.1-codex", {"none", "xhigh", "max"}},
      {"gpt-5.1-codex-max", {"none"}},
      {"gpt-5.2-codex", {"none"}},
      {"gpt-5.2-pro", {"none"}},
      {"gpt-5.3-codex", {"none"}},
      {"gpt-5.4-mini", {"minimal"}},
      {"gpt-5.4-nano", {"minimal"}},
      {"gpt-5.4-pro", {"none"}},
      {"gpt-5.5", {"minimal"}},
      {"gpt-5.5-pro", {"none", "minimal", "low"}},
      {"gpt-5.6", {"minimal"}},
  };
  return kRows;
}

// Families that do not think.
constexpr std::string_view kUnthinking[] = {"gpt-3.5", "gpt-3.5-turbo", "gpt-4",     "gpt-4.1",
                                            "gpt-4.5", "gpt-4o",        "chatgpt-4o"};

void ReviewEffort(OptionReview& review) {
  const std::string& effort = review.options.reasoning_effort;
  if (effort.empty()) return;
  std::string_view model = BareModel(review.model);
  for (std::string_view name : kUnthinking) {
    if (IsVariantOf(model, name)) return review.RefuseByModel("reasoning_effort");
  }
  const EffortRow* longest = nullptr;
  for (const EffortRow& row : EffortRows()) {
    bool longer = !longest || row.name.size() > longest->name.size();
    if (IsVariantOf(model, row.name) && longer) longest = &row;
  }
  if (!longest) return;
  const auto& refused = longest->refused;
  if (std::find(refused.begin(), refused.end(), effort) == refused.end()) return;
  review.Refuse("reasoning_effort",
                fmt::format("model {} has no {}; choose another", review.model, effort));
}

}  // namespace

void ReviewOpenAiSampling(OptionReview& review) {
  const ChatOptions& options = review.options;
  // Without reasoning the newer ones take any.
  if (!IsReasoningModel(review.model) || options.reasoning_effort == "none") return;
  // 1 is what these models use anyway.
  if (options.temperature.value_or(1) != 1) review.RefuseByModel("temperature");
  if (options.top_p.value_or(1) != 1) review.RefuseByModel("top_p");
}

void ReviewOpenAiResponses(OptionReview& review) {
  const auto& max_tokens = review.options.max_tokens;
  if (max_tokens && *max_tokens < kLeastResponseTokens) {
    review.Refuse("max_tokens",
                  fmt::format("{} is too few for the {} API, which takes {} or more", *max_tokens,
                              review.provider.api, kLeastResponseTokens));
  }
  ReviewEffort(review);
  ReviewOpenAiSampling(review);
}

void ReviewOpenAiChat(OptionReview& review) {
  review.HoldStops(kMostStops);
  review.HoldToChoice("image_detail", review.options.image_detail, {"low", "high", "auto"});
  // Elsewhere a name says nothing of what a model is.
  if (!IsOpenAiService(review.provider.base_url)) return;
  if (review.options.top_k) review.Refuse("top_k", "the openai-chat API has no top_k");
  std::string_view model = BareModel(review.model);
  bool stops = !IsVariantOf(model, "o3") && !IsVariantOf(model, "o4-mini");
  if (!stops && !review.options.stop.empty()) review.RefuseByModel("stop");
  ReviewEffort(review);
  ReviewOpenAiSampling(review);
}

}  // namespace muster
