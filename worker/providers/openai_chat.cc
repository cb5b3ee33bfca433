// OpenAI's Chat Completions, POST /chat/completions, after OpenAI's API reference, as OpenRouter,
// vLLM, llama.cpp, LM Studio, Ollama and many others imitate it. Observed of those: max_tokens in
// max_completion_tokens' stead (Ollama ignores the latter without a word), reasoning in a field of
// its own beside content, errors inside a 200 once the model has begun (OpenRouter), content as a
// list of parts, a missing message where a filter struck (Azure).

#include "worker/providers/json_api.h"
#include "worker/providers/limit_headers.h"
#include "worker/providers/openai_fields.h"

namespace muster {
namespace {

constexpr char kPath[] = "/chat/completions";
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

// Reasoning models take the system prompt under another role's name.
Json Messages(const ChatRequest& request) {
  Json messages = Json::array();
  if (!request.system.empty()) {
    const char* role = IsReasoningModel(request.model) ? "developer" : "system";
    messages.push_back({{"role", role}, {"content", request.system}});
  }
  messages.push_back({{"role", "user"}, {"content", request.user}});
  return messages;
}

Result<Json> RequestBody(const ChatRequest& request, const Provider& provider) {
  if (Result<void> checked = CheckOptions(request, 1); !checked) return Error{checked.error()};
  Json body = {{"model", request.model}, {"messages", Messages(request)}};
  if (request.max_tokens) {
    bool own = IsOpenAiService(provider.base_url);
    body[own ? "max_completion_tokens" : "max_tokens"] = *request.max_tokens;
  }
  if (!request.reasoning_effort.empty()) body["reasoning_effort"] = request.reasoning_effort;
  if (!request.verbosity.empty()) body["verbosity"] = request.verbosity;
  if (request.temperature) body["temperature"] = *request.temperature;
  return body;
}

constexpr JsonForm kForm{kPath, RequestBody, ErrorIn, AnswerIn, UsageIn, OpenAiLimits};

}  // namespace

const ChatApi& OpenAiChat() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
