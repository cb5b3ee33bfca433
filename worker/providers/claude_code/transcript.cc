// Observed of version 2.1: an "assistant" line per block of content; failures are reported by one
// of the model "<synthetic>" with a member "error", then by the result; "rate_limit_event" tells of
// a subscription's limits, also while nothing is wrong.

#include "worker/providers/claude_code/transcript.h"

namespace muster {
namespace {

// Adds the text of a message's blocks.
void AddText(const Json& message, std::string& text) {
  const Json* content = Member(message, "content");
  if (!content || !content->is_array()) return;
  for (const Json& block : *content) {
    if (StringMember(block, "type") == "text") text += StringMember(block, "text");
  }
}

void TakeAssistant(const Json& line, Transcript& transcript) {
  const Json* message = Member(line, "message");
  if (!message) return;
  if (StringMember(*message, "model") == "<synthetic>") {
    transcript.error = StringMember(line, "error");
  } else {
    AddText(*message, transcript.text);
  }
}

void TakeLimit(const Json& line, Transcript& transcript) {
  const Json* info = Member(line, "rate_limit_info");
  if (!info || StringMember(*info, "status") != "rejected") return;
  transcript.limit_type = StringMember(*info, "rateLimitType");
  transcript.limit_ends = IntMember(*info, "resetsAt");
}

void TakeLine(Json line, Transcript& transcript) {
  std::string type = StringMember(line, "type");
  if (type == "assistant") TakeAssistant(line, transcript);
  if (type == "rate_limit_event") TakeLimit(line, transcript);
  if (type != "result") return;
  if (Member(line, "text")) transcript.text = StringMember(line, "text");  // a body that was kept
  transcript.result = std::move(line);
}

}  // namespace

Transcript ReadTranscript(std::string_view printed) {
  Transcript transcript;
  while (!printed.empty()) {
    std::string_view line = printed.substr(0, printed.find('\n'));
    printed.remove_prefix(std::min(printed.size(), line.size() + 1));
    if (line.find('{') == line.npos) continue;
    if (auto json = ParseJson(line)) TakeLine(std::move(*json), transcript);
  }
  return transcript;
}

Json BodyOf(const Transcript& transcript) {
  Json body = transcript.result;
  if (!transcript.text.empty() && transcript.text != StringMember(body, "result")) {
    body["text"] = transcript.text;
  }
  return body;
}

}  // namespace muster
