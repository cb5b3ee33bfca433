#include <algorithm>

#include "tests/fake_provider/anthropic_reply.h"

namespace fake_provider::anthropic {
namespace {

using Pieces = std::vector<std::string>;

// The message as it begins: without content and outcome, its output hardly counted.
Json Beginning(const Json& message) {
  Json beginning = message;
  beginning["content"] = Json::array();
  beginning["stop_reason"] = nullptr;
  beginning.erase("stop_details");
  beginning["stop_sequence"] = nullptr;
  const Json& output = MemberOf(MemberOf(message, "usage"), "output_tokens");
  if (output.is_number_integer()) {
    beginning["usage"]["output_tokens"] = std::min<int64_t>(1, output.get<int64_t>());
    beginning["usage"].erase("output_tokens_details");
  }
  return beginning;
}

void AddDelta(size_t index, const Json& delta, Pieces& pieces) {
  pieces.push_back(SseEvent("content_block_delta",
                            {{"type", "content_block_delta"}, {"index", index}, {"delta", delta}}));
}

// Redacted thinking comes whole with its start; all else begins empty and comes in deltas.
void AddBlock(size_t index, const Json& block, Pieces& pieces) {
  std::string type = StringMember(block, "type");
  Json start = block;
  for (const char* name : {"text", "thinking", "signature"}) {
    if (start.contains(name)) start[name] = "";
  }
  pieces.push_back(
      SseEvent("content_block_start",
               {{"type", "content_block_start"}, {"index", index}, {"content_block", start}}));
  if (index == 0) pieces.push_back(SseEvent("ping", {{"type", "ping"}}));
  for (const std::string& fragment : Fragments(StringMember(block, "thinking"))) {
    AddDelta(index, {{"type", "thinking_delta"}, {"thinking", fragment}}, pieces);
  }
  std::string signature = StringMember(block, "signature");
  if (!signature.empty()) {
    AddDelta(index, {{"type", "signature_delta"}, {"signature", signature}}, pieces);
  }
  for (const std::string& fragment : Fragments(StringMember(block, "text"))) {
    AddDelta(index, {{"type", "text_delta"}, {"text", fragment}}, pieces);
  }
  pieces.push_back(
      SseEvent("content_block_stop", {{"type", "content_block_stop"}, {"index", index}}));
}

// How it ended, and the usage as it adds up to in the end.
Json Ending(const Json& message) {
  Json ending = {
      {"type", "message_delta"},
      {"delta",
       {{"stop_reason", message["stop_reason"]}, {"stop_sequence", message["stop_sequence"]}}}};
  if (!message["stop_details"].is_null()) {
    ending["delta"]["stop_details"] = message["stop_details"];
  }
  if (!message.contains("usage")) return ending;
  ending["usage"] = message["usage"];
  if (!ending["usage"].is_object()) return ending;
  for (const char* name : {"cache_creation", "service_tier", "inference_geo"}) {
    ending["usage"].erase(name);
  }
  return ending;
}

}  // namespace

std::vector<std::string> StreamOf(const Json& message) {
  Pieces pieces;
  pieces.push_back(
      SseEvent("message_start", {{"type", "message_start"}, {"message", Beginning(message)}}));
  const Json& content = message["content"];
  for (size_t i = 0; i < content.size(); ++i) AddBlock(i, content[i], pieces);
  pieces.push_back(SseEvent("message_delta", Ending(message)));
  pieces.push_back(SseEvent("message_stop", {{"type", "message_stop"}}));
  return pieces;
}

}  // namespace fake_provider::anthropic
