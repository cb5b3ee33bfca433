// What Google's Gemini API is asked.

#include "tests/provider_testing.h"

namespace muster {
namespace {

ChatRequest Least(const std::string& model = "gemini-2.5-flash") {
  ChatRequest request;
  request.model = model;
  request.user = "usr";
  return request;
}

ApiRequest Made(const ChatRequest& request, const Provider& provider = Provider()) {
  auto made = Gemini().MakeRequest(request, provider);
  REQUIRE(made);
  return *made;
}

TEST_CASE("a Gemini request says what was asked for, and each option in the API's own way") {
  CHECK(Made(Least()).body ==
        *ParseJson(R"({"contents":[{"role":"user","parts":[{"text":"usr"}]}]})"));
  using R = ChatRequest&;
  struct Row {
    void (*set)(ChatRequest&);
    const char* members;  // of the body that come with it
  };
  for (const Row& row : {
           Row{[](R r) { r.system = "sys"; },
               R"({"systemInstruction":{"parts":[{"text":"sys"}]}})"},
           {[](R r) { r.options.temperature = 1.5; },
            R"({"generationConfig":{"temperature":1.5}})"},
           {[](R r) { r.options.top_p = 0.5; }, R"({"generationConfig":{"topP":0.5}})"},
           {[](R r) { r.options.top_k = 40; }, R"({"generationConfig":{"topK":40}})"},
           {[](R r) { r.options.max_tokens = 7; }, R"({"generationConfig":{"maxOutputTokens":7}})"},
           {[](R r) {
              r.options.stop = {"END", "\n\n"};
            },
            R"({"generationConfig":{"stopSequences":["END","\n\n"]}})"},
           {[](R r) { r.options.seed = -3; }, R"({"generationConfig":{"seed":-3}})"},
           {[](R r) {
              r.options.response_schema = {{"type", "object"}};
            },
            R"({"generationConfig":{"responseMimeType":"application/json",
                "responseJsonSchema":{"type":"object"}}})"},
           {[](R r) { r.options.thinking = "off"; },
            R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}})"},
           {[](R r) { r.options.thinking = "auto"; },
            R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}})"},
           {[](R r) { r.options.thinking_tokens = 2'048; },
            R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":2048}}})"},
           {[](R r) { r.options.reasoning_effort = "minimal"; },
            R"({"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}}})"},
           // Only one of the two may be sent.
           {[](R r) {
              r.options.reasoning_effort = "high";
              r.options.thinking = "auto";
            },
            R"({"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}})"},
           {[](R r) {
              r.options.temperature = 0.0;
              r.options.max_tokens = 9;
            },
            R"({"generationConfig":{"temperature":0.0,"maxOutputTokens":9}})"},
           {[](R r) {
              r.options.safety = {{"harassment", "none"},
                                  {"Hate Speech", "only-high"},
                                  {"HARM_CATEGORY_DANGEROUS_CONTENT", "BLOCK_LOW_AND_ABOVE"},
                                  {"sexually_explicit", "off"}};
            },
            R"({"safetySettings":[
                {"category":"HARM_CATEGORY_DANGEROUS_CONTENT","threshold":"BLOCK_LOW_AND_ABOVE"},
                {"category":"HARM_CATEGORY_HATE_SPEECH","threshold":"BLOCK_ONLY_HIGH"},
                {"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"},
                {"category":"HARM_CATEGORY_SEXUALLY_EXPLICIT","threshold":"OFF"}]})"},
           {[](R r) {
              r.images = {{"image/png", "QUJD", 9}, {"image/webp", "REVG", 9}};
            },
            R"({"contents":[{"role":"user","parts":[
                {"inlineData":{"mimeType":"image/png","data":"QUJD"}},
                {"inlineData":{"mimeType":"image/webp","data":"REVG"}},{"text":"usr"}]}]})"},
           {[](R r) {
              r.images = {{"image/png", "QUJD", 9}};
              r.user = "";
            },
            R"({"contents":[{"role":"user","parts":[
                {"inlineData":{"mimeType":"image/png","data":"QUJD"}}]}]})"},
           {[](R r) { r.user = ""; }, R"({"contents":[{"role":"user","parts":[{"text":""}]}]})"},
       }) {
    CAPTURE(row.members);
    ChatRequest request = Least();
    row.set(request);
    Json expected = Made(Least()).body;
    expected.update(*ParseJson(row.members));
    CHECK(CanonicalJson(Made(request).body) == CanonicalJson(expected));
  }
}

TEST_CASE("the model is part of the path, wherever it is kept, and can never leave it") {
  struct Row {
    const char* model;
    const char* path;
  };
  for (const Row& row : {Row{"gemini-2.5-flash", "/models/gemini-2.5-flash"},
                         {"models/gemini-2.5-flash", "/models/gemini-2.5-flash"},
                         {"tunedModels/mine-7", "/tunedModels/mine-7"},
                         {"endpoints/123", "/endpoints/123"},
                         {"a/../b?x=1#y", "/models/a%2F..%2Fb%3Fx%3D1%23y"},
                         {"models/a:b c", "/models/a%3Ab%20c"}}) {
    ApiRequest made = Made(Least(row.model));
    CHECK(made.path == std::string(row.path) + ":generateContent");
    CHECK(made.delivery_path == std::string(row.path) + ":streamGenerateContent?alt=sse");
    CHECK_FALSE(made.body.contains("model"));
  }
}

TEST_CASE("answers are streamed by another path unless the provider is not to") {
  Provider provider;
  for (const char* stream : {"auto", "always", "never"}) {
    provider.stream = stream;
    ApiRequest made = Made(Least(), provider);
    CHECK(made.path == "/models/gemini-2.5-flash:generateContent");
    CHECK(made.delivery_path.empty() == (stream == std::string("never")));
    CHECK(made.delivery.empty());
    CHECK(made.headers.empty());
  }
}

TEST_CASE("extra fields are merged into a Gemini request last") {
  ChatRequest request = Least();
  request.options.temperature = 0.5;
  request.extra = {{"generationConfig", {{"temperature", 1}, {"presencePenalty", 0.5}}},
                   {"labels", {{"team", "x"}}}};
  Json body = Made(request).body;
  CHECK(body["generationConfig"] == Json{{"temperature", 1}, {"presencePenalty", 0.5}});
  CHECK(body["labels"]["team"] == "x");
  request.extra = {{"tools", Json::array()}};
  CHECK_FALSE(Gemini().MakeRequest(request, Provider()));
}

}  // namespace
}  // namespace muster
