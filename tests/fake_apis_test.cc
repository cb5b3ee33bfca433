// What each API of the fake provider says of its own: costs, lists, keys, schemas, pictures, and
// what it refuses.

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "tests/fake_apis_testing.h"

namespace fake_provider {
namespace {

std::string Bearer() {
  return fmt::format("Authorization: Bearer {}\r\n", muster::FakeServer::kKey);
}

Reply Post(const muster::FakeServer& server, const std::string& path, const std::string& body) {
  return ParseReply(server.Ask("POST", path, Bearer(), body));
}

Json BodyOf(const Reply& reply) { return ParseJson(reply.body).value_or(Json()); }

std::string MessageOf(const Reply& reply) {
  const Json body = BodyOf(reply);
  const Json& error = MemberOf(body, "error");
  return error.is_string() ? error.get<std::string>() : StringMember(error, "message");
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("OpenRouter's answer costs what is billed, to the picodollar, plain and streamed") {
  muster::FakeServer server("", {"--answers=prompt", "--input-price=3000001",
                                 "--cached-price=300007", "--cache-write-price=3750013"});
  AskedApi api = AskedApis()[4];
  REQUIRE(api.name == "openrouter");
  for (int i = 0; i < 12; ++i) {
    std::string user(5000 + i, 'a');  // long enough for a cache
    for (bool stream : {false, true}) {
      int64_t before = server.Book("picodollars");
      Reply reply = Ask(server, api, stream, user);
      Json last = stream ? EventsOf(api, reply).back() : BodyOf(reply);
      const Json& usage = MemberOf(last, "usage");
      REQUIRE(MemberOf(usage, "cost").is_number());
      CHECK(std::llround(usage["cost"].get<double>() * 1e12) ==
            server.Book("picodollars") - before);
      CHECK(MemberOf(usage, "is_byok") == false);
    }
  }
  CHECK(server.Book("cached") > 0);
  CHECK(server.Book("cache_write") > 0);
}

TEST_CASE("every API lists the models there are, with a key where the real one wants one") {
  struct List {
    const char* path;
    bool open;
    const char* member;
    const char* name;
  };
  muster::FakeServer server("", {"--models=gpt-4.1,second/model"});
  for (const List& list :
       {List{"/v1/models", false, "data", "id"}, List{"/openai/v1/models", false, "data", "id"},
        List{"/api/v1/models", true, "data", "id"}, List{"/compat/v1/models", true, "data", "id"},
        List{"/api/tags", true, "models", "name"}}) {
    CAPTURE(list.path);
    Reply reply = ParseReply(server.Ask("GET", list.path, Bearer(), ""));
    CHECK(reply.status == 200);
    const Json body = BodyOf(reply);
    const Json& models = MemberOf(body, list.member);
    REQUIRE(models.size() == 2);
    CHECK(models[0][list.name] == "gpt-4.1");
    CHECK(models[1][list.name] == "second/model");
    CHECK(ParseReply(server.Ask("GET", list.path, "", "")).status == (list.open ? 200 : 401));
  }
  CHECK(server.Book("answered") == 0);
  CHECK(server.Book("billed_count") == 0);
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    Reply reply = Ask(server, api, false);  // of a model that is not among them
    CHECK((reply.status == 404 || reply.status == 400));
  }
}

TEST_CASE("prices of an OpenRouter list are decimal strings in dollars a token") {
  muster::FakeServer server("", {"--input-price=1250000", "--output-price=10000000"});
  const Json body = BodyOf(ParseReply(server.Ask("GET", "/api/v1/models", "", "")));
  CHECK(body["data"][0]["pricing"]["prompt"] == "0.00000125");
  CHECK(body["data"][0]["pricing"]["completion"] == "0.00001");
}

TEST_CASE("an answer under a schema is an instance of it, the same over every API by prompt") {
  std::string schema =
      R"({"type": "object", "additionalProperties": false, "required": ["n", "kind", "list", "at"],
          "properties": {"n": {"type": "integer", "minimum": 5, "maximum": 9},
                         "kind": {"enum": ["a", "b"]},
                         "list": {"type": "array", "minItems": 2, "maxItems": 2,
                                  "items": {"$ref": "#/$defs/word"}},
                         "at": {"anyOf": [{"type": "null"}, {"type": "number"}]}},
          "$defs": {"word": {"type": "string", "minLength": 30, "maxLength": 31}}})";
  std::string messages = R"("messages": [{"role": "user", "content": "Go"}], )";
  std::string format = R"("response_format": {"type": "json_schema", "json_schema":
                          {"name": "x", "strict": true, "schema": )" +
                       schema + "}}";
  muster::FakeServer server("", {"--answers=prompt"});
  std::vector<Reply> replies = {
      Post(server, "/v1/responses",
           R"({"model": "gpt-5.1", "input": "Go", "text": {"format": {"type": "json_schema",
               "name": "x", "strict": true, "schema": )" +
               schema + "}}}"),
      Post(server, "/v1/chat/completions", R"({"model": "gpt-5.1", )" + messages + format + "}"),
      Post(server, "/api/v1/chat/completions", R"({"model": "a/b", )" + messages + format + "}"),
      Post(server, "/compat/v1/chat/completions", R"({"model": "a", )" + messages + format + "}"),
      Post(server, "/api/chat",
           R"({"model": "llama3", "stream": false, )" + messages + R"("format": )" + schema + "}")};
  std::string first = PlainText(replies.front());
  for (const Reply& reply : replies) CHECK(PlainText(reply) == first);
  Json value = ParseJson(first).value_or(Json());
  REQUIRE(value.is_object());
  CHECK(value.size() == 4);
  CHECK((value["n"] >= 5 && value["n"] <= 9));
  CHECK((value["kind"] == "a" || value["kind"] == "b"));
  REQUIRE(value["list"].size() == 2);
  CHECK(value["list"][0].get<std::string>().size() >= 30);
  CHECK(value["list"][0].get<std::string>().size() <= 31);
  CHECK((value["at"].is_null() || value["at"].is_number()));
}

