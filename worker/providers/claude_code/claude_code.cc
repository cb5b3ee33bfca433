// The claude program in print mode, observed of version 2.1. What readers of it get wrong: a
// failure has subtype "success" and is_error true; `usage` is the main loop only and `modelUsage`
// is everything; an answer that is longer than the model's longest output comes in several
// messages; a refusal is an error.

#include <cmath>

#include "common/money.h"
#include "worker/providers/chat_api.h"
#include "worker/providers/claude_code/failures.h"
#include "worker/providers/claude_code/transcript.h"
#include "worker/replies/api_errors.h"
#include "worker/replies/token_counts.h"

namespace muster {
namespace {

constexpr char kPath[] = "/claude-code";
// The program takes 10 MiB on stdin, counted in UTF-16 units; bytes are never fewer.
constexpr size_t kMostPrompt = 10 * 1024 * 1024 - 16;
constexpr size_t kMostSchema = 100'000;  // bytes: it is an argument, which the system limits
constexpr double kMostDollars = 1e6;     // of one call; more is nonsense

// ---- asking ----

std::optional<std::string> Refused(const ChatRequest& request) {
  if (!request.images.empty()) return "images: the claude-code API takes none";
  if (!request.extra.empty()) return "extra: the claude-code API has no request body to add it to";
  if (request.model.empty() || request.model.starts_with('-')) {
    return "model: expected a name or alias that Claude Code knows";
  }
  if (request.user.find_first_not_of(" \t\r\n") == std::string::npos) {
    return "user: Claude Code takes no empty prompt";
  }
  if (request.user.size() > kMostPrompt) return "user: Claude Code takes 10 MB at most";
  return std::nullopt;
}

// ---- reading ----

bool IsError(const Json& result) {
  const Json* flag = Member(result, "is_error");
  bool said = flag && flag->is_boolean() && flag->get<bool>();
  return said || StringMember(result, "subtype").starts_with("error_");
}

bool IsRefusal(const Json& result) { return StringMember(result, "stop_reason") == "refusal"; }

// Whether what the model wrote was cut off at a limit of its length.
bool IsCut(const Json& result) {
  std::string words = StringMember(result, "result");
  return words.find("output token maximum") != words.npos ||
         words.find("reached its context window limit") != words.npos;
}

// Adds one model's counts; false when one of them is none.
bool AddUsage(const Json& model, Usage& usage) {
  auto input = TokenCount(&model, "inputTokens"), read = TokenCount(&model, "cacheReadInputTokens");
  auto written = TokenCount(&model, "cacheCreationInputTokens");
  auto output = TokenCount(&model, "outputTokens");
  if (!input || !read || !written || !output) return false;
  Usage of_model;
  of_model.input = *input + *read + *written;
  of_model.cached = *read;
  of_model.cache_write = *written;
  of_model.output = *output;
  usage += of_model;
  return usage.input <= kMostTokensOfOneCall && usage.output <= kMostTokensOfOneCall;
}

// Which of what was written to the cache is to be kept for an hour only `usage` tells.
int64_t WrittenForAnHour(const Json& result, int64_t written) {
  const Json* usage = Member(result, "usage");
  const Json* split = usage ? Member(*usage, "cache_creation") : nullptr;
  return std::min(TokenCount(split, "ephemeral_1h_input_tokens").value_or(0), written);
}

std::optional<Usage> UsageIn(const Json& result) {
  const Json* models = Member(result, "modelUsage");
  if (!models || !models->is_object() || models->empty()) return std::nullopt;
  Usage usage;
  for (const auto& [name, model] : models->items()) {
    if (!AddUsage(model, usage)) return std::nullopt;
  }
  usage.cache_write_1h = WrittenForAnHour(result, usage.cache_write);
  return usage;
}

// The model with the most output; the others did small errands.
std::string ServedModel(const Json& result) {
  const Json* models = Member(result, "modelUsage");
  std::string served;
  int64_t most = -1;
  if (!models || !models->is_object()) return served;
  for (const auto& [name, model] : models->items()) {
    int64_t output = TokenCount(&model, "outputTokens").value_or(0);
    if (output <= most) continue;
    most = output;
    served = name;
  }
  return served;
}

// An estimate at list prices, also under a subscription that is not billed by the call.
std::optional<int64_t> OwnCost(const Json& result) {
  auto dollars = NumberMember(result, "total_cost_usd");
  if (!dollars || !(*dollars >= 0) || *dollars > kMostDollars) return std::nullopt;
  return std::llround(*dollars * static_cast<double>(kPicodollarsPerDollar));
}

std::string Tier(const Json& result) {
  const Json* usage = Member(result, "usage");
  std::string tier = usage ? StringMember(*usage, "service_tier") : "";
  return tier == "standard" ? "" : tier;
}

Finish FinishOf(const Json& result) {
  if (IsRefusal(result)) return Finish::kRefusal;
  if (IsCut(result)) return Finish::kLength;
  std::string reason = StringMember(result, "stop_reason");
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return Finish::kLength;
  bool usual = reason.empty() || reason == "end_turn" || reason == "stop_sequence" ||
               (reason == "tool_use" && Member(result, "structured_output"));
  return usual ? Finish::kStop : Finish::kOther;
}

// Why a result without an error is no answer to the request; nullopt: it is one.
std::optional<std::string> Lack(const Json& result, bool schema) {
  const Json* structured = Member(result, "structured_output");
  if (schema && (!structured || structured->is_null())) return "it has no structured output";
  if (!structured && !Member(result, "text") && !Member(result, "result")) return "it has no text";
  // What looks like a command of the program's own ("/cost") is answered without the model.
  if (IntMember(result, "num_turns") == 0) return "the model was not asked";
  return std::nullopt;
}

class ClaudeCodeApi : public ChatApi {
 public:
  Result<ApiRequest> MakeRequest(const ChatRequest& request, const Provider&) const override {
    if (auto refused = Refused(request)) return Error{*refused};
    ApiRequest made;
    made.path = kPath;
    made.body = {{"model", request.model}, {"system", request.system}, {"prompt", request.user}};
    const ChatOptions& options = request.options;
    if (!options.reasoning_effort.empty()) made.body["effort"] = options.reasoning_effort;
    if (!options.response_schema.is_null()) made.body["schema"] = options.response_schema;
    if (DumpJson(options.response_schema).size() > kMostSchema) {
      return Fail("response_schema: the claude-code API takes {} bytes at most", kMostSchema);
    }
    return made;
  }

