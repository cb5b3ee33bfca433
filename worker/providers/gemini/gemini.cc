// Google's Gemini API, POST /models/{model}:generateContent, after Google's API reference. What its
// readers get wrong elsewhere: a prompt that was blocked is a success without candidates; thoughts
// are parts of the content and not counted among the candidate's tokens; content may be missing;
// counts that are 0 are left out.

#include <algorithm>

#include "worker/providers/gemini/errors.h"
#include "worker/providers/gemini/request.h"
#include "worker/providers/gemini/stream.h"
#include "worker/providers/json_api.h"
#include "worker/replies/token_counts.h"

namespace muster {
namespace {

constexpr char kPath[] = "/models/{model}:generateContent";

// How a candidate can end. Every other way (OTHER, MALFORMED_FUNCTION_CALL, CONTINUATION, …) leaves
// no answer.
struct Ending {
  std::string_view reason;
  Finish finish;
};
constexpr Ending kEndings[] = {
    {"STOP", Finish::kStop},
    {"MAX_TOKENS", Finish::kLength},
    {"SAFETY", Finish::kContentFilter},
    {"RECITATION", Finish::kContentFilter},
    {"LANGUAGE", Finish::kContentFilter},
    {"BLOCKLIST", Finish::kContentFilter},
    {"PROHIBITED_CONTENT", Finish::kContentFilter},
    {"SPII", Finish::kContentFilter},
    {"IMAGE_SAFETY", Finish::kContentFilter},
    {"IMAGE_PROHIBITED_CONTENT", Finish::kContentFilter},
    {"IMAGE_RECITATION", Finish::kContentFilter},
};

Finish FinishOf(std::string_view reason) {
  for (const Ending& each : kEndings) {
    if (each.reason == reason) return each.finish;
  }
  return Finish::kOther;
}

// The answer's words, without the thoughts; nullopt: not a single part of it.
std::optional<std::string> TextIn(const Json& candidate) {
  const Json* content = Member(candidate, "content");
  const Json* parts = content ? Member(*content, "parts") : nullptr;
  if (!parts || !parts->is_array()) return std::nullopt;
  std::optional<std::string> text;
  for (const Json& part : *parts) {
    const Json* thought = Member(part, "thought");
    const Json* words = Member(part, "text");
    if ((thought && *thought == true) || !words || !words->is_string()) continue;
    text = text.value_or("") + words->get<std::string>();
  }
  return text;
}

Result<ChatAnswer> CandidateAnswer(const Json& candidate, ChatAnswer answer) {
  answer.finish_text = StringMember(candidate, "finishReason");
  if (answer.finish_text.empty()) return Fail("its candidate does not say why it ended");
  answer.finish = FinishOf(answer.finish_text);
  std::optional<std::string> text = TextIn(candidate);
  if (!text && answer.finish == Finish::kStop) return Fail("its candidate has no text");
  if (answer.finish != Finish::kOther) answer.text = text.value_or("");
  return answer;
}

// A prompt that was blocked is answered: nothing else will come of it, and it may be paid.
Result<ChatAnswer> AnswerIn(const Json& reply) {
  ChatAnswer answer;
  answer.served_model = StringMember(reply, "modelVersion");
  const Json* candidates = Member(reply, "candidates");
  if (candidates && candidates->is_array() && !candidates->empty()) {
    return CandidateAnswer((*candidates)[0], std::move(answer));
  }
  const Json* feedback = Member(reply, "promptFeedback");
  if (feedback) answer.finish_text = StringMember(*feedback, "blockReason");
  if (answer.finish_text.empty()) return Fail("it has no candidates");
  answer.finish = Finish::kContentFilter;
  return answer;
}

// What is left out counts 0, which only the total can prove.
std::optional<Usage> UsageIn(const Json& reply) {
  const Json* usage = Member(reply, "usageMetadata");
  if (!usage || !usage->is_object()) return std::nullopt;
  auto prompt = TokenCount(usage, "promptTokenCount");
  auto of_tools = TokenCount(usage, "toolUsePromptTokenCount");
  auto cached = TokenCount(usage, "cachedContentTokenCount");
  auto said = TokenCount(usage, "candidatesTokenCount");
  auto thought = TokenCount(usage, "thoughtsTokenCount");
  if (!prompt || !of_tools || !cached || !said || !thought) return std::nullopt;
  int64_t input = *prompt + *of_tools, output = *said + *thought;
  if (IntMember(*usage, "totalTokenCount") != input + output) return std::nullopt;
  if (*cached > *prompt || std::max(input, output) > kMostTokensOfOneCall) return std::nullopt;
  return Usage{.input = input, .cached = *cached, .output = output, .reasoning = *thought};
}

// The service's own word for it, or Vertex AI's.
std::string TierIn(const Json& reply) {
  const Json* usage = Member(reply, "usageMetadata");
  if (!usage) return "";
  std::string tier = StringMember(*usage, "serviceTier");
  return tier.empty() ? StringMember(*usage, "trafficType") : tier;
}

constexpr JsonForm kForm{.path = kPath,
                         .request = MakeGeminiRequest,
                         .error = FindApiError,
                         .answer = AnswerIn,
                         .usage = UsageIn,
                         .meaning = GeminiMeaning,
                         .tier = TierIn,
                         .stream = &kGeminiStream,
                         .mended = WithStrayEvent};

}  // namespace

const ChatApi& Gemini() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
