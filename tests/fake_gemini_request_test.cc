// The fake provider as Google's Gemini: what it says of requests it does not take, over the wire.

#include <doctest/doctest.h>

#include "tests/fake_gemini_testing.h"

namespace muster::fake_gemini {
namespace {

struct Refused {
  const char* model;
  const char* changes;
  const char* says;
};

constexpr Refused kRefused[] = {
    {kFlash, R"({"messages": []})", "Unknown name \"messages\": Cannot find field."},
    {kFlash, R"({"generationConfig": {"maxTokens": 5}})",
     "Unknown name \"maxTokens\" at 'generation_config': Cannot find field."},
    {kFlash, R"({"generation_config": {"temperature": "hot"}})",
     "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\""},
    {kFlash, R"({"generationConfig": {"temperature": 2.5}})",
     "temperature must be in the range [0.0, 2.0]"},
    {kFlash, R"({"generationConfig": {"topP": 1.5}})", "top_p must be in the range"},
    {kFlash, R"({"generationConfig": {"topK": 2.5}})", "'generation_config.top_k' (TYPE_INT32)"},
    {kFlash, R"({"generationConfig": {"maxOutputTokens": 0}})", "maxOutputTokens value of 0"},
    {kFlash, R"({"generationConfig": {"maxOutputTokens": 65537}})", "65537 (exclusive)"},
    {kFlash, R"({"generationConfig": {"stopSequences": ["a","b","c","d","e","f"]}})",
     "stop_sequences must not exceed 5"},
    {kFlash, R"({"contents": null})", "contents is not specified"},
    {kFlash, R"({"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]})",
     "Please use a valid role: user, model."},
    {kFlash, R"({"contents": [{"role": "system", "parts": [{"text": "a"}]}]})",
     "Please use a valid role: user, model."},
    {kFlash, R"({"contents": [{"role": "user", "content": "a"}]})",
     "Unknown name \"content\" at 'contents[0]'"},
    {kFlash, R"({"contents": [{"role": "user", "parts": [{"thought": true}]}]})",
     "required oneof field 'data' must have one initialized field"},
    {kFlash, R"({"contents": [{"role": "user", "parts": [{"inlineData":
               {"mimeType": "image/gif", "data": "R0lGODlh"}}]}]})",
     "Unsupported MIME type: image/gif"},
    {kFlash, R"({"contents": [{"role": "user", "parts": [{"inlineData":
               {"mimeType": "image/png", "data": "/9j/4AAQ"}}]}]})",
     "Unable to process input image"},
    {kFlash, R"({"contents": [{"role": "user", "parts": [{"inlineData":
               {"mimeType": "image/png", "data": "data:image/png;base64,iVBO"}}]}]})",
     "'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed"},
    {kFlash, R"({"safetySettings": [{"category": "HARM_CATEGORY_RUDENESS",
                                     "threshold": "OFF"}]})",
     "'safety_settings[0].category' (type.googleapis.com/google.ai.generativelanguage.v1beta."
     "HarmCategory), \"HARM_CATEGORY_RUDENESS\""},
    {kFlash, R"({"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT",
                                     "threshold": "BLOCK_SOME"}]})",
     "'safety_settings[0].threshold'"},
    {kFlash, R"({"generationConfig": {"responseJsonSchema": {"type": "object"}}})",
     "only allowed with response_mime_type=application/json"},
    {kFlash, R"({"generationConfig": {"responseMimeType": "application/pdf"}})",
     "allowed mimetypes are"},
    {kFlash, R"({"generationConfig": {"responseMimeType": "application/json",
                                      "responseSchema": {"type": "object"}}})",
     "'generation_config.response_schema.type'"},
    {kFlash, R"({"generationConfig": {"responseMimeType": "application/json", "responseSchema":
               {"type": "OBJECT", "additionalProperties": false}}})",
     "Unknown name \"additionalProperties\" at 'generation_config.response_schema'"},
    {kFlash, R"({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}})",
     "Thinking level is not supported for this model."},
    {kFlash, R"({"generationConfig": {"thinkingConfig": {"thinkingBudget": 24577}}})",
     "The thinking budget 24577 is invalid"},
    {"gemini-2.5-pro", R"({"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}})",
     "This model only works in thinking mode."},
    {"gemini-2.0-flash", R"({"generationConfig": {"thinkingConfig": {"thinkingBudget": 1024}}})",
     "Thinking is not supported for this model."},
    {"gemini-3-pro-preview", R"({"generationConfig": {"thinkingConfig": {"thinkingLevel":
                               "MINIMAL"}}})",
     "Thinking level MINIMAL is not supported"},
    {"gemini-3.5-flash", R"({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW",
                           "thinkingBudget": 100}}})",
     "only set only one of thinking budget and thinking level"},
};

}  // namespace

TEST_CASE("fake Gemini: what the server refuses is refused in its words, and billed nothing") {
  FakeServer server;
  for (const Refused& refused : kRefused) {
    CAPTURE(std::string(refused.changes));
    WireReply reply = Ask(server, Changed(kBody, J(refused.changes)), kPlain, refused.model);
    CHECK(reply.http.status == 400);
    Json error = ErrorOf(reply);
    CHECK(error["code"] == 400);
    CHECK(error["status"] == "INVALID_ARGUMENT");
    std::string message = StringMember(error, "message");
    CHECK_MESSAGE(Contains(message, refused.says), message);
  }
  // All of what is unknown or of the wrong type is told at once.
  Json error = ErrorOf(Ask(server, Changed(kBody, J(R"({"a": 1, "generationConfig": {"b": 2}})"))));
  CHECK(error["details"][0]["fieldViolations"].size() == 2);
  CHECK(error["details"][0]["fieldViolations"][1]["field"] == "generation_config");
  CHECK(server.Book("billed_count") == 0);
}

TEST_CASE("fake Gemini: keys go into their own header, tokens only to Vertex") {
  FakeServer server;
  std::string studio = "/v1beta/models/gemini-2.5-flash:generateContent";
  std::string vertex = kVertex + std::string(kPlain);
  std::string body = DumpJson(kBody);
  WireReply none = AskWire(server, studio, {}, body);
  CHECK(none.http.status == 403);
  CHECK(ErrorOf(none)["status"] == "PERMISSION_DENIED");
  CHECK(AskWire(server, studio, kToken, body).http.status == 403);
  std::string with_query = studio + "?key=" + FakeServer::kKey;
  CHECK(AskWire(server, with_query, {}, body).http.status == 403);
  WireReply wrong = AskWire(server, studio, {{"x-goog-api-key", "wrong"}}, body);
  CHECK(wrong.http.status == 400);
  CHECK(ErrorOf(wrong)["details"][0]["reason"] == "API_KEY_INVALID");
  WireReply token = AskWire(server, vertex, kToken, body);
  CHECK(token.http.status == 200);
  CHECK(token.json["usageMetadata"]["trafficType"] == "ON_DEMAND");
  CHECK(AskWire(server, vertex, {{"authorization", "Bearer x"}}, body).http.status == 401);
  CHECK(AskWire(server, "/v1beta1" + vertex.substr(3), kHeaders, body).http.status == 200);
}

}  // namespace muster::fake_gemini
