// OpenAI's Chat Completions, POST /chat/completions, after OpenAI's API reference, as OpenRouter,
// vLLM, llama.cpp, LM Studio, Ollama and many others imitate it. Observed of those: max_tokens in
// max_completion_tokens' stead (Ollama ignores the latter without a word), reasoning in a field of
// its own beside content, errors inside a 200 once the model has begun (OpenRouter), content as a
// list of parts, a missing message where a filter struck (Azure).

#include "worker/providers/openai/chat.h"

#include "worker/providers/json_api.h"
#include "worker/providers/openai/fields.h"
#include "worker/replies/limit_headers.h"

namespace muster {
namespace chat_completions {
namespace {

constexpr UsageNames kUsageNames{"prompt_tokens", "completion_tokens", "prompt_tokens_details",
                                 "completion_tokens_details"};

const Json* FirstChoice(const Json& reply) {
  const Json* choices = Member(reply, "choices");
  return choices && choices->is_array() && !choices->empty() ? &(*choices)[0] : nullptr;
}

// The text of a message's content, or nullopt where there is none (null, absent, another shape).
std::optional<std::string> TextOf(const Json* content) {
  if (content && content->is_string()) return content->get<std::string>();
  if (!content || !content->is_array()) return std::nullopt;
  std::string text;
  for (const Json& part : *content) {
    if (StringMember(part, "type") == "text") text += StringMember(part, "text");
  }
  return text;
}

Finish FinishOf(std::string_view reason) {
  if (reason == "stop") return Finish::kStop;
  if (reason == "length") return Finish::kLength;
  if (reason == "content_filter") return Finish::kContentFilter;
  return Finish::kOther;
}

}  // namespace

Result<ChatAnswer> AnswerIn(const Json& reply) {
  const Json* choice = FirstChoice(reply);
  if (!choice) return Fail("it has no choices");
  const Json* message = Member(*choice, "message");
  ChatAnswer answer;
  answer.served_model = StringMember(reply, "model");
  answer.finish_text = StringMember(*choice, "finish_reason");
  answer.finish = FinishOf(answer.finish_text);
  std::optional<std::string> text = message ? TextOf(Member(*message, "content")) : std::nullopt;
  answer.text = text.value_or("");
  std::string refusal = message ? StringMember(*message, "refusal") : "";
  if (!refusal.empty()) {
    answer.finish = Finish::kRefusal;
    answer.finish_text = std::move(refusal);
  }
  if (!text && (answer.finish == Finish::kStop || answer.finish == Finish::kOther)) {
    return Fail("its message has no content");
  }
  return answer;
}

// The error of a generation that broke off after the status was sent.
std::optional<ApiError> ErrorIn(const Json& reply) {
  if (auto error = FindApiError(reply)) return error;
  const Json* choice = FirstChoice(reply);
  if (!choice) return std::nullopt;
  if (auto error = FindApiError(*choice)) return error;
  if (StringMember(*choice, "finish_reason") == "error") return ApiError();
  return std::nullopt;
}

std::optional<Usage> UsageIn(const Json& reply) { return ReadUsage(reply, kUsageNames); }

Json UserContent(const ChatRequest& request) {
  if (request.images.empty()) return request.user;
  Json parts = Json::array();
  for (const ChatImage& image : request.images) {
    Json url = {{"url", DataUri(image)}};
    if (!request.options.image_detail.empty()) url["detail"] = request.options.image_detail;
    parts.push_back({{"type", "image_url"}, {"image_url", url}});
  }
  parts.push_back({{"type", "text"}, {"text", request.user}});
  return parts;
}

Json BodyOf(const ChatRequest& request, const char* system_role) {
  Json messages = Json::array();
  if (!request.system.empty()) {
    messages.push_back({{"role", system_role}, {"content", request.system}});
  }
  messages.push_back({{"role", "user"}, {"content", UserContent(request)}});
  Json body = {{"model", request.model}, {"messages", messages}};
  const ChatOptions& options = request.options;
  if (!options.response_schema.is_null()) {
    body["response_format"] = {{"type", "json_schema"},
                               {"json_schema",
                                {{"name", request.schema_name},
                                 {"schema", options.response_schema},
                                 {"strict", IsStrict(options)}}}};
  }
  if (options.temperature) body["temperature"] = *options.temperature;
  if (options.top_p) body["top_p"] = *options.top_p;
  if (!options.stop.empty()) body["stop"] = options.stop;
  if (options.seed) body["seed"] = *options.seed;
  if (!options.verbosity.empty()) body["verbosity"] = options.verbosity;
  return body;
}

}  // namespace chat_completions
namespace {

Result<ApiRequest> MakeRequest(const ChatRequest& request, const Provider& provider) {
  const ChatOptions& options = request.options;
  bool own = IsOpenAiService(provider.base_url);
  // Reasoning models take the system prompt under another role's name.
  Json body =
      chat_completions::BodyOf(request, IsReasoningModel(request.model) ? "developer" : "system");
  if (options.max_tokens) body[own ? "max_completion_tokens" : "max_tokens"] = *options.max_tokens;
  if (!options.reasoning_effort.empty()) body["reasoning_effort"] = options.reasoning_effort;
  if (options.top_k) body["top_k"] = *options.top_k;
  SetServiceTier(options, provider, body);
  ApiRequest made{chat_completions::kPath, std::move(body)};
  // Not every imitator counts tokens in a stream.
  if (WantsStream(provider, own)) made.delivery = StreamDelivery(provider, true);
  return made;
}

constexpr JsonForm kForm{.path = chat_completions::kPath,
                         .request = MakeRequest,
                         .error = chat_completions::ErrorIn,
                         .answer = chat_completions::AnswerIn,
                         .usage = chat_completions::UsageIn,
                         .limits = OpenAiLimits,
                         .tier = ServedTier,
                         .stream = &chat_completions::kStream};

}  // namespace

const ChatApi& OpenAiChat() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
