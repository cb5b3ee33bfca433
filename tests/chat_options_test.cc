#include "common/chat_options.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "common/config/settings.h"
#include "common/options/model_names.h"

// Which API and model takes which option: a row for every rule that is documented.

namespace muster {
namespace {

using Set = std::function<void(ChatStep&)>;

Set Temperature(double value) {
  return [=](ChatStep& c) { c.options.temperature = value; };
}
Set TopP(double value) {
  return [=](ChatStep& c) { c.options.top_p = value; };
}
Set TopK(int64_t value) {
  return [=](ChatStep& c) { c.options.top_k = value; };
}
Set MaxTokens(int64_t value) {
  return [=](ChatStep& c) { c.options.max_tokens = value; };
}
Set Effort(const char* value) {
  return [=](ChatStep& c) { c.options.reasoning_effort = value; };
}
Set Thinking(const char* value) {
  return [=](ChatStep& c) { c.options.thinking = value; };
}
Set ThinkingTokens(int64_t value) {
  return [=](ChatStep& c) { c.options.thinking_tokens = value; };
}
Set Verbosity(const char* value) {
  return [=](ChatStep& c) { c.options.verbosity = value; };
}
Set Stops(size_t count) {
  return [=](ChatStep& c) { c.options.stop.assign(count, "x"); };
}
Set Seed() {
  return [](ChatStep& c) { c.options.seed = 7; };
}
Set Tier(const char* value) {
  return [=](ChatStep& c) { c.options.service_tier = value; };
}
Set Cache() {
  return [](ChatStep& c) { c.options.prompt_cache = "5m"; };
}
Set Context() {
  return [](ChatStep& c) { c.options.context_tokens = 8'192; };
}
Set Detail(const char* value) {
  return [=](ChatStep& c) { c.options.image_detail = value; };
}
Set Safety(const char* category, const char* threshold) {
  return [=](ChatStep& c) { c.options.safety[category] = threshold; };
}
Set Schema() {
  return [](ChatStep& c) { c.options.response_schema = {{"type", "object"}}; };
}
Set Loose() {
  return [](ChatStep& c) { c.options.response_strict = false; };
}
Set Images() {
  return [](ChatStep& c) { c.images = {{"a.png", ""}}; };
}
Set operator+(const Set& a, const Set& b) {
  return [=](ChatStep& c) { a(c), b(c); };
}

// The address of the API's own service, as far as a rule looks at it.
Provider ProviderOf(const std::string& api, const std::string& base_url = "") {
  Provider provider;
  provider.name = "p", provider.api = api, provider.base_url = base_url;
  if (base_url.empty() && api.starts_with("openai-")) {
    provider.base_url = "https://api.openai.com/v1";
  }
  return provider;
}

// "option: why" of every refused option, in lines; "" where all are taken.
std::string Refused(const Provider& provider, const char* model, const Set& set) {
  ChatStep chat;
  set(chat);
  std::string text;
  for (const RefusedOption& each : FindRefusedOptions(provider, model, chat)) {
    text += (text.empty() ? "" : "\n") + each.option + ": " + each.why;
  }
  return text;
}

struct Row {
  const char* api;
  const char* model;
  Set set;
  const char* refused;  // "": taken
};

void CheckRows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.api);
    CAPTURE(row.model);
    CHECK(Refused(ProviderOf(row.api), row.model, row.set) == row.refused);
  }
}