TEST_CASE("a schema that refers to itself has an instance that ends") {
  muster::FakeServer server;
  Reply reply = Post(server, "/api/chat",
                     R"({"model": "llama3", "stream": false, "messages": [],
                         "format": {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
                           "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"},
                                                             {"type": "null"}]},
                                          "more": {"type": "array",
                                                   "items": {"type": "integer"}}}}}}})");
  CHECK(reply.status == 200);
  CHECK(ParseJson(PlainText(reply)));
}

TEST_CASE("what a real service would refuse is refused, in its words") {
  struct Refused {
    const char* path;
    const char* body;
    int status;
    const char* word;
  };
  static const Refused kRefused[] = {
      {"/v1/responses", R"({"model": "gpt-4.1", "input": "a", "stop": "x"})", 400, "stop"},
      {"/v1/responses", R"({"model": "gpt-4.1", "input": "a", "reasoning": {"effort": "low"}})",
       400, "reasoning.effort"},
      {"/v1/responses", R"({"model": "gpt-4.1", "input": "a", "stream_options": {}})", 400,
       "stream_options"},
      {"/v1/responses",
       R"({"model": "gpt-4.1", "input": "a", "stream": true,
           "stream_options": {"include_usage": true}})",
       400, "include_usage"},
      {"/v1/responses", R"({"model": "gpt-4.1", "input": "a", "service_tier": "best"})", 400,
       "best"},
      {"/v1/responses",
       R"({"model": "gpt-4.1", "input": [{"role": "user", "content": [{"type": "input_image",
           "detail": "auto", "image_url": "data:image/png;base64,AAAA"}]}]})",
       400, "unsupported image"},
      {"/v1/responses",
       R"({"model": "gpt-4.1", "input": "a", "text": {"format": {"type": "json_schema", "name": "x",
           "strict": true, "schema": {"type": "object", "properties": {}}}}})",
       400, "additionalProperties"},
      {"/v1/chat/completions",
       R"({"model": "o3", "messages": [{"role": "user", "content": "a"}], "stop": "x"})", 400,
       "stop"},
      {"/v1/chat/completions",
       R"({"model": "gpt-4.1", "messages": [{"role": "user", "content": "a"}],
           "stop": ["1", "2", "3", "4", "5"]})",
       400, "stop"},
      {"/openai/deployments/d/chat/completions", "{}", 404, "Resource not found"},
      {"/api/v1/chat/completions", R"({"model": "gpt-5", "messages": []})", 400,
       "not a valid model ID"},
      {"/api/v1/chat/completions",
       R"({"model": "a/b", "messages": [{"role": "user", "content": "a"}],
           "reasoning": {"effort": "low"}, "reasoning_effort": "high"})",
       400, "must not differ"},
      {"/api/v1/chat/completions",
       R"({"model": "a/b", "messages": [{"role": "user", "content": "a"}],
           "reasoning": {"effort": "low", "max_tokens": 5}})",
       400, "Only one of"},
      {"/api/chat", R"({"model": "absent", "messages": []})", 404, "try pulling it first"},
      {"/api/chat", R"({"model": "llama3", "messages": [{"role": "user", "content": []}]})", 400,
       "of type string"},
      {"/api/chat", R"({"model": "llama3", "messages": [{"role": "user", "content": "",
                        "images": ["data:image/png;base64,AAAA"]}]})",
       400, "illegal base64"},
      {"/api/chat", R"({"model": "llama3", "messages": [], "think": "high"})", 400,
       "does not support thinking"},
      {"/api/chat", R"({"model": "llama3", "messages": [], "temperature": 1})", 400, "temperature"},
      {"/api/chat", R"({"model": "llama3", "messages": [], "options": {"num_predict": 1.5}})", 400,
       "num_predict"},
  };
  muster::FakeServer server;
  for (const Refused& each : kRefused) {
    CAPTURE(each.body);
    Reply reply = Post(server, each.path, each.body);
    CHECK(reply.status == each.status);
    CHECK_MESSAGE(Has(MessageOf(reply), each.word), reply.body);
  }
  CHECK(server.Book("billed_count") == 0);
}

