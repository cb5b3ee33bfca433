// Anthropic's Messages API, POST /messages, after Anthropic's API reference. What its readers get
// wrong elsewhere: max_tokens must be given; input_tokens leaves out what was read from the cache
// or written to it; content is a list of blocks in which thinking comes before the text; a refusal
// is a success.

#include <strings.h>

#include "worker/providers/anthropic/errors.h"
#include "worker/providers/anthropic/most_output.h"
#include "worker/providers/anthropic/stream.h"
#include "worker/providers/json_api.h"
#include "worker/providers/sent_schema.h"
#include "worker/replies/limit_headers.h"
#include "worker/replies/token_counts.h"

namespace muster {
namespace {

constexpr char kPath[] = "/messages";
constexpr char kVersionHeader[] = "anthropic-version";
constexpr char kVersion[] = "2023-06-01";

// ---- requests ----

Json Content(const ChatRequest& request) {
  if (request.images.empty()) return request.user;
  Json blocks = Json::array();
  for (const ChatImage& image : request.images) {
    blocks.push_back(
        {{"type", "image"},
         {"source",
          {{"type", "base64"}, {"media_type", image.media_type}, {"data", image.base64}}}});
  }
  // A block of text must not be empty.
  if (!request.user.empty()) blocks.push_back({{"type", "text"}, {"text", request.user}});
  return blocks;
}

Json OutputConfig(const ChatOptions& options) {
  Json config = Json::object();
  if (!options.reasoning_effort.empty()) config["effort"] = options.reasoning_effort;
  if (!options.response_schema.is_null()) {
    config["format"] = {{"type", "json_schema"},
                        {"schema", SchemaForAnthropic(options.response_schema)}};
  }
  return config;
}

Json Thinking(const ChatOptions& options) {
  if (options.thinking_tokens) {
    return {{"type", "enabled"}, {"budget_tokens", *options.thinking_tokens}};
  }
  return {{"type", options.thinking == "off" ? "disabled" : "adaptive"}};
}

// Without a word the service takes capacity that was bought ahead, at another price, where there is
// some.
void SetServiceTier(const ChatOptions& options, const Provider& provider, Json& body) {
  bool own = provider.base_url.starts_with("https://api.anthropic.com/");
  if (options.service_tier == "auto") {
    body["service_tier"] = "auto";
  } else if (own || !options.service_tier.empty()) {
    body["service_tier"] = "standard_only";
  }
}

void SetOptions(const ChatOptions& options, Json& body) {
  if (options.temperature) body["temperature"] = *options.temperature;
  if (options.top_p) body["top_p"] = *options.top_p;
  if (options.top_k) body["top_k"] = *options.top_k;
  if (!options.stop.empty()) body["stop_sequences"] = options.stop;
  if (options.thinking_tokens || !options.thinking.empty()) body["thinking"] = Thinking(options);
  if (Json config = OutputConfig(options); !config.empty()) body["output_config"] = config;
  if (!options.prompt_cache.empty()) {
    body["cache_control"] = {{"type", "ephemeral"}, {"ttl", options.prompt_cache}};
  }
}

// A config may name another version among the provider's headers.
bool NamesVersion(const Provider& provider) {
  for (const auto& [name, value] : provider.headers) {
    if (strcasecmp(name.c_str(), kVersionHeader) == 0) return true;
  }
  return false;
}

Result<ApiRequest> MakeRequest(const ChatRequest& request, const Provider& provider) {
  const ChatOptions& options = request.options;
  Json body = {{"model", request.model},
               {"max_tokens", options.max_tokens.value_or(MostOutputTokens(request.model))}};
  if (!request.system.empty()) body["system"] = request.system;
  body["messages"] = Json::array({Json{{"role", "user"}, {"content", Content(request)}}});
  SetOptions(options, body);
  SetServiceTier(options, provider, body);
  ApiRequest made{kPath, std::move(body)};
  if (!NamesVersion(provider)) made.headers.emplace_back(kVersionHeader, kVersion);
  if (WantsStream(provider, true)) made.delivery = {{"stream", true}};
  return made;
}

// ---- replies ----

// How a message can end. Every other way (it waits for a tool, or for another turn) leaves no
// answer.
struct Ending {
  std::string_view reason;
  Finish finish;
};
constexpr Ending kEndings[] = {
    {"end_turn", Finish::kStop},     {"stop_sequence", Finish::kStop},
    {"max_tokens", Finish::kLength}, {"model_context_window_exceeded", Finish::kLength},
    {"refusal", Finish::kRefusal},
};

Finish FinishOf(std::string_view reason) {
  for (const Ending& each : kEndings) {
    if (each.reason == reason) return each.finish;
  }
  return Finish::kOther;
}

// Why the model refused, in the words there are.
std::string Refusal(const Json& reply) {
  const Json* details = Member(reply, "stop_details");
  if (!details) return "refusal";
  for (const char* name : {"explanation", "category"}) {
    if (std::string words = StringMember(*details, name); !words.empty()) return words;
  }
  return "refusal";
}

// The text of all blocks of text; nullopt: there are none.
std::optional<std::string> TextIn(const Json& content) {
  std::optional<std::string> text;
  for (const Json& block : content) {
    if (StringMember(block, "type") != "text") continue;
    text = text.value_or("") + StringMember(block, "text");
  }
  return text;
}

Result<ChatAnswer> AnswerIn(const Json& reply) {
  const Json* content = Member(reply, "content");
  if (!content || !content->is_array()) return Fail("it has no content");
  ChatAnswer answer;
  answer.served_model = StringMember(reply, "model");
  answer.finish_text = StringMember(reply, "stop_reason");
  if (answer.finish_text.empty()) return Fail("it does not say why it ended");
  answer.finish = FinishOf(answer.finish_text);
  std::optional<std::string> text = TextIn(*content);
  if (!text && answer.finish == Finish::kStop) return Fail("its content has no text");
  if (answer.finish != Finish::kOther) answer.text = text.value_or("");
  if (answer.finish == Finish::kRefusal) answer.finish_text = Refusal(reply);
  return answer;
}

// What was written to the cache, and what of it for an hour; nullopt where the two contradict each
// other.
struct CacheWrite {
  int64_t all = 0, for_an_hour = 0;
};
std::optional<CacheWrite> CacheWriteIn(const Json& usage) {
  const Json* parts = Member(usage, "cache_creation");
  auto all = TokenCount(&usage, "cache_creation_input_tokens");
  auto short_lived = TokenCount(parts, "ephemeral_5m_input_tokens");
  auto for_an_hour = TokenCount(parts, "ephemeral_1h_input_tokens");
  if (!all || !short_lived || !for_an_hour) return std::nullopt;
  if (*short_lived + *for_an_hour > *all) return std::nullopt;
  return CacheWrite{*all, *for_an_hour};
}

std::optional<Usage> UsageIn(const Json& reply) {
  const Json* usage = Member(reply, "usage");
  if (!usage || !IntMember(*usage, "input_tokens") || !IntMember(*usage, "output_tokens")) {
    return std::nullopt;
  }
  auto fresh = TokenCount(usage, "input_tokens"), output = TokenCount(usage, "output_tokens");
  auto cached = TokenCount(usage, "cache_read_input_tokens");
  auto written = CacheWriteIn(*usage);
  auto thinking = TokenCount(Member(*usage, "output_tokens_details"), "thinking_tokens");
  if (!fresh || !output || !cached || !written || !thinking) return std::nullopt;
  int64_t input = *fresh + *cached + written->all;
  if (input > kMostTokensOfOneCall || *thinking > *output) return std::nullopt;
  return Usage{.input = input,
               .cached = *cached,
               .cache_write = written->all,
               .output = *output,
               .reasoning = *thinking,
               .cache_write_1h = written->for_an_hour};
}

// The tier, or what else makes a call dearer than its tier says: a fast mode, and a place.
std::string TierIn(const Json& reply) {
  const Json* usage = Member(reply, "usage");
  if (!usage) return "";
  std::string speed = StringMember(*usage, "speed");
  if (speed == "fast") return speed;
  std::string place = StringMember(*usage, "inference_geo");
  if (place == "us") return place;
  return StringMember(*usage, "service_tier");
}

constexpr JsonForm kForm{.path = kPath,
                         .request = MakeRequest,
                         .error = FindApiError,
                         .answer = AnswerIn,
                         .usage = UsageIn,
                         .meaning = AnthropicMeaning,
                         .limits = AnthropicLimits,
                         .tier = TierIn,
                         .wait = WaitUntilOpen,
                         .stream = &kAnthropicStream};

}  // namespace

const ChatApi& Anthropic() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
