// Ollama's own API, POST /api/chat, after its API reference. What differs from everyone else: it
// streams unless told not to, as JSON lines; errors are plain strings, also in the middle of a
// stream; counts that are 0 are left out; the context is short (num_ctx) and longer prompts are cut
// without a word.

#include "worker/providers/json_api.h"
#include "worker/replies/token_counts.h"

namespace muster {
namespace {

constexpr char kPath[] = "/api/chat";

// ---- requests ----

Json Messages(const ChatRequest& request) {
  Json messages = Json::array();
  if (!request.system.empty()) {
    messages.push_back({{"role", "system"}, {"content", request.system}});
  }
  Json user = {{"role", "user"}, {"content", request.user}};
  for (const ChatImage& image : request.images) user["images"].push_back(image.base64);
  messages.push_back(std::move(user));
  return messages;
}

// How words are chosen, and how many.
Json Sampling(const ChatOptions& options) {
  Json sampling = Json::object();
  if (options.temperature) sampling["temperature"] = *options.temperature;
  if (options.top_p) sampling["top_p"] = *options.top_p;
  if (options.top_k) sampling["top_k"] = *options.top_k;
  if (options.seed) sampling["seed"] = *options.seed;
  if (!options.stop.empty()) sampling["stop"] = options.stop;
  if (options.max_tokens) sampling["num_predict"] = *options.max_tokens;
  if (options.context_tokens) sampling["num_ctx"] = *options.context_tokens;
  return sampling;
}

Result<ApiRequest> MakeRequest(const ChatRequest& request, const Provider& provider) {
  const ChatOptions& options = request.options;
  Json body = {{"model", request.model}, {"messages", Messages(request)}};
  if (Json sampling = Sampling(options); !sampling.empty()) body["options"] = sampling;
  if (!options.response_schema.is_null()) body["format"] = options.response_schema;
  if (!options.reasoning_effort.empty()) body["think"] = options.reasoning_effort;
  if (!options.thinking.empty()) body["think"] = options.thinking == "auto";
  ApiRequest made{kPath, std::move(body)};
  made.delivery = {{"stream", WantsStream(provider, true)}};
  return made;
}

// ---- replies ----

Finish FinishOf(std::string_view reason) {
  if (reason == "stop" || reason.empty()) return Finish::kStop;
  return reason == "length" ? Finish::kLength : Finish::kOther;
}

Result<ChatAnswer> AnswerIn(const Json& reply) {
  const Json* message = Member(reply, "message");
  if (!message || !message->is_object()) return Fail("it has no message");
  const Json* done = Member(reply, "done");
  if (!done || *done != true) return Fail("it is not done");
  ChatAnswer answer;
  answer.text = StringMember(*message, "content");
  answer.finish_text = StringMember(reply, "done_reason");
  answer.finish = FinishOf(answer.finish_text);
  answer.served_model = StringMember(reply, "model");
  return answer;
}

std::optional<ApiError> ErrorIn(const Json& reply) { return FindApiError(reply); }

// A prompt of no tokens is absurd: what is left out there is not known.
std::optional<Usage> UsageIn(const Json& reply) {
  auto input = TokenCount(&reply, "prompt_eval_count"), output = TokenCount(&reply, "eval_count");
  if (!input || !output || *input == 0) return std::nullopt;
  Usage usage;
  usage.input = *input;
  usage.output = *output;
  return usage;
}

bool Mentions(const ApiError& error, std::string_view word) {
  return error.message.find(word) != std::string::npos;
}

ErrorMeaning MeaningOfError(int64_t status, const ApiError& error) {
  FailureKind kind = KindOfStatus(status);
  bool of_schema = Mentions(error, "grammar") || Mentions(error, "format");
  if (kind == FailureKind::kBadRequest && of_schema) kind = FailureKind::kBadSchema;
  // Within a stream there is no status; the words are those of the statuses.
  if (Mentions(error, "try pulling it first")) kind = FailureKind::kModelNotFound;
  if (Mentions(error, "server busy")) kind = FailureKind::kOverloaded;
  if (status == 499) kind = FailureKind::kServer;  // it gave the request up
  return {kind, false, {}};
}

// ---- streams ----

// Every line has a piece of the message; the last one, "done", also has the counts.
class Fold : public StreamFold {
 public:
  void Take(std::string_view, const Json& line) override {
    if (auto error = ErrorIn(line)) folded_.error = error;
    if (const Json* message = Member(line, "message")) {
      folded_.text += StringMember(*message, "content");
      thinking_ += StringMember(*message, "thinking");
    }
    if (const Json* done = Member(line, "done"); done && *done == true) last_ = line;
  }

  Folded Finish() override {
    if (last_.is_object() && !folded_.error) {
      Json message = {{"role", "assistant"}, {"content", folded_.text}};
      if (!thinking_.empty()) message["thinking"] = thinking_;
      last_["message"] = std::move(message);
      folded_.body = std::move(last_);
    }
    return std::move(folded_);
  }

 private:
  Folded folded_;
  std::string thinking_;
  Json last_;
};

std::unique_ptr<StreamFold> MakeFold() { return std::make_unique<Fold>(); }

bool IsLast(std::string_view, std::string_view line) {
  return line.find("\"done\":true") != line.npos || line.find("\"done\": true") != line.npos;
}

constexpr StreamForm kStream{Framing::kNdjson, MakeFold, IsLast};

constexpr JsonForm kForm{.path = kPath,
                         .request = MakeRequest,
                         .error = ErrorIn,
                         .answer = AnswerIn,
                         .usage = UsageIn,
                         .meaning = MeaningOfError,
                         .stream = &kStream};

}  // namespace

const ChatApi& Ollama() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
