// The fake provider's answers by prompt: the same over APIs that say the same in their own ways.

#include <doctest/doctest.h>

#include <string>

#include "tests/fake_gemini_testing.h"

namespace muster::fake_gemini {

TEST_CASE("fake providers: by prompt, the same question has the same answer over every API") {
  FakeServer server("", {"--answers=prompt"});
  const std::string image = kPngBase64;
  Json schema = J(R"({"type": "object", "properties": {"n": {"type": "integer"}},
                      "required": ["n"], "additionalProperties": false})");
  for (bool structured : {false, true}) {
    Json anthropic = {
        {"model", "claude-opus-5"},
        {"max_tokens", 9000},
        {"system", "Be brief."},
        {"output_config", {{"effort", "low"}}},
        {"messages",
         Json::array(
             {{{"role", "user"},
               {"content",
                {{{"type", "image"},
                  {"source", {{"type", "base64"}, {"media_type", "image/png"}, {"data", image}}}},
                 {{"type", "text"}, {"text", "Which river is this?"}}}}}})}};
    Json gemini = {
        {"systemInstruction", {{"parts", Json::array({{{"text", "Be brief."}}})}}},
        {"generationConfig",
         {{"maxOutputTokens", 9000}, {"thinkingConfig", {{"thinkingLevel", "LOW"}}}}},
        {"contents", Json::array({{{"role", "user"},
                                   {"parts",
                                    {{{"inlineData", {{"mimeType", "image/png"}, {"data", image}}}},
                                     {{"text", "Which river is this?"}}}}}})}};
    Json chat = {
        {"model", "gpt-5.1"},
        {"max_completion_tokens", 9000},
        {"reasoning_effort", "low"},
        {"messages",
         {{{"role", "system"}, {"content", "Be brief."}},
          {{"role", "user"},
           {"content",
            {{{"type", "image_url"}, {"image_url", {{"url", "data:image/png;base64," + image}}}},
             {{"type", "text"}, {"text", "Which river is this?"}}}}}}}};
    if (structured) {
      anthropic["output_config"]["format"] = {{"type", "json_schema"}, {"schema", schema}};
      gemini["generationConfig"]["responseMimeType"] = "application/json";
      gemini["generationConfig"]["responseJsonSchema"] = schema;
      chat["response_format"] = {{"type", "json_schema"},
                                 {"json_schema", {{"name", "river"}, {"schema", schema}}}};
    }
    Json reply = Ask(server, gemini, kPlain, "gemini-3.5-flash").json;
    const Json& counted = reply["usageMetadata"];
    std::string expected = TextOf(reply);
    CHECK(expected.starts_with(structured ? "{" : "[prompt:"));
    Json message = AskWire(server, "/v1/messages",
                           {{"x-api-key", FakeServer::kKey}, {"anthropic-version", "2023-06-01"}},
                           DumpJson(anthropic))
                       .json;
    std::string text;
    for (const Json& block : message["content"]) text += StringMember(block, "text");
    CHECK(text == expected);
    Json completion = AskWire(server, "/v1/chat/completions", kToken, DumpJson(chat)).json;
    CHECK(completion["choices"][0]["message"]["content"] == expected);
    CHECK(message["usage"]["input_tokens"] == Count(counted, "promptTokenCount"));
    CHECK(completion["usage"]["prompt_tokens"] == Count(counted, "promptTokenCount"));
    int64_t output = Count(counted, "candidatesTokenCount") + Count(counted, "thoughtsTokenCount");
    CHECK(message["usage"]["output_tokens"] == output);
    CHECK(completion["usage"]["completion_tokens"] == output);
  }
}

}  // namespace muster::fake_gemini
