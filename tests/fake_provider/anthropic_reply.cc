#include "tests/fake_provider/anthropic_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/fake_provider/anthropic_errors.h"
#include "tests/fake_provider/anthropic_models.h"
#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/images.h"

namespace fake_provider::anthropic {
namespace {

constexpr std::array<std::string_view, 7> kStopReasons = {"end_turn",
                                                          "max_tokens",
                                                          "stop_sequence",
                                                          "tool_use",
                                                          "pause_turn",
                                                          "refusal",
                                                          "model_context_window_exceeded"};

// Texts and pictures of a message's or the system prompt's content.
void AddContent(const Json& content, std::string& text, std::vector<std::string>& images) {
  if (content.is_string()) text += content.get_ref<const std::string&>();
  if (!content.is_array()) return;
  for (const Json& block : content) {
    text += StringMember(block, "text");
    const Json& source = MemberOf(block, "source");
    if (source.is_null()) continue;
    std::optional<std::string> bytes = DecodeBase64(StringMember(source, "data"));
    images.push_back(bytes ? *bytes : StringMember(source, "url"));
  }
}

Prompt PromptOf(const Json& body) {
  Prompt prompt;
  AddContent(MemberOf(body, "system"), prompt.system, prompt.images);
  for (const Json& message : MemberOf(body, "messages")) {
    AddContent(MemberOf(message, "content"), prompt.user, prompt.images);
  }
  return prompt;
}

// The longer of two wishes to keep a prompt: "1h", "5m" or "" for none.
std::string Longer(const std::string& a, const std::string& b) {
  if (a == "1h" || b == "1h") return "1h";
  return a.empty() ? b : a;
}

// How long a body, a message or a block wants the prompt kept that far.
std::string CacheTtl(const Json& value) {
  std::string longest;
  if (const Json& control = MemberOf(value, "cache_control"); control.is_object()) {
    longest = StringMember(control, "ttl") == "1h" ? "1h" : "5m";
  }
  for (const char* name : {"system", "messages", "content"}) {
    const Json& parts = MemberOf(value, name);
    if (!parts.is_array()) continue;
    for (const Json& part : parts) longest = Longer(longest, CacheTtl(part));
  }
  return longest;
}

bool ThinksAloud(const Call& call) {
  std::string type = StringMember(MemberOf(call.body, "thinking"), "type");
  return type == "enabled" || type == "adaptive";
}

// A choice that looks random and is the same for the same request.
uint64_t Choice(const Call& call, std::string_view what, uint64_t among) {
  return Hash64(fmt::format("{} {}", what, call.body_sha256)) % among;
}

void AddThinking(const Call& call, Json& content) {
  if (Choice(call, "redacted", 4) == 0) {
    content.push_back(
        {{"type", "redacted_thinking"}, {"data", "EmwKAhgBEgy" + call.body_sha256.substr(0, 21)}});
  }
  std::string display = StringMember(MemberOf(call.body, "thinking"), "display");
  if (display.empty() && FactsOf(call.model).chooses_itself) display = "omitted";
  std::string thought = "Let me think about what is asked for here.\nThen I will answer it.";
  content.push_back({{"type", "thinking"},
                     {"thinking", display == "omitted" ? "" : thought},
                     {"signature", "ErUBCkYIBRgC" + call.body_sha256.substr(0, 40) + "=="}});
}

// Mostly one block of text, at times two that make one text.
void AddText(const Call& call, const Question& question, const std::string& text, Json& content) {
  size_t split = text.size();
  if (!question.json_text && Choice(call, "split", 4) == 0) split = text.find(' ');
  content.push_back({{"type", "text"}, {"text", text.substr(0, split)}});
  if (split < text.size()) content.push_back({{"type", "text"}, {"text", text.substr(split)}});
}

Json ContentOf(const Call& call, const Question& question, const Answer& answer) {
  Json content = Json::array();
  if (answer.usage.reasoning > 0 && ThinksAloud(call)) AddThinking(call, content);
  bool refused = answer.finish == Finish::kRefusal;
  if (!refused && !answer.text.empty()) AddText(call, question, answer.text, content);
  return content;
}

Json UsageJson(const Usage& usage) {
  Json json = {{"input_tokens", usage.input - usage.cached - usage.cache_write},
               {"cache_creation_input_tokens", usage.cache_write},
               {"cache_read_input_tokens", usage.cached},
               {"cache_creation",
                {{"ephemeral_5m_input_tokens", usage.cache_write - usage.cache_write_1h},
                 {"ephemeral_1h_input_tokens", usage.cache_write_1h}}},
               {"output_tokens", usage.output},
               {"service_tier", "standard"},
               {"inference_geo", "global"}};
  if (usage.reasoning > 0) json["output_tokens_details"] = {{"thinking_tokens", usage.reasoning}};
  return json;
}

bool IsStopReason(const std::string& word) {
  return std::find(kStopReasons.begin(), kStopReasons.end(), word) != kStopReasons.end();
}

std::string_view StopReason(Finish finish) {
  if (finish == Finish::kLength) return "max_tokens";
  return finish == Finish::kRefusal || finish == Finish::kContentFilter ? "refusal" : "end_turn";
}

// Why and where it stopped. A refusal says more; one in the middle of an answer has no explanation.
void SetStop(const Call& call, const Answer& answer, const AnswerWishes& wishes, Json& message) {
  std::string reason(StopReason(answer.finish));
  if (!wishes.response_status.empty()) reason = wishes.error_code;
  message["stop_reason"] = reason;
  message["stop_sequence"] = nullptr;
  message["stop_details"] = nullptr;
  const Json& stops = MemberOf(call.body, "stop_sequences");
  if (reason == "stop_sequence") message["stop_sequence"] = stops.empty() ? Json("END") : stops[0];
  if (reason != "refusal") return;
  bool explained = answer.finish == Finish::kRefusal;
  message["stop_details"] = {{"type", "refusal"},
                             {"category", explained ? Json() : Json("cyber")},
                             {"explanation", explained ? Json(answer.text) : Json()}};
}

Json MessageFor(const Call& call, const Question& question, const Answer& answer,
                const AnswerWishes& wishes) {
  std::string id = Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 22);
  Json message = {{"id", "msg_01" + id},
                  {"type", "message"},
                  {"role", "assistant"},
                  {"model", call.model},
                  {"content", ContentOf(call, question, answer)}};
  SetStop(call, answer, wishes, message);
  if (!wishes.no_usage) message["usage"] = wishes.usage ? *wishes.usage : UsageJson(answer.usage);
  return message;
}

ApiReply Failed(const Call& call, const AnswerWishes& wishes, bool streams) {
  std::string type = wishes.error_code.empty() ? "api_error" : wishes.error_code;
  if (type == "server_error") type = "api_error";
  ApiReply error = TypedError(call, 200, type, "An error occurred while processing your request.");
  if (!streams) return error;
  AnswerWishes none;
  Question question = QuestionOf(call, none);
  std::vector<std::string> pieces = StreamOf(MessageFor(call, question, Compose(question), none));
  pieces.resize(2);
  pieces.push_back(SseEvent("error", Json::parse(error.body)));
  return StreamReply("text/event-stream; charset=utf-8", pieces);
}

}  // namespace

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  const Json& config = MemberOf(call.body, "output_config");
  Prompt prompt = PromptOf(call.body);
  const Json& schema = MemberOf(MemberOf(config, "format"), "schema");
  Question question = QuestionFor(call, wishes, std::move(prompt), schema);
  question.reasons = ThinksAloud(call);
  question.effort = StringMember(config, "effort");
  if (StringMember(MemberOf(call.body, "thinking"), "type") == "disabled") question.effort = "none";
  question.max_output_tokens = MemberOf(call.body, "max_tokens").get<int64_t>();
  bool caches = question.by_prompt || !CacheTtl(call.body).empty();
  question.untold = {.reasoning = false, .cached = !caches, .cache_write = !caches};
  return question;
}

ApiReply Respond(const Call& call, const AnswerWishes& wishes) {
  bool streams = MemberOf(call.body, "stream") == true && !wishes.no_stream;
  if (!wishes.response_status.empty() && !IsStopReason(wishes.error_code)) {
    return Failed(call, wishes, streams);
  }
  Question question = QuestionOf(call, wishes);
  Answer answer = Compose(question);
  if (CacheTtl(call.body) == "1h") answer.usage.cache_write_1h = answer.usage.cache_write;
  Json message = MessageFor(call, question, answer, wishes);
  ApiReply reply = streams ? StreamReply("text/event-stream; charset=utf-8", StreamOf(message))
                           : JsonReply(200, message);
  reply.usage = answer.usage;
  return reply;
}

}  // namespace fake_provider::anthropic
