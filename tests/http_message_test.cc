// From a request to what is sent: URLs, keys, bodies, and when a stream is complete.

#include "worker/http_message.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

Provider At(const std::string& url) {
  Provider provider;
  provider.base_url = url;
  return provider;
}

std::string HeaderIn(const HttpRequest& request, const std::string& name) {
  std::string all;
  for (const auto& [each, value] : request.headers) {
    if (each == name) all += value + ";";
  }
  return all;
}

TEST_CASE("a URL is the base, the path and the query, with the model where it belongs") {
  Provider azure = At("https://r.openai.azure.com/openai/deployments/{model}");
  azure.query = {{"api-version", "2025-01-01"}};
  CHECK(RequestUrl(azure, "my model/5", "/chat/completions") ==
        "https://r.openai.azure.com/openai/deployments/my%20model%2F5/chat/completions"
        "?api-version=2025-01-01");
  Provider gemini = At("https://g/v1beta");
  CHECK(RequestUrl(gemini, "m", "/models/m:streamGenerateContent?alt=sse") ==
        "https://g/v1beta/models/m:streamGenerateContent?alt=sse");
  gemini.query = {{"a", "1&2"}, {"b", "ü"}};
  CHECK(RequestUrl(gemini, "m", "/x?alt=sse") == "https://g/v1beta/x?alt=sse&a=1%262&b=%C3%BC");
}

TEST_CASE("a key goes as a bearer token unless its header has another name") {
  struct Row {
    const char* header;
    const char* name;
    const char* value;
  };
  for (Row row :
       {Row{"", "Authorization", "Bearer k;"}, Row{"authorization", "Authorization", "Bearer k;"},
        Row{"x-api-key", "x-api-key", "k;"}, Row{"api-key", "api-key", "k;"}}) {
    Provider provider = At("https://x");
    provider.key_header = row.header;
    HttpRequest request = MakeHttpRequest(
        *FindChatApi("openai-chat"), ApiRequest{"/p", Json::object()}, provider, "m", "k", Go());
    CHECK(HeaderIn(request, row.name) == row.value);
    request = MakeHttpRequest(*FindChatApi("openai-chat"), ApiRequest{"/p", Json::object()},
                              provider, "m", "", Go());
    CHECK(HeaderIn(request, row.name) == "");
  }
}

TEST_CASE("delivery is added to what is sent, and only then a stream's end is looked for") {
  const ChatApi& api = *FindChatApi("openai-chat");
  ApiRequest request{"/p", Json{{"model", "m"}}};
  HttpRequest whole = MakeHttpRequest(api, request, At("https://x"), "m", "", Go());
  CHECK(whole.body == R"({"model":"m"})");
  CHECK_FALSE(whole.complete);
  request.delivery = {{"stream", true}};
  HttpRequest streamed = MakeHttpRequest(api, request, At("https://x"), "m", "", Go());
  CHECK(streamed.body == R"({"model":"m","stream":true})");
  REQUIRE(streamed.complete);
  CHECK_FALSE(streamed.complete("data: {}\n\n"));
  CHECK(streamed.complete("data: [DONE]\n\n"));
}

}  // namespace
}  // namespace muster