TEST_CASE("OpenAI's Responses API") {
  constexpr const char* kApi = "openai-responses";
  CheckRows({
      {kApi, "gpt-4.1", Temperature(2) + TopP(0.5) + MaxTokens(16), ""},
      {kApi, "gpt-5.1", Effort("high") + Verbosity("low") + Tier("priority"), ""},
      {kApi, "gpt-5.1", Images() + Detail("original") + Schema() + Loose(), ""},
      {kApi, "gpt-4.1", MaxTokens(15),
       "max_tokens: 15 is too few for the openai-responses API, which takes 16 or more"},
      {kApi, "gpt-4.1", Stops(1), "stop: the openai-responses API has no stop"},
      {kApi, "gpt-4.1", Seed(), "seed: the openai-responses API has no seed"},
      {kApi, "gpt-4.1", TopK(5), "top_k: the openai-responses API has no top_k"},
      {kApi, "gpt-5", Thinking("auto"), "thinking: the openai-responses API has no thinking"},
      {kApi, "gpt-5", ThinkingTokens(2'000),
       "thinking_tokens: the openai-responses API has no thinking_tokens"},
      {kApi, "gpt-5", Safety("a", "b"), "safety: the openai-responses API has no safety"},
      {kApi, "gpt-5", Context(), "context_tokens: the openai-responses API has no context_tokens"},
      {kApi, "gpt-5", Cache(), "prompt_cache: the openai-responses API has no prompt_cache"},
      {kApi, "gpt-5.1", Temperature(0.3),
       "temperature: model gpt-5.1 does not take it; leave it out"},
      {kApi, "gpt-5.1", TopP(0.3), "top_p: model gpt-5.1 does not take it; leave it out"},
      {kApi, "gpt-5.1", Temperature(1) + TopP(1), ""},
      {kApi, "gpt-5.1", Temperature(0.3) + TopP(0.3) + Effort("none"), ""},
      {kApi, "openai/o3-mini", Temperature(0.3),
       "temperature: model openai/o3-mini does not take it; leave it out"},
      {kApi, "gpt-5-chat-latest", Temperature(0.3), ""},
      {kApi, "gpt-50", Temperature(0.3), ""},
      {kApi, "gpt-5-mini-2025-08-07", Effort("minimal"), ""},
      {kApi, "gpt-5-mini-2025-08-07", Effort("none"),
       "reasoning_effort: model gpt-5-mini-2025-08-07 has no none; choose another"},
      {kApi, "gpt-5.1", Effort("xhigh"),
       "reasoning_effort: model gpt-5.1 has no xhigh; choose another"},
      {kApi, "gpt-5.1-codex-max", Effort("xhigh"), ""},
      {kApi, "gpt-5.2", Effort("xhigh"), ""},
      {kApi, "gpt-5.5-pro", Effort("low"),
       "reasoning_effort: model gpt-5.5-pro has no low; choose another"},
      {kApi, "gpt-5.6-sol", Effort("minimal"),
       "reasoning_effort: model gpt-5.6-sol has no minimal; choose another"},
      {kApi, "gpt-5.7", Effort("max"), ""},  // the server knows
      {kApi, "o4-mini", Effort("minimal"),
       "reasoning_effort: model o4-mini has no minimal; choose another"},
      {kApi, "gpt-4o-mini", Effort("low"),
       "reasoning_effort: model gpt-4o-mini does not take it; leave it out"},
  });
}

TEST_CASE("OpenAI's Chat API, there and imitated") {
  constexpr const char* kApi = "openai-chat";
  CheckRows({
      {kApi, "gpt-4.1", Temperature(2) + TopP(0.1) + MaxTokens(1) + Stops(4) + Seed(), ""},
      {kApi, "gpt-5.1", Effort("low") + Verbosity("high") + Tier("flex") + Schema() + Loose(), ""},
      {kApi, "gpt-4.1", Images() + Detail("auto"), ""},
      {kApi, "gpt-4.1", Images() + Detail("original"),
       "image_detail: the openai-chat API takes low, high or auto, not original"},
      {kApi, "gpt-4.1", Stops(5), "stop: the openai-chat API takes 4 texts at most, not 5"},
      {kApi, "o3", Stops(1), "stop: model o3 does not take it; leave it out"},
      {kApi, "o4-mini", Stops(1), "stop: model o4-mini does not take it; leave it out"},
      {kApi, "o1", Stops(1), ""},
      {kApi, "gpt-5", Temperature(0.3), "temperature: model gpt-5 does not take it; leave it out"},
      {kApi, "gpt-5", Effort("none"), "reasoning_effort: model gpt-5 has no none; choose another"},
      {kApi, "gpt-4.1", TopK(5), "top_k: the openai-chat API has no top_k"},
      {kApi, "gpt-4.1", Thinking("off"), "thinking: the openai-chat API has no thinking"},
      {kApi, "gpt-4.1", Cache(), "prompt_cache: the openai-chat API has no prompt_cache"},
      {kApi, "gpt-4.1", Context(), "context_tokens: the openai-chat API has no context_tokens"},
      {kApi, "gpt-4.1", Safety("a", "b"), "safety: the openai-chat API has no safety"},
  });
  // Of an imitator's models the names tell nothing.
  Provider local = ProviderOf(kApi, "http://127.0.0.1:8000/v1");
  for (const char* model : {"gpt-5", "o3", "gpt-oss"}) {
    CHECK(Refused(local, model,
                  Temperature(0.3) + TopP(0.3) + TopK(5) + Stops(4) + Effort("none")) == "");
  }
  CHECK(Refused(local, "m", Stops(5)) == "stop: the openai-chat API takes 4 texts at most, not 5");
  Provider azure = ProviderOf(kApi, "https://me.openai.azure.com/openai/v1");
  CHECK(Refused(azure, "gpt-5", Temperature(0)) != "");
}

TEST_CASE("Anthropic's Messages API") {
  constexpr const char* kApi = "anthropic";
  CheckRows({
      {kApi, "claude-sonnet-4-5", Temperature(1) + TopP(0.5) + TopK(3) + MaxTokens(1), ""},
      {kApi, "claude-sonnet-4-5", Stops(20) + Tier("auto") + Cache() + Images() + Schema(), ""},
      {kApi, "claude-sonnet-4-5", Tier("default"), ""},
      {kApi, "claude-sonnet-4-5", Tier("flex"),
       "service_tier: the anthropic API takes auto or default, not flex"},
      {kApi, "claude-sonnet-4-5", Temperature(1.5),
       "temperature: 1.5 is too much for the anthropic API, which takes 0 to 1"},
      {kApi, "claude-sonnet-4-5", Verbosity("low"),
       "verbosity: the anthropic API has no verbosity"},
      {kApi, "claude-sonnet-4-5", Seed(), "seed: the anthropic API has no seed"},
      {kApi, "claude-sonnet-4-5", Safety("a", "b"), "safety: the anthropic API has no safety"},
      {kApi, "claude-sonnet-4-5", Context(),
       "context_tokens: the anthropic API has no context_tokens"},
      {kApi, "claude-sonnet-4-5", Images() + Detail("low"),
       "image_detail: the anthropic API has no image_detail"},
      {kApi, "claude-sonnet-4-5", Schema() + Loose(),
       "response_strict: the anthropic API has no response_strict"},
      {kApi, "claude-opus-4-6", Temperature(0.5), ""},
      {kApi, "claude-opus-4-7", Temperature(0.5) + TopP(0.5) + TopK(5),
       "temperature: model claude-opus-4-7 does not take it; leave it out\n"
       "top_p: model claude-opus-4-7 does not take it; leave it out\n"
       "top_k: model claude-opus-4-7 does not take it; leave it out"},
      {kApi, "claude-opus-4-8", Temperature(1),
       "temperature: model claude-opus-4-8 does not take it; leave it out"},
      {kApi, "claude-opus-5", TopK(5), "top_k: model claude-opus-5 does not take it; leave it out"},
      {kApi, "claude-sonnet-5", TopP(0.5),
       "top_p: model claude-sonnet-5 does not take it; leave it out"},
      {kApi, "claude-sonnet-4-6", Temperature(0.5), ""},
      {kApi, "claude-haiku-4-5-20251001", Temperature(0.5), ""},
      {kApi, "claude-sonnet-4-5", Temperature(0.5) + ThinkingTokens(2'000),
       "temperature: model claude-sonnet-4-5 takes no other than 1 when it thinks; leave it out"},
      {kApi, "claude-sonnet-4-6", Temperature(0.5) + Thinking("auto"),
       "temperature: model claude-sonnet-4-6 takes no other than 1 when it thinks; leave it out"},
      {kApi, "claude-sonnet-4-5", Temperature(1) + ThinkingTokens(2'000), ""},
      {kApi, "claude-sonnet-4-5", Temperature(0.5) + Thinking("off"), ""},
      {kApi, "claude-opus-4-7", Effort("low"), ""},
      {kApi, "claude-opus-4-7", Effort("xhigh"), ""},
      {kApi, "claude-sonnet-5", Effort("max"), ""},
      {kApi, "claude-opus-4-7", Effort("none"),
       "reasoning_effort: the anthropic API takes low, medium, high, xhigh or max, not none"},
      {kApi, "claude-opus-4-7", Effort("minimal"),
       "reasoning_effort: the anthropic API takes low, medium, high, xhigh or max, not minimal"},
      {kApi, "claude-opus-4-6", Effort("max"), ""},
      {kApi, "claude-opus-4-6", Effort("xhigh"),
       "reasoning_effort: model claude-opus-4-6 has no xhigh; choose another"},
      {kApi, "claude-opus-4-5", Effort("high"), ""},
      {kApi, "claude-opus-4-5", Effort("max"),
       "reasoning_effort: model claude-opus-4-5 has no max; choose another"},
      {kApi, "claude-sonnet-4-5-20250929", Effort("high"),
       "reasoning_effort: model claude-sonnet-4-5-20250929 does not take it; use thinking_tokens "
       "instead"},
      {kApi, "claude-3-haiku-20240307", Effort("high"),
       "reasoning_effort: model claude-3-haiku-20240307 does not take it; leave it out"},
      {kApi, "claude-sonnet-4-5", ThinkingTokens(1'024) + MaxTokens(1'025), ""},
      {kApi, "claude-sonnet-4-5", ThinkingTokens(1'023),
       "thinking_tokens: 1023 is too few for the anthropic API, which takes 1024 or more"},
      {kApi, "claude-sonnet-4-5", ThinkingTokens(2'000) + MaxTokens(2'000),
       "thinking_tokens: 2000 is not less than max_tokens (2000), of which it is a part"},
      {kApi, "claude-opus-4-7-20260416", ThinkingTokens(2'000),
       "thinking_tokens: model claude-opus-4-7-20260416 does not take it; use reasoning_effort "
       "instead"},
      {kApi, "claude-3-opus-20240229", ThinkingTokens(2'000),
       "thinking_tokens: model claude-3-opus-20240229 does not take it; leave it out"},
      {kApi, "claude-3-7-sonnet-20250219", ThinkingTokens(2'000), ""},
      {kApi, "claude-opus-4-8", Thinking("auto"), ""},
      {kApi, "claude-opus-4-8", Thinking("auto") + Effort("low"), ""},
      {kApi, "claude-sonnet-4-5", Thinking("auto"),
       "thinking: model claude-sonnet-4-5 does not take it; use thinking_tokens instead"},
      {kApi, "claude-opus-4-6", Thinking("auto") + ThinkingTokens(2'000),
       "thinking_tokens: thinking is auto already; expected one of them"},
      {kApi, "my-own-model", Temperature(0.5) + Effort("max") + Thinking("auto"),
       "temperature: model my-own-model takes no other than 1 when it thinks; leave it out"},
  });
}

TEST_CASE("Google's Gemini API") {
  constexpr const char* kApi = "gemini";
  CheckRows({
      {kApi, "gemini-2.5-flash", Temperature(2) + TopP(1) + TopK(40) + Seed() + Stops(5), ""},
      {kApi, "gemini-2.5-flash", MaxTokens(1) + Images() + Schema(), ""},
      {kApi, "gemini-2.5-flash", Stops(6), "stop: the gemini API takes 5 texts at most, not 6"},
      {kApi, "gemini-3-pro-preview", Effort("minimal"), ""},
      {kApi, "gemini-3.1-flash-lite", Effort("high"), ""},
      {kApi, "gemini-3-pro-preview", Effort("max"),
       "reasoning_effort: the gemini API takes minimal, low, medium or high, not max"},
      {kApi, "gemini-2.5-pro", Effort("low"),
       "reasoning_effort: model gemini-2.5-pro does not take it; use thinking_tokens instead"},
      {kApi, "gemini-2.0-flash", Effort("low"),
       "reasoning_effort: model gemini-2.0-flash does not take it; leave it out"},
      {kApi, "gemini-flash-latest", Effort("low"), ""},
      {kApi, "gemini-2.5-flash", ThinkingTokens(1), ""},
      {kApi, "models/gemini-3-pro-preview", ThinkingTokens(1),
       "thinking_tokens: model models/gemini-3-pro-preview does not take it; use reasoning_effort "
       "instead"},
      {kApi, "gemini-2.0-flash", ThinkingTokens(1),
       "thinking_tokens: model gemini-2.0-flash does not take it; leave it out"},
      {kApi, "gemini-flash-latest", Effort("low") + ThinkingTokens(1),
       "thinking_tokens: reasoning_effort is low already; expected one of them"},
      {kApi, "gemini-3-pro-preview", Effort("low") + Thinking("auto"),
       "reasoning_effort: thinking is auto already; expected one of them"},
      {kApi, "gemini-2.5-flash", Thinking("off"), ""},
      {kApi, "gemini-3-pro-preview", Thinking("auto"), ""},
      {kApi, "gemini-3-pro-preview", Thinking("off"),
       "thinking: model gemini-3-pro-preview always thinks; use reasoning_effort: minimal"},
      {kApi, "gemini-2.0-flash", Thinking("off"),
       "thinking: model gemini-2.0-flash does not take it; leave it out"},
      {kApi, "gemini-2.5-flash", Verbosity("low"), "verbosity: the gemini API has no verbosity"},
      {kApi, "gemini-2.5-flash", Tier("flex"), "service_tier: the gemini API has no service_tier"},
      {kApi, "gemini-2.5-flash", Cache(), "prompt_cache: the gemini API has no prompt_cache"},
      {kApi, "gemini-2.5-flash", Context(), "context_tokens: the gemini API has no context_tokens"},
      {kApi, "gemini-2.5-flash", Detail("low"), "image_detail: the gemini API has no image_detail"},
      {kApi, "gemini-2.5-flash", Schema() + Loose(),
       "response_strict: the gemini API has no response_strict"},
      {kApi, "gemini-2.5-flash",
       Safety("HARM_CATEGORY_HARASSMENT", "OFF") +
           Safety("HARM_CATEGORY_HATE_SPEECH", "BLOCK_ONLY_HIGH"),
       ""},
      {kApi, "gemini-2.5-flash", Safety("HARM_CATEGORY_HARASMENT", "OFF"),
       "safety: \"HARM_CATEGORY_HARASMENT\" is no category of the gemini API; did you mean "
       "\"HARM_CATEGORY_HARASSMENT\"?"},
      {kApi, "gemini-2.5-flash", Safety("hate_speech", "OFF"),
       "safety: \"hate_speech\" is no category of the gemini API; did you mean "
       "\"HARM_CATEGORY_HATE_SPEECH\"?"},
      {kApi, "gemini-2.5-flash", Safety("HARM_CATEGORY_HARASSMENT", "NONE"),
       "safety: \"NONE\" is no threshold of the gemini API; did you mean \"BLOCK_NONE\"?"},
      {kApi, "gemini-2.5-flash", Safety("HARM_CATEGORY_HARASSMENT", "strict!"),
       "safety: \"strict!\" is no threshold of the gemini API; expected one of: "
       "BLOCK_LOW_AND_ABOVE, BLOCK_MEDIUM_AND_ABOVE, BLOCK_ONLY_HIGH, BLOCK_NONE, OFF"},
  });
}

TEST_CASE("Ollama, OpenRouter, the claude program and the mock") {
  CheckRows({
      {"ollama", "llama3", Temperature(2) + TopP(1) + TopK(1) + Seed() + Stops(9) + Context(), ""},
      {"ollama", "gpt-oss", Effort("max") + MaxTokens(1) + Images() + Schema(), ""},
      {"ollama", "gpt-oss", Effort("none"),
       "reasoning_effort: the ollama API takes low, medium, high or max, not none"},
      {"ollama", "qwen3", Thinking("off"), ""},
      {"ollama", "llama3", Effort("low"),
       "reasoning_effort: model llama3 does not take it; leave it out, or say thinking: auto"},
      {"ollama", "library/gpt-oss:20b", Effort("low"), ""},
      {"ollama", "qwen3", Thinking("off") + Effort("low"),
       "reasoning_effort: thinking is off already; expected one of them"},
      {"ollama", "gpt-oss", Thinking("auto") + Effort("low"),
       "reasoning_effort: thinking is auto already; expected one of them"},
      {"openrouter", "x/y", Thinking("auto") + Effort("low"), ""},
      {"openrouter", "x/y", Thinking("off") + Effort("low"),
       "reasoning_effort: thinking is off already; expected one of them"},
      {"ollama", "qwen3", ThinkingTokens(5),
       "thinking_tokens: the ollama API has no thinking_tokens"},
      {"ollama", "qwen3", Verbosity("low"), "verbosity: the ollama API has no verbosity"},
      {"ollama", "qwen3", Tier("auto"), "service_tier: the ollama API has no service_tier"},
      {"ollama", "qwen3", Cache(), "prompt_cache: the ollama API has no prompt_cache"},
      {"ollama", "qwen3", Detail("low"), "image_detail: the ollama API has no image_detail"},
      {"ollama", "qwen3", Safety("a", "b"), "safety: the ollama API has no safety"},
      {"openrouter", "meta-llama/llama-4", Temperature(2) + TopP(1) + TopK(1) + Seed() + Stops(4),
       ""},
      {"openrouter", "openai/gpt-5.1", Effort("max") + Verbosity("low") + Tier("flex"), ""},
      {"openrouter", "x/y", Images() + Detail("original") + Schema() + Loose(), ""},
      {"openrouter", "x/y", Stops(5), "stop: the openrouter API takes 4 texts at most, not 5"},
      {"openrouter", "anthropic/claude-opus-4.7", Cache(), ""},
      {"openrouter", "openai/gpt-5.1", Cache(),
       "prompt_cache: the openrouter API has it for models of anthropic/ only; leave it out"},
      {"openrouter", "anthropic/claude-opus-4.7", Temperature(0.5),
       "temperature: model anthropic/claude-opus-4.7 does not take it; leave it out"},
      {"openrouter", "openai/gpt-5.1:free", Temperature(0.5),
       "temperature: model openai/gpt-5.1:free does not take it; leave it out"},
      {"openrouter", "x/y", Safety("a", "b"), "safety: the openrouter API has no safety"},
      {"openrouter", "x/y", Context(), "context_tokens: the openrouter API has no context_tokens"},
      {"claude-code", "sonnet", Effort("max") + Schema(), ""},
      {"claude-code", "sonnet", Effort("xhigh"),
       "reasoning_effort: the claude-code API takes low, medium, high or max, not xhigh"},
      {"claude-code", "sonnet", Temperature(1) + MaxTokens(100) + Images(),
       "images: the claude-code API has no images\n"
       "temperature: the claude-code API has no temperature\n"
       "max_tokens: the claude-code API has no max_tokens"},
      {"claude-code", "sonnet", Stops(1), "stop: the claude-code API has no stop"},
      {"claude-code", "sonnet", Thinking("off"), "thinking: the claude-code API has no thinking"},
      {"claude-code", "sonnet", Loose(),
       "response_strict: the claude-code API has no response_strict"},
      {"mock", "m",
       Temperature(2) + TopP(1) + TopK(1) + MaxTokens(1) + Effort("none") + Thinking("off") +
           ThinkingTokens(1) + Verbosity("low") + Stops(9) + Seed() + Tier("flex") + Cache() +
           Context() + Detail("low") + Safety("a", "b") + Schema() + Loose() + Images(),
       ""},
  });
}

TEST_CASE("the first of several refused options is the one that is told alone") {
  ChatStep chat;
  (Seed() + Verbosity("low"))(chat);
  auto refused = FindRefusedOption(ProviderOf("anthropic"), "claude-opus-5", chat);
  REQUIRE(refused);
  CHECK(refused->option == "verbosity");
  CHECK_FALSE(FindRefusedOption(ProviderOf("anthropic"), "claude-opus-5", ChatStep()));
}

TEST_CASE("every API of the table of settings has rules, and every option is judged") {
  // An option that every API but the mock refuses would be one that nobody can use.
  ChatStep all;
  (Temperature(0.5) + TopP(0.5) + TopK(1) + MaxTokens(99) + Effort("low") + Thinking("auto") +
   Verbosity("low") + Stops(1) + Seed() + Tier("auto") + Cache() + Context() + Detail("low") +
   Safety("HARM_CATEGORY_HARASSMENT", "OFF") + Schema() + Loose() + Images())(all);
  ChatStep thinking;
  ThinkingTokens(2'000)(thinking);
  std::set<std::string> options, taken;
  for (const Json& row : SettingsReference()) {
    std::string path = StringMember(row, "path");
    for (std::string_view prefix : {"steps[].chat."}) {
      if (path.starts_with(prefix)) options.insert(path.substr(prefix.size()));
    }
    if (path != "providers.*.api") continue;
    for (const Json& api : row["choices"]) {
      Provider provider = ProviderOf(api);
      size_t refused = FindRefusedOptions(provider, "x/y", all).size();
      bool asks_models = api != "mock" && api != "http" && api != "command";
      CHECK_MESSAGE((refused == 0) == !asks_models, DumpJson(api));
    }
  }
  // What a new option of the table must be added to: the table of chat_options.cc.
  for (const char* plain :
       {"model", "system", "user", "optional", "keep_truncated", "extra", "context"}) {
    CHECK(options.erase(plain) == 1);
  }
  auto refused = FindRefusedOptions(ProviderOf("claude-code"), "sonnet", all);
  for (const RefusedOption& each : refused) taken.insert(each.option);
  for (const auto& each : FindRefusedOptions(ProviderOf("claude-code"), "sonnet", thinking)) {
    taken.insert(each.option);
  }
  taken.insert({"reasoning_effort", "response_schema"});  // the two that the program takes
  CHECK(taken == options);
}

TEST_CASE("names of models say family and version, or nothing") {
  struct Name {
    const char* model;
    const char* family;
    int version;
  };
  for (const Name& name : std::vector<Name>{{"claude-opus-4-7-20260416", "opus", 407},
                                            {"claude-opus-4-20250514", "opus", 400},
                                            {"claude-4-opus-20250514", "opus", 400},
                                            {"claude-3-7-sonnet-20250219", "sonnet", 307},
                                            {"anthropic/claude-opus-4.8", "opus", 408},
                                            {"anthropic.claude-haiku-4-5-v1:0", "haiku", 405},
                                            {"claude-opus-4-7@20260416", "opus", 407},
                                            {"claude-sonnet-5", "sonnet", 500},
                                            {"claude-2.1", "", 201}}) {
    CAPTURE(name.model);
    auto parsed = ParseClaudeName(name.model);
    REQUIRE(parsed);
    CHECK(parsed->family == name.family);
    CHECK(parsed->version == name.version);
  }
  for (const char* other :
       {"", "sonnet", "claude", "gpt-5", "claude-opus-20250514", "/", "claudes-5"}) {
    CHECK_FALSE(ParseClaudeName(other));
  }
  CHECK(GeminiGeneration("models/gemini-2.5-flash") == 2);
  CHECK(GeminiGeneration("gemini-3-pro") == 3);
  for (const char* other :
       {"gemini-flash-latest", "gemini-exp-1206", "gemma-3-27b", "", "gemini-"}) {
    CHECK_FALSE(GeminiGeneration(other));
  }
  CHECK(IsOpenAiService("https://eu.api.openai.com/v1"));
  CHECK(IsOpenAiService("https://mine.openai.azure.com"));
  for (const char* other : {"http://api.openai.com/v1", "https://api.openai.com.example.org/v1",
                            "https://x.org/api.openai.com", ""}) {
    CHECK_FALSE(IsOpenAiService(other));
  }
}

}  // namespace
}  // namespace muster
