#include "tests/fake_provider/gemini_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/gemini_errors.h"
#include "tests/fake_provider/gemini_models.h"
#include "tests/fake_provider/gemini_proto.h"
#include "tests/fake_provider/gemini_target.h"
#include "tests/fake_provider/images.h"

namespace fake_provider::gemini {
namespace {

constexpr std::array<std::string_view, 18> kFinishReasons = {"STOP",
                                                             "MAX_TOKENS",
                                                             "SAFETY",
                                                             "RECITATION",
                                                             "LANGUAGE",
                                                             "OTHER",
                                                             "BLOCKLIST",
                                                             "PROHIBITED_CONTENT",
                                                             "SPII",
                                                             "MALFORMED_FUNCTION_CALL",
                                                             "IMAGE_SAFETY",
                                                             "UNEXPECTED_TOOL_CALL",
                                                             "TOO_MANY_TOOL_CALLS",
                                                             "IMAGE_PROHIBITED_CONTENT",
                                                             "NO_IMAGE",
                                                             "IMAGE_RECITATION",
                                                             "IMAGE_OTHER",
                                                             "FINISH_REASON_UNSPECIFIED"};
constexpr std::string_view kBlocked = "blocked:";
constexpr std::string_view kThought = "**Weighing it up**\n\nFirst I look at what is asked for.\n";

// How an answer ends: with these words, and with or without its text.
struct Ending {
  std::string reason;
  bool has_text = true;
};

void AddContent(const Json& content, std::string& text, std::vector<std::string>& images) {
  const Json& parts = ProtoMember(content, "parts");
  for (const Json& part : parts.is_array() ? parts : Json::array({parts})) {
    text += ProtoText(part, "text");
    const Json& blob = ProtoMember(part, "inline_data");
    if (!blob.is_null()) images.push_back(DecodeBase64(ProtoText(blob, "data")).value_or(""));
    const Json& file = ProtoMember(part, "file_data");
    if (!file.is_null()) images.push_back(ProtoText(file, "file_uri"));
  }
}

Prompt PromptOf(const Json& body) {
  Prompt prompt;
  AddContent(ProtoMember(body, "system_instruction"), prompt.system, prompt.images);
  const Json& contents = ProtoMember(body, "contents");
  for (const Json& content : contents.is_array() ? contents : Json::array({contents})) {
    AddContent(content, prompt.user, prompt.images);
  }
  return prompt;
}

// A budget of 0 is no effort; any other says nothing of it. Levels are efforts.
void SetThinking(const Call& call, const Json& config, Question& question) {
  const ModelFacts& model = FactsOf(call.model);
  const Json& thinking = ProtoMember(config, "thinking_config");
  const Json& budget = ProtoMember(thinking, "thinking_budget");
  question.reasons = model.most_budget > 0 && (model.thinks_unasked || !budget.is_null());
  question.effort = ProtoText(thinking, "thinking_level");
  std::transform(question.effort.begin(), question.effort.end(), question.effort.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (budget == 0) question.effort = "none";
}

bool ShowsThoughts(const Call& call) {
  const Json& config = ProtoMember(call.body, "generation_config");
  return ProtoMember(ProtoMember(config, "thinking_config"), "include_thoughts") == true;
}

// Counts of 0 are left out. `written`: tokens of text so far.
Json UsageJson(const Call& call, const Usage& usage, int64_t written) {
  Json json = Json::object();
  auto add = [&](const char* name, int64_t tokens) {
    if (tokens > 0) json[name] = tokens;
  };
  add("promptTokenCount", usage.input);
  add("candidatesTokenCount", written);
  add("totalTokenCount", usage.input + written + usage.reasoning);
  add("cachedContentTokenCount", usage.cached);
  add("thoughtsTokenCount", usage.reasoning);
  if (usage.input > 0) {
    json["promptTokensDetails"] =
        Json::array({{{"modality", "TEXT"}, {"tokenCount", usage.input}}});
  }
  if (ParseTarget(call.http.path).vertex) json["trafficType"] = "ON_DEMAND";
  return json;
}

// A chunk of an answer, or all of it, as far as it does not depend on the answer.
Json Envelope(const Call& call) {
  return {
      {"modelVersion", call.model},
      {"responseId", Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 22)}};
}

void SetUsage(const Call& call, const Usage& usage, const AnswerWishes& wishes, Json& chunk) {
  if (wishes.no_usage) return;
  int64_t written = usage.output - usage.reasoning;
  chunk["usageMetadata"] = wishes.usage ? *wishes.usage : UsageJson(call, usage, written);
}

Json SafetyRatings() {
  return Json::array({{{"category", "HARM_CATEGORY_DANGEROUS_CONTENT"},
                       {"probability", "HIGH"},
                       {"blocked", true}}});
}

// A candidate with these parts. "" for what has not ended; no parts at all where there are none.
Json Candidate(const Json& parts, const std::string& reason) {
  Json candidate = {{"content", {{"role", "model"}}}, {"index", 0}};
  if (!parts.empty()) candidate["content"] = {{"parts", parts}, {"role", "model"}};
  if (reason.empty()) return candidate;
  candidate["finishReason"] = reason;
  if (reason == "SAFETY") candidate["safetyRatings"] = SafetyRatings();
  if (reason.starts_with("MALFORMED")) candidate["finishMessage"] = "Malformed function call";
  if (reason != "STOP" && reason != "MAX_TOKENS" && parts.empty()) candidate.erase("content");
  return candidate;
}

Json Chunk(const Call& call, const Json& candidate) {
  Json chunk = {{"candidates", Json::array({candidate})}};
  chunk.update(Envelope(call));
  return chunk;
}

// Mostly one part, at times two that make one text.
Json TextParts(const Call& call, const Question& question, const std::string& text) {
  size_t split = text.size();
  if (!question.json_text && Hash64("split " + call.body_sha256) % 4 == 0) split = text.find(' ');
  Json parts = Json::array({{{"text", text.substr(0, split)}}});
  if (split < text.size()) parts.push_back({{"text", text.substr(split)}});
  return parts;
}

std::vector<Json> Whole(const Call& call, const Question& question, const Answer& answer,
                        const Ending& ending, const AnswerWishes& wishes) {
  Json parts = Json::array();
  if (answer.usage.reasoning > 0 && ShowsThoughts(call)) {
    parts.push_back({{"text", kThought}, {"thought", true}});
  }
  if (ending.has_text && !answer.text.empty()) {
    for (const Json& part : TextParts(call, question, answer.text)) parts.push_back(part);
  }
  Json chunk = Chunk(call, Candidate(parts, ending.reason));
  SetUsage(call, answer.usage, wishes, chunk);
  return {chunk};
}

// Usage adds up from chunk to chunk; a wished one stands in the last alone. What ends without its
// text has sent it already.
std::vector<Json> Chunked(const Call& call, const Answer& answer, const Ending& ending,
                          const AnswerWishes& wishes) {
  std::vector<Json> chunks;
  int64_t written = answer.usage.output - answer.usage.reasoning;
  int64_t all = std::max<int64_t>(1, CountChars(answer.text));
  int64_t sent = 0;
  auto add = [&](const Json& part, const std::string& reason) {
    chunks.push_back(
        Chunk(call, Candidate(part.is_null() ? Json::array() : Json::array({part}), reason)));
    if (wishes.no_usage || wishes.usage) return;
    chunks.back()["usageMetadata"] = UsageJson(call, answer.usage, written * sent / all);
  };
  if (answer.usage.reasoning > 0 && ShowsThoughts(call)) {
    add({{"text", kThought}, {"thought", true}}, "");
  }
  for (const std::string& fragment : Fragments(answer.text)) {
    sent += CountChars(fragment);
    add({{"text", fragment}}, "");
  }
  bool normal = ending.has_text && !answer.text.empty();
  add(normal ? Json{{"text", ""}} : Json(), ending.reason);
  SetUsage(call, answer.usage, wishes, chunks.back());
  return chunks;
}

Ending EndingOf(const Answer& answer, const AnswerWishes& wishes) {
  if (!wishes.response_status.empty()) {
    bool usual = wishes.error_code == "STOP" || wishes.error_code == "MAX_TOKENS";
    return {wishes.error_code, usual};
  }
  if (answer.finish == Finish::kLength) return {"MAX_TOKENS"};
  return answer.finish == Finish::kContentFilter ? Ending{"SAFETY", false} : Ending{"STOP"};
}

ApiReply Blocked(const Call& call, const Usage& answered, const AnswerWishes& wishes,
                 std::string_view reason, bool streams) {
  Usage usage = {.input = answered.input, .cached = answered.cached};
  Json chunk = BlockedPrompt(call, reason);
  SetUsage(call, usage, wishes, chunk);
  ApiReply reply = Framed(call, {chunk}, streams);
  reply.usage = usage;
  return reply;
}

ApiReply Failed(const Call& call, const std::string& code, bool streams) {
  bool own = !code.empty() && code != "server_error";
  Json error = {{"error",
                 {{"code", 500},
                  {"message", "An internal error has occurred."},
                  {"status", own ? code : std::string(StatusOf(500))}}}};
  return Framed(call, {error}, streams);
}

}  // namespace

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  const Json& config = ProtoMember(call.body, "generation_config");
  const Json& schema = ProtoMember(config, "response_schema");
  const Json& json_schema = ProtoMember(config, "response_json_schema");
  Json any = schema;
  if (any.is_null() && ProtoText(config, "response_mime_type") == "application/json") {
    any = {{"type", "object"}, {"properties", {{"answer", {{"type", "string"}}}}}};
  }
  Question question =
      QuestionFor(call, wishes, PromptOf(call.body), json_schema.is_null() ? any : json_schema);
  SetThinking(call, config, question);
  const Json& most = ProtoMember(config, "max_output_tokens");
  if (!most.is_null()) question.max_output_tokens = most.get<int64_t>();
  question.untold.cache_write = true;
  return question;
}

