// Which API has which option, after the references of OpenAI, Anthropic, Google, Ollama and
// OpenRouter and the options of the claude program. What they say of values and single models
// stands in options/.

#include "common/chat_options.h"

#include <algorithm>

#include "common/config/option_names.h"

#include <algorithm>

#include "common/options/model_names.h"
#include "common/options/rules.h"
#include "common/text.h"

namespace muster {
namespace {

// Bits of the APIs, for sets of them.
enum ApiBit : unsigned {
  kResponses = 1,
  kChat = 2,
  kAnthropic = 4,
  kGemini = 8,
  kOllama = 16,
  kOpenRouter = 32,
  kClaudeCode = 64,
  kMock = 128,
  kOpenAi = kResponses | kChat,
  kHttp = kOpenAi | kAnthropic | kGemini | kOllama | kOpenRouter,
};

struct ApiRules {
  std::string_view name;
  ApiBit bit;
  void (*review)(OptionReview&);  // nullptr: it takes any value
};
constexpr ApiRules kApis[] = {
    {"openai-responses", kResponses, ReviewOpenAiResponses},
    {"openai-chat", kChat, ReviewOpenAiChat},
    {"anthropic", kAnthropic, ReviewAnthropic},
    {"gemini", kGemini, ReviewGemini},
    {"ollama", kOllama, ReviewOllama},
    {"openrouter", kOpenRouter, ReviewOpenRouter},
    {"claude-code", kClaudeCode, ReviewClaudeCode},
    {"mock", kMock, nullptr},
};

// An option, whether a step gives it, and the APIs that have it.
struct OptionRow {
  std::string_view name;
  bool (*given)(const ChatStep& chat);
  unsigned taken_by;
};
using Asked = const ChatStep&;
constexpr OptionRow kOptions[] = {
    {"images", [](Asked c) { return !c.images.empty(); }, kHttp | kMock},
    {"temperature", [](Asked c) { return c.options.temperature.has_value(); }, kHttp | kMock},
    {"top_p", [](Asked c) { return c.options.top_p.has_value(); }, kHttp | kMock},
    {"top_k", [](Asked c) { return c.options.top_k.has_value(); },
     kChat | kAnthropic | kGemini | kOllama | kOpenRouter | kMock},
    {"max_tokens", [](Asked c) { return c.options.max_tokens.has_value(); }, kHttp | kMock},
    {"reasoning_effort", [](Asked c) { return !c.options.reasoning_effort.empty(); },
     kHttp | kClaudeCode | kMock},
    {"thinking", [](Asked c) { return !c.options.thinking.empty(); },
     kAnthropic | kGemini | kOllama | kOpenRouter | kMock},
    {"thinking_tokens", [](Asked c) { return c.options.thinking_tokens.has_value(); },
     kAnthropic | kGemini | kOpenRouter | kMock},
    {"verbosity", [](Asked c) { return !c.options.verbosity.empty(); },
     kOpenAi | kOpenRouter | kMock},
    {"stop", [](Asked c) { return !c.options.stop.empty(); }, (kHttp & ~kResponses) | kMock},
    {"seed", [](Asked c) { return c.options.seed.has_value(); },
     kChat | kGemini | kOllama | kOpenRouter | kMock},
    {"service_tier", [](Asked c) { return !c.options.service_tier.empty(); },
     kOpenAi | kAnthropic | kOpenRouter | kMock},
    {"prompt_cache", [](Asked c) { return !c.options.prompt_cache.empty(); },
     kAnthropic | kOpenRouter | kMock},
    {"context_tokens", [](Asked c) { return c.options.context_tokens.has_value(); },
     kOllama | kMock},
    {"image_detail", [](Asked c) { return !c.options.image_detail.empty(); },
     kOpenAi | kOpenRouter | kMock},
    {"safety", [](Asked c) { return !c.options.safety.empty(); }, kGemini | kMock},
    {"response_schema", [](Asked c) { return !c.options.response_schema.is_null(); },
     kHttp | kClaudeCode | kMock},
    {"response_strict", [](Asked c) { return !c.options.response_strict; },
     kOpenAi | kOpenRouter | kMock},
};

// `name` itself or a later version or variant of it: gpt-5, gpt-5-mini, gpt-5.1, but not gpt-50.
bool IsOfFamily(std::string_view model, std::string_view name) {
  bool version = model.starts_with(name) && model.size() > name.size() && model[name.size()] == '.';
  return version || IsVariantOf(model, name);
}

// What holds whatever the API: an option must not contradict another.
void ReviewTogether(OptionReview& review) {
  const ChatOptions& options = review.options;
  if (options.thinking.empty()) return;
  if (options.thinking_tokens) {
    review.Refuse("thinking_tokens",
                  fmt::format("thinking is {} already; expected one of them", options.thinking));
  }
}

}  // namespace

void OptionReview::Refuse(std::string_view option, std::string why) {
  auto same = [&](const RefusedOption& refused) { return refused.option == option; };
  if (std::any_of(refused_.begin(), refused_.end(), same)) return;
  refused_.push_back({std::string(option), std::move(why)});
}

void OptionReview::RefuseByModel(std::string_view option, std::string_view instead) {
  Refuse(option, fmt::format("model {} does not take it; {}", VisibleText(model), instead));
}

void OptionReview::HoldToChoice(std::string_view option, const std::string& value,
                                const std::vector<std::string_view>& taken) {
  if (value.empty() || std::find(taken.begin(), taken.end(), value) != taken.end()) return;
  std::string list(taken.front());
  for (size_t i = 1; i < taken.size(); ++i) {
    list += fmt::format("{}{}", i + 1 == taken.size() ? " or " : ", ", taken[i]);
  }
  Refuse(option, fmt::format("the {} API takes {}, not {}", provider.api, list, value));
}

void OptionReview::HoldToOneThinking() {
  if (options.reasoning_effort.empty() || options.thinking.empty()) return;
  Refuse("reasoning_effort",
         fmt::format("thinking is {} already; expected one of them", options.thinking));
}

void OptionReview::HoldStops(size_t most) {
  if (options.stop.size() <= most) return;
  Refuse("stop", fmt::format("the {} API takes {} texts at most, not {}", provider.api, most,
                             options.stop.size()));
}

std::vector<RefusedOption> FindRefusedOptions(const Provider& provider, std::string_view model,
                                              const ChatStep& chat) {
  auto api = std::find_if(std::begin(kApis), std::end(kApis),
                          [&](const ApiRules& rules) { return rules.name == provider.api; });
  if (api == std::end(kApis) || !api->review) return {};
  OptionReview review(provider, model, chat);
  for (const OptionRow& row : kOptions) {
    if ((row.taken_by & api->bit) != 0 || !row.given(chat)) continue;
    review.Refuse(row.name, fmt::format("the {} API has no {}", api->name, row.name));
  }
  ReviewTogether(review);
  api->review(review);
  return review.Take();
}

Result<TakenOptions> TakeOptions(const Provider& provider, std::string_view model,
                                 const ChatStep& chat) {
  ChatStep taken = chat;
  std::vector<std::string> left_out;
  // One option may be refused because of another: each is looked at anew.
  while (auto refused = FindRefusedOption(provider, model, taken)) {
    bool optional = std::ranges::count(chat.optional, refused->option) > 0;
    if (!optional || std::ranges::count(left_out, refused->option) > 0) {
      return Fail("{}: {}", refused->option, refused->why);
    }
    ClearOption(taken.options, refused->option);
    left_out.push_back(refused->option);
  }
  return TakenOptions{std::move(taken.options), std::move(left_out)};
}

std::optional<RefusedOption> FindRefusedOption(const Provider& provider, std::string_view model,
                                               const ChatStep& chat) {
  std::vector<RefusedOption> refused = FindRefusedOptions(provider, model, chat);
  return refused.empty() ? std::nullopt : std::optional(std::move(refused.front()));
}

bool IsReasoningModel(std::string_view model) {
  model = BareModel(model);
  if (IsVariantOf(model, "gpt-5-chat")) return false;
  return IsOfFamily(model, "gpt-5") || IsOfFamily(model, "o1") || IsOfFamily(model, "o3") ||
         IsOfFamily(model, "o4");
}

bool IsOpenAiService(std::string_view base_url) {
  constexpr std::string_view kScheme = "https://";
  if (!base_url.starts_with(kScheme)) return false;
  std::string_view host = base_url.substr(kScheme.size());
  host = host.substr(0, host.find_first_of("/:?#"));
  return host == "api.openai.com" || host.ends_with(".api.openai.com") ||
         host.ends_with(".openai.azure.com");
}

}  // namespace muster
