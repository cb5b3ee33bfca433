#pragma once

// What the tests of the fake provider as Anthropic share.

#include <string>

#include "tests/fake_wire_testing.h"

namespace muster::fake_anthropic {

inline constexpr char kPath[] = "/v1/messages";
inline const WireHeaders kHeaders = {{"x-api-key", FakeServer::kKey},
                                     {"anthropic-version", "2023-06-01"}};

inline Json J(const char* text) { return *ParseJson(text); }

inline const Json kBody = J(R"({"model": "claude-sonnet-4-5", "max_tokens": 4000,
                         "messages": [{"role": "user", "content": "Name a river."}]})");

inline WireReply Ask(const FakeServer& server, const Json& body,
                     const WireHeaders& headers = kHeaders) {
  return AskWire(server, kPath, headers, DumpJson(body));
}

inline std::string ErrorType(const WireReply& reply) {
  return reply.json.is_object() && reply.json.contains("error")
             ? StringMember(reply.json["error"], "type")
             : "";
}

inline std::string Message(const WireReply& reply) {
  return reply.json.is_object() && reply.json.contains("error")
             ? StringMember(reply.json["error"], "message")
             : "";
}

// The text blocks together, as a client reads them.
inline std::string TextOf(const Json& message) {
  std::string text;
  for (const Json& block : message["content"]) {
    if (block["type"] == "text") text += StringMember(block, "text");
  }
  return text;
}

// Each a request that is fine.
inline constexpr const char* kTaken[] = {
    R"({})",
    R"({"temperature": 0, "top_p": 0.5, "top_k": 3, "stop_sequences": ["END"]})",
    R"({"system": "Be brief.", "metadata": {"user_id": "u"}, "service_tier": "standard_only"})",
    R"({"system": [{"type": "text", "text": "Be brief.",
                    "cache_control": {"type": "ephemeral", "ttl": "1h"}}]})",
    R"({"cache_control": {"type": "ephemeral"}})",
    R"({"thinking": {"type": "enabled", "budget_tokens": 1024}, "temperature": 1})",
    R"({"thinking": {"type": "disabled"}})",
    R"({"model": "claude-opus-4-8", "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "xhigh"}})",
    R"({"model": "claude-opus-4-5", "output_config": {"effort": "high"}})",
    R"({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object",
        "properties": {"river": {"type": "string"}}, "required": ["river"],
        "additionalProperties": false}}}})",
    R"({"stream": true})",
    R"({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64",
        "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUg=="}},
        {"type": "text", "text": "Which river is this?"}]}]})",
    R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})",
};

}  // namespace muster::fake_anthropic
