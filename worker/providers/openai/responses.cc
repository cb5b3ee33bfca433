// OpenAI's Responses API, POST /responses, after OpenAI's API reference. What its readers get wrong
// elsewhere: output is a list of items of many types in any order (reasoning comes before the
// message); `output_text` at the top level exists in SDKs only; a failed generation is a 200 with
// status "failed"; the `store` default is true; a stream ends with an event that holds the whole
// response, and not with [DONE].

#include <algorithm>

#include "worker/providers/json_api.h"
#include "worker/providers/openai/fields.h"
#include "worker/replies/limit_headers.h"

namespace muster {
namespace {

constexpr char kPath[] = "/responses";
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

Json Input(const ChatRequest& request) {
  if (request.images.empty()) return request.user;
  const std::string& detail = request.options.image_detail;
  Json parts = Json::array();
  for (const ChatImage& image : request.images) {
    parts.push_back({{"type", "input_image"},
                     {"image_url", DataUri(image)},
                     {"detail", detail.empty() ? "auto" : detail}});
  }
  parts.push_back({{"type", "input_text"}, {"text", request.user}});
  return Json::array({Json{{"role", "user"}, {"content", parts}}});
}

Json TextOptions(const ChatRequest& request) {
  const ChatOptions& options = request.options;
  Json text = Json::object();
  if (!options.verbosity.empty()) text["verbosity"] = options.verbosity;
  if (!options.response_schema.is_null()) {
    text["format"] = {{"type", "json_schema"},
                      {"name", request.schema_name},
                      {"schema", options.response_schema},
                      {"strict", IsStrict(options)}};
  }
  return text;
}

Result<ApiRequest> MakeRequest(const ChatRequest& request, const Provider& provider) {
  const ChatOptions& options = request.options;
  Json body = {{"model", request.model}};
  if (!request.system.empty()) body["instructions"] = request.system;
  body["input"] = Input(request);
  if (!options.reasoning_effort.empty()) body["reasoning"] = {{"effort", options.reasoning_effort}};
  if (Json text = TextOptions(request); !text.empty()) body["text"] = text;
  if (options.max_tokens) body["max_output_tokens"] = *options.max_tokens;
  if (options.temperature) body["temperature"] = *options.temperature;
  if (options.top_p) body["top_p"] = *options.top_p;
  SetServiceTier(options, provider, body);
  body["store"] = false;
  ApiRequest made{kPath, std::move(body)};
  if (WantsStream(provider, true)) made.delivery = StreamDelivery(provider, false);
  return made;
}

// ---- streams ----

constexpr std::string_view kLastEvents[] = {"response.completed", "response.incomplete",
                                            "response.failed", "error"};

bool IsLast(std::string_view name, std::string_view data) {
  std::string_view type = name.empty() ? TypeIn(data) : name;
  return std::ranges::count(kLastEvents, type) > 0;
}

// The last event holds the whole response; what comes before is for those who watch.
class Fold : public StreamFold {
 public:
  void Take(std::string_view, const Json& data) override {
    std::string type = StringMember(data, "type");
    if (type == "response.output_text.delta") folded_.text += StringMember(data, "delta");
    if (type == "error") {
      auto error = FindApiError(data);
      folded_.error = error ? error : FindApiError(Json{{"error", data}});
    } else if (std::ranges::count(kLastEvents, type) > 0) {
      const Json* response = Member(data, "response");
      if (response && response->is_object()) folded_.body = *response;
    }
  }
  Folded Finish() override { return std::move(folded_); }

 private:
  Folded folded_;
};

std::unique_ptr<StreamFold> MakeFold() { return std::make_unique<Fold>(); }

constexpr StreamForm kStream{Framing::kSse, MakeFold, IsLast};

constexpr JsonForm kForm{.path = kPath,
                         .request = MakeRequest,
                         .error = ErrorIn,
                         .answer = AnswerIn,
                         .usage = UsageIn,
                         .limits = OpenAiLimits,
                         .tier = ServedTier,
                         .stream = &kStream};

}  // namespace

const ChatApi& OpenAiResponses() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
