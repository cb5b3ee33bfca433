// OpenAI's Responses API, POST /responses, after OpenAI's API reference. What its readers get wrong
// elsewhere: output is a list of items of many types in any order (reasoning comes before the
// message); `output_text` at the top level exists in SDKs only; a failed generation is a 200 with
// status "failed"; the `store` default is true.

#include "worker/providers/json_api.h"
#include "worker/providers/limit_headers.h"
#include "worker/providers/openai_fields.h"

namespace muster {
namespace {

constexpr char kPath[] = "/responses";
constexpr int64_t kLeastTokens = 16;  // of max_output_tokens
constexpr UsageNames kUsageNames{"input_tokens", "output_tokens", "input_tokens_details",
                                 "output_tokens_details"};

// The words of every message among the output items.
struct Words {
  bool any = false;  // there was a part to read, be it an empty one
  std::string text, refusal;
};

void AddParts(const Json& content, Words& words) {
  for (const Json& part : content) {
    std::string type = StringMember(part, "type");
    if (type != "output_text" && type != "refusal") continue;
    words.any = true;
    if (type == "output_text") words.text += StringMember(part, "text");
    if (type == "refusal") words.refusal += StringMember(part, "refusal");
  }
}

Words WordsOf(const Json& output) {
  Words words;
  for (const Json& item : output) {
    const Json* content = Member(item, "content");
    if (StringMember(item, "type") != "message" || !content || !content->is_array()) continue;
    AddParts(*content, words);
  }
  return words;
}

// Sets how an incomplete answer ended.
void SetIncomplete(const Json& reply, ChatAnswer& answer) {
  const Json* details = Member(reply, "incomplete_details");
  answer.finish_text = details ? StringMember(*details, "reason") : "";
  answer.finish = Finish::kOther;
  if (answer.finish_text == "max_output_tokens") answer.finish = Finish::kLength;
  if (answer.finish_text == "content_filter") answer.finish = Finish::kContentFilter;
}

Result<ChatAnswer> AnswerIn(const Json& reply) {
  std::string status = StringMember(reply, "status");
  const Json* output = Member(reply, "output");
  if (!output || !output->is_array()) return Fail("it has no output");
  bool complete = status.empty() || status == "completed";  // imitators may leave it out
  if (!complete && status != "incomplete") return Fail("its status is {}", status);
  Words words = WordsOf(*output);
  ChatAnswer answer;
  answer.text = std::move(words.text);
  answer.served_model = StringMember(reply, "model");
  answer.finish_text = status;
  if (!complete) SetIncomplete(reply, answer);
  if (!words.refusal.empty()) {
    answer.finish = Finish::kRefusal;
    answer.finish_text = std::move(words.refusal);
  }
  if (complete && !words.any) return Fail("its output has no message");
  return answer;
}

std::optional<ApiError> ErrorIn(const Json& reply) {
  if (auto error = FindApiError(reply)) return error;
  if (StringMember(reply, "status") == "failed") return ApiError();
  return std::nullopt;
}

// A reply that is still being made has not counted its tokens yet.
std::optional<Usage> UsageIn(const Json& reply) {
  std::string status = StringMember(reply, "status");
  if (status == "in_progress" || status == "queued") return std::nullopt;
  return ReadUsage(reply, kUsageNames);
}

Result<Json> RequestBody(const ChatRequest& request, const Provider&) {
  auto checked = CheckOptions(request, kLeastTokens);
  if (!checked) return Error{checked.error()};
  Json body = {{"model", request.model}};
  if (!request.system.empty()) body["instructions"] = request.system;
  body["input"] = request.user;
  if (!request.reasoning_effort.empty()) {
    body["reasoning"] = {{"effort", request.reasoning_effort}};
  }
  if (!request.verbosity.empty()) body["text"] = {{"verbosity", request.verbosity}};
  if (request.max_tokens) body["max_output_tokens"] = *request.max_tokens;
  if (request.temperature) body["temperature"] = *request.temperature;
  body["store"] = false;
  return body;
}

constexpr JsonForm kForm{kPath, RequestBody, ErrorIn, AnswerIn, UsageIn, OpenAiLimits};

}  // namespace

const ChatApi& OpenAiResponses() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