Json BlockedPrompt(const Call& call, std::string_view reason) {
  Json chunk = {{"promptFeedback", {{"blockReason", reason}}}};
  chunk.update(Envelope(call));
  return chunk;
}

ApiReply Framed(const Call& call, const std::vector<Json>& chunks, bool streams) {
  if (!streams) return JsonReply(200, chunks.front(), 2);
  std::vector<std::string> pieces;
  bool sse = WantsSse(call.http);
  for (const Json& chunk : chunks) {
    pieces.push_back(sse ? SseEvent("", chunk)
                         : (pieces.empty() ? "[" : ",\n") + ToText(chunk, 2) + "\n");
  }
  if (!sse) pieces.push_back("]");
  return StreamReply(sse ? "text/event-stream" : "application/json; charset=UTF-8", pieces);
}

ApiReply Respond(const Call& call, const AnswerWishes& wishes) {
  bool streams = ParseTarget(call.http.path).Streams() && !wishes.no_stream;
  const std::string& code = wishes.error_code;
  bool failed = !wishes.response_status.empty();
  bool finish =
      std::find(kFinishReasons.begin(), kFinishReasons.end(), code) != kFinishReasons.end();
  bool blocked = code.starts_with(kBlocked);
  if (failed && !finish && !blocked) return Failed(call, code, streams);
  Question question = QuestionOf(call, wishes);
  Answer answer = Compose(question);
  if (failed && blocked) {
    return Blocked(call, answer.usage, wishes, code.substr(kBlocked.size()), streams);
  }
  // It has no refusals: what it will not answer it blocks.
  if (answer.finish == Finish::kRefusal) {
    return Blocked(call, answer.usage, wishes, "PROHIBITED_CONTENT", streams);
  }
  Ending ending = EndingOf(answer, wishes);
  std::vector<Json> chunks = streams ? Chunked(call, answer, ending, wishes)
                                     : Whole(call, question, answer, ending, wishes);
  ApiReply reply = Framed(call, chunks, streams);
  reply.usage = answer.usage;
  return reply;
}

}  // namespace fake_provider::gemini
