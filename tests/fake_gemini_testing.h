#pragma once

// What the tests of the fake provider as Google's Gemini share.

#include <string>

#include "tests/fake_wire_testing.h"

namespace muster::fake_gemini {

inline const WireHeaders kHeaders = {{"x-goog-api-key", FakeServer::kKey}};
inline const WireHeaders kToken = {{"authorization", std::string("Bearer ") + FakeServer::kKey}};
inline constexpr char kFlash[] = "gemini-2.5-flash";
inline constexpr char kPlain[] = "generateContent";
inline constexpr char kSse[] = "streamGenerateContent?alt=sse";
inline constexpr char kArray[] = "streamGenerateContent";
inline constexpr char kVertex[] =
    "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:";

inline Json J(const char* text) { return *ParseJson(text); }

inline const Json kBody =
    J(R"({"contents": [{"role": "user", "parts": [{"text": "Name a river."}]}]})");

inline WireReply Ask(const FakeServer& server, const Json& body, const std::string& method = kPlain,
                     const std::string& model = "gemini-2.5-flash") {
  return AskWire(server, "/v1beta/models/" + model + ":" + method, kHeaders, DumpJson(body));
}

// The error of a reply, also of one inside an array.
inline Json ErrorOf(const WireReply& reply) {
  const Json& body = reply.json.is_array() ? reply.json[0] : reply.json;
  return body.is_object() && body.contains("error") ? body["error"] : Json();
}

// Text that is no thought.
inline std::string TextOf(const Json& reply) {
  std::string text;
  for (const Json& part : reply["candidates"][0]["content"]["parts"]) {
    if (!part.contains("thought")) text += StringMember(part, "text");
  }
  return text;
}

inline int64_t Count(const Json& usage, const char* name) {
  return IntMember(usage, name).value_or(0);
}

}  // namespace muster::fake_gemini
