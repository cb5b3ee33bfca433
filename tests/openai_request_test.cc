// What OpenAI's two text APIs are asked.

#include "tests/openai_testing.h"

namespace muster {
namespace {

ChatRequest FullRequest(const std::string& model) {
  ChatRequest request;
  request.model = model;
  request.system = "sys";
  request.user = "usr";
  request.max_tokens = 1'000;
  request.reasoning_effort = "high";
  request.verbosity = "low";
  request.mock = "never sent";
  return request;
}

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
                           {"store", false}});
  ChatRequest least;
  least.model = "gpt-4.1";
  least.temperature = 0.2;
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
                          {"max_completion_tokens", 1'000},
                          {"reasoning_effort", "high"},
                          {"verbosity", "low"}});
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

TEST_CASE("an option that the model or API does not take is an error that names it") {
  for (const ChatApi* api : {&Responses(), &Chat()}) {
    for (const char* model :
         {"gpt-5", "gpt-5-mini", "gpt-5.1", "o1", "o3-mini", "o4-mini", "openai/gpt-5.1"}) {
      ChatRequest request;
      request.model = model;
      request.temperature = 0.3;
      auto made = api->MakeRequest(request, Provider());
      REQUIRE_FALSE(made);
      CHECK(Contains(made.error(), model));
      CHECK(Contains(made.error(), "temperature"));
      request.reasoning_effort = "none";
      CHECK(api->MakeRequest(request, Provider()));
    }
    for (const char* model : {"gpt-5-chat-latest", "gpt-4.1", "gpt-50", "o10", "llama-o3"}) {
      CAPTURE(model);
      ChatRequest request;
      request.model = model;
      request.temperature = 0.3;
      CHECK(api->MakeRequest(request, Provider()));
      request.temperature = 2.5;
      CHECK_FALSE(api->MakeRequest(request, Provider()));
    }
  }
  ChatRequest request;
  request.max_tokens = 15;
  auto made = Responses().MakeRequest(request, Provider());
  REQUIRE_FALSE(made);
  CHECK(Contains(made.error(), "max_tokens"));
  CHECK(Contains(made.error(), "16"));
  CHECK(Chat().MakeRequest(request, Provider()));
  request.max_tokens = 16;
  CHECK(Responses().MakeRequest(request, Provider()));
  request.max_tokens = 0;
  CHECK_FALSE(Chat().MakeRequest(request, Provider()));
}

TEST_CASE("every API is found by its name, and no other") {
  for (const char* name : {"openai-responses", "openai-chat", "mock"}) CHECK(FindChatApi(name));
  CHECK_FALSE(FindChatApi("openai"));
  CHECK_FALSE(FindChatApi(""));
}

}  // namespace
}  // namespace muster
