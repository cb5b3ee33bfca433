// What OpenAI's two text APIs are asked.

#include "tests/openai_testing.h"

namespace muster {
namespace {

ChatRequest FullRequest(const std::string& model) {
  ChatRequest request;
  request.model = model;
  request.system = "sys";
  request.user = "usr";
  request.options.max_tokens = 1'000;
  request.options.reasoning_effort = "high";
  request.options.verbosity = "low";
  request.mock = "never sent";
  return request;
}

Json Parsed(const char* text) { return *ParseJson(text); }

Provider At(const std::string& base_url) {
  Provider provider;
  provider.base_url = base_url;
  return provider;
}

TEST_CASE("a Responses request says what was asked for and never stores it") {
  auto made = Responses().MakeRequest(FullRequest("gpt-5.1"), At("https://api.openai.com/v1"));
  REQUIRE(made);
  CHECK(made->path == "/responses");
  CHECK(made->body == Json{{"model", "gpt-5.1"},
                           {"instructions", "sys"},
                           {"input", "usr"},
                           {"reasoning", {{"effort", "high"}}},
                           {"text", {{"verbosity", "low"}}},
                           {"max_output_tokens", 1'000},
                           {"service_tier", "default"},
                           {"store", false}});
  ChatRequest least;
  least.model = "gpt-4.1";
  least.options.temperature = 0.2;
  made = Responses().MakeRequest(least, Provider());
  REQUIRE(made);
  CHECK(made->body ==
        Json{{"model", "gpt-4.1"}, {"input", ""}, {"temperature", 0.2}, {"store", false}});
}

TEST_CASE("a Chat request names things as its server and model want them") {
  auto own = Chat().MakeRequest(FullRequest("gpt-5.1"), At("https://api.openai.com/v1"));
  REQUIRE(own);
  CHECK(own->path == "/chat/completions");
  CHECK(own->body == Json{{"model", "gpt-5.1"},
                          {"messages", Json::array({{{"role", "developer"}, {"content", "sys"}},
                                                    {{"role", "user"}, {"content", "usr"}}})},
                          {"verbosity", "low"},
                          {"max_completion_tokens", 1'000},
                          {"reasoning_effort", "high"},
                          {"service_tier", "default"}});
  auto other = Chat().MakeRequest(FullRequest("llama-3"), At("http://localhost:8000/v1"));
  REQUIRE(other);
  CHECK(other->body["max_tokens"] == 1'000);
  CHECK_FALSE(other->body.contains("max_completion_tokens"));
  CHECK(other->body["messages"][0]["role"] == "system");
}

TEST_CASE("only OpenAI's own hosts get max_completion_tokens") {
  for (const char* url : {"https://api.openai.com/v1", "https://eu.api.openai.com/v1",
                          "https://mine.openai.azure.com/openai/v1"}) {
    CAPTURE(url);
    CHECK(Chat().MakeRequest(FullRequest("m"), At(url))->body.contains("max_completion_tokens"));
  }
  for (const char* url : {"http://api.openai.com/v1", "https://api.openai.com.example.org/v1",
                          "https://openrouter.ai/api/v1", "https://x.org/api.openai.com", ""}) {
    CAPTURE(url);
    CHECK(Chat().MakeRequest(FullRequest("m"), At(url))->body.contains("max_tokens"));
  }
}

TEST_CASE("extra fields are merged last and may override, but not what the call can cost") {
  ChatRequest request = FullRequest("gpt-5.1");
  request.extra = {{"store", true},
                   {"verbosity", nullptr},
                   {"text", {{"format", {{"type", "json_object"}}}}},
                   {"reasoning", {{"effort", "low"}}}};
  Json body = Responses().MakeRequest(request, Provider())->body;
  CHECK(body["store"] == true);
  CHECK(body["text"] == Json{{"verbosity", "low"}, {"format", {{"type", "json_object"}}}});
  CHECK(body["reasoning"]["effort"] == "low");
  CHECK_FALSE(Chat().MakeRequest(request, Provider())->body.contains("verbosity"));
  for (const ChatApi* api : {&Responses(), &Chat()}) {
    for (const char* field : {"stream", "max_tokens", "max_output_tokens", "service_tier"}) {
      request.extra = {{field, "x"}};
      auto made = api->MakeRequest(request, Provider());
      REQUIRE_FALSE(made);
      CHECK(Contains(made.error(), field));
    }
    request.extra = {{"stream", false}};
    CHECK(api->MakeRequest(request, Provider()));
  }
}

TEST_CASE("pictures go before the text, each API's way") {
  ChatRequest request = FullRequest("gpt-5.1");
  request.images = {{"image/png", "aGk="}, {"image/jpeg", "eW8="}};
  Json input = Responses().MakeRequest(request, Provider())->body["input"];
  CHECK(input == Parsed(R"([{"role":"user","content":[
      {"type":"input_image","image_url":"data:image/png;base64,aGk=","detail":"auto"},
      {"type":"input_image","image_url":"data:image/jpeg;base64,eW8=","detail":"auto"},
      {"type":"input_text","text":"usr"}]}])"));
  Json messages = Chat().MakeRequest(request, Provider())->body["messages"];
  CHECK(messages[1]["content"] == Parsed(R"([
      {"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},
      {"type":"image_url","image_url":{"url":"data:image/jpeg;base64,eW8="}},
      {"type":"text","text":"usr"}])"));
  request.options.image_detail = "low";
  CHECK(Responses().MakeRequest(request, Provider())->body["input"][0]["content"][0]["detail"] ==
        "low");
  CHECK(Chat()
            .MakeRequest(request, Provider())
            ->body["messages"][1]["content"][0]["image_url"]["detail"] == "low");
}

TEST_CASE("a schema goes out flat to Responses and nested to Chat") {
  ChatRequest request = FullRequest("gpt-5.1");
  const Json schema = Parsed(R"({"type":"object","properties":{},"additionalProperties":false})");
  request.options.response_schema = schema;
  request.schema_name = "verdict";
  Json text = Responses().MakeRequest(request, Provider())->body["text"];
  CHECK(
      text ==
      Json{{"verbosity", "low"},
           {"format",
            {{"type", "json_schema"}, {"name", "verdict"}, {"schema", schema}, {"strict", true}}}});
  request.options.response_schema = {{"type", "object"}};
  Json open = Responses().MakeRequest(request, Provider())->body["text"]["format"];
  CHECK(open["strict"] == false);  // strict mode would refuse it
  request.options.response_schema = schema;
  request.options.response_strict = false;
  Json format = Chat().MakeRequest(request, Provider())->body["response_format"];
  CHECK(format ==
        Json{{"type", "json_schema"},
             {"json_schema", {{"name", "verdict"}, {"schema", schema}, {"strict", false}}}});
}

TEST_CASE("options have the names that each API gives them") {
  ChatRequest request = FullRequest("gpt-4.1");
  request.options.top_p = 0.5;
  request.options.stop = {"END"};
  request.options.seed = 7;
  request.options.service_tier = "flex";
  Json chat = Chat().MakeRequest(request, Provider())->body;
  CHECK(chat["top_p"] == 0.5);
  CHECK(chat["stop"] == Json::array({"END"}));
  CHECK(chat["seed"] == 7);
  CHECK(chat["service_tier"] == "flex");
  Json responses = Responses().MakeRequest(request, Provider())->body;
  CHECK(responses["top_p"] == 0.5);
  CHECK(responses["service_tier"] == "flex");
}

TEST_CASE("how an answer travels is no part of the request's identity") {
  ChatRequest request = FullRequest("gpt-5.1");
  Provider own = At("https://api.openai.com/v1"), other = At("http://localhost:8000/v1");
  auto streamed = Responses().MakeRequest(request, other);
  CHECK(streamed->delivery == Json{{"stream", true}});
  other.stream = "never";
  auto whole = Responses().MakeRequest(request, other);
  CHECK(whole->delivery.empty());
  CHECK(whole->body == streamed->body);
  // Not every server that imitates Chat Completions counts tokens in a stream.
  other.stream = "auto";
  CHECK(Chat().MakeRequest(request, other)->delivery.empty());
  other.stream = "always";
  CHECK(Chat().MakeRequest(request, other)->delivery ==
        Json{{"stream", true}, {"stream_options", {{"include_usage", true}}}});
  CHECK(Chat().MakeRequest(request, own)->delivery["stream_options"] ==
        Json{{"include_usage", true}, {"include_obfuscation", false}});
}

TEST_CASE("every API is found by its name, and no other") {
  for (const char* name : {"openai-responses", "openai-chat", "anthropic", "gemini", "ollama",
                           "openrouter", "claude-code", "mock"})
    CHECK(FindChatApi(name));
  CHECK_FALSE(FindChatApi("openai"));
  CHECK_FALSE(FindChatApi(""));
}

}  // namespace
}  // namespace muster