TEST_CASE("a picture counts as input by its bytes, the same over every API") {
  // 12 bytes that begin like a PNG.
  std::string png = "iVBORw0KGgoAAAAA";
  std::string uri = "data:image/png;base64," + png;
  std::string parts = R"([{"role": "user", "content": [{"type": "text", "text": "Look"},
      {"type": "image_url", "image_url": {"url": ")" +
                      uri + R"("}}]}])";
  muster::FakeServer server("", {"--answers=prompt"});
  std::vector<Reply> replies = {
      Post(server, "/v1/responses",
           R"({"model": "gpt-4.1", "input": [{"role": "user", "content": [
               {"type": "input_text", "text": "Look"},
               {"type": "input_image", "detail": "auto", "image_url": ")" +
               uri + R"("}]}]})"),
      Post(server, "/v1/chat/completions", R"({"model": "gpt-4.1", "messages": )" + parts + "}"),
      Post(server, "/api/v1/chat/completions", R"({"model": "a/b", "messages": )" + parts + "}"),
      Post(server, "/api/chat",
           R"({"model": "llava", "stream": false, "messages": [{"role": "user", "content": "Look",
               "images": [")" +
               png + R"("]}]})")};
  for (const Reply& reply : replies) {
    CHECK(reply.status == 200);
    CHECK(PlainText(reply) == PlainText(replies.front()));
  }
  CHECK(server.Book("input") == 4 * (1 + 85));
}

TEST_CASE("Ollama streams unless told not to, leaves out counts of 0 and cuts long prompts") {
  muster::FakeServer server;
  AskedApi api = AskedApis().back();
  REQUIRE(api.lines);
  Reply reply = Post(server, "/api/chat",
                     R"({"model": "llama3", "messages": [{"role": "user", "content": "a"}]})");
  CHECK(Has(reply.head, "application/x-ndjson"));
  std::vector<Json> lines = EventsOf(api, reply);
  REQUIRE(lines.size() > 2);
  CHECK(lines.front()["done"] == false);
  CHECK(lines.back()["done"] == true);
  CHECK(lines.back()["done_reason"] == "stop");
  CHECK(lines.back()["eval_duration"] > 1'000'000);
  server.SetScript(R"({"rules": [{"action": {"finish": "empty"}}]})");
  Json empty = BodyOf(Ask(server, api, false, "", ""));
  CHECK_FALSE(empty.contains("eval_count"));
  CHECK_FALSE(empty.contains("prompt_eval_count"));
  Json cut = BodyOf(Ask(server, api, false, std::string(40'000, 'a')));
  CHECK(cut["prompt_eval_count"] == 4096);
}

TEST_CASE("the usage of a chat stream comes when asked for, in a chunk without choices") {
  muster::FakeServer server;
  AskedApi api = AskedApis()[1];
  for (const Json& event : EventsOf(api, Ask(server, api, true))) {
    CHECK_FALSE(event.contains("usage"));
  }
  Reply reply = Post(server, api.path,
                     R"({"model": "gpt-4.1", "messages": [{"role": "user", "content": "a"}],
                         "stream": true, "service_tier": "flex",
                         "stream_options": {"include_usage": true}})");
  std::vector<Json> events = EventsOf(api, reply);
  REQUIRE(events.size() > 2);
  CHECK(events.front()["usage"].is_null());
  CHECK(events.front()["service_tier"] == "flex");
  CHECK(events.back()["choices"].empty());
  CHECK(events.back()["usage"]["prompt_tokens"] == 1);
  CHECK(Has(reply.body, "data: [DONE]\n\n"));
}

}  // namespace
}  // namespace fake_provider