  Reading ReadReply(const HttpReply& reply) const override {
    Transcript transcript = ReadTranscript(reply.body);
    const Json body = BodyOf(transcript);
    Reading reading;
    if (!body.is_object()) {
      reading.failure = ReadClaudeLack(transcript, "it has no result");
      reading.partial = transcript.text;
      return reading;
    }
    reading.usage = UsageIn(body);
    reading.served_model = ServedModel(body);
    reading.tier = Tier(body);
    reading.own_cost = reading.usage ? OwnCost(body) : std::nullopt;
    reading.request_id = StringMember(body, "session_id");
    Judge(reply, transcript, body, reading);
    return reading;
  }

  std::string ReadPartial(const HttpReply& reply) const override {
    return ReadTranscript(reply.body).text;
  }

  std::unique_ptr<StreamWatch> Watch() const override { return nullptr; }

  Result<ChatAnswer> ReadAnswer(std::string_view body) const override {
    Json result = ReadTranscript(body).result;
    if (!result.is_object()) return Fail("the answer of Claude Code has no result");
    ChatAnswer answer;
    answer.finish = FinishOf(result);
    answer.finish_text = StringMember(result, "stop_reason");
    answer.served_model = ServedModel(result);
    answer.usage = UsageIn(result);
    bool more = Member(result, "text");
    answer.text = StringMember(result, more ? "text" : "result");
    if (const Json* structured = Member(result, "structured_output")) {
      answer.text = DumpJson(*structured);
    }
    if (answer.finish == Finish::kLength) answer.finish_text = "max_tokens";
    if (answer.finish == Finish::kRefusal) {
      answer.finish_text = StringMember(result, "result");
      if (!more) answer.text.clear();
    }
    return answer;
  }

 private:
  // Refused and cut answers are answers: they are paid, and the step decides.
  static void Judge(const HttpReply& reply, const Transcript& transcript, const Json& body,
                    Reading& reading) {
    bool cut = IsCut(body) && Member(body, "text");
    if (IsError(body) && !IsRefusal(body) && !cut) {
      reading.failure = ReadClaudeFailure(transcript, reply.received_ms);
    } else if (auto lack = cut || IsRefusal(body)
                               ? std::nullopt
                               : Lack(body, !reply.Header(kSchemaHeader).empty())) {
      reading.failure = ReadClaudeLack(transcript, *lack);
    } else {
      reading.answered = true;
      reading.body = DumpJson(body);
      return;
    }
    if (reading.usage) reading.failure.billing = Billing::kUsage;
    if (!IsError(body)) return;
    reading.partial = transcript.text;
  }
};

}  // namespace

const ChatApi& ClaudeCode() {
  static const ClaudeCodeApi kApi;
  return kApi;
}

}  // namespace muster
