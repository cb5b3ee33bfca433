// The fake provider as Anthropic: what it answers and streams, how it fails, over the wire.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/fake_anthropic_testing.h"

namespace muster::fake_anthropic {
namespace {

int64_t TotalInput(const Json& usage) {
  return usage["input_tokens"].get<int64_t>() +
         usage["cache_creation_input_tokens"].get<int64_t>() +
         usage["cache_read_input_tokens"].get<int64_t>();
}

std::string LongText(int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += "word" + std::to_string(i) + " ";
  return text;
}

// What a stream adds up to, by the rules of its events.
Json Folded(const std::vector<WireEvent>& events) {
  Json message;
  bool ended = false;
  for (const WireEvent& event : events) {
    const Json& data = event.data;
    CHECK(event.name == data["type"]);
    CHECK(!ended);
    if (event.name == "message_start") message = data["message"];
    if (event.name == "content_block_start") {
      CHECK(data["index"] == message["content"].size());
      message["content"].push_back(data["content_block"]);
    }
    if (event.name == "content_block_delta") {
      Json& block = message["content"].at(data["index"].get<size_t>());
      for (const char* name : {"text", "thinking", "signature"}) {
        if (!data["delta"].contains(name)) continue;
        block[name] = StringMember(block, name) + StringMember(data["delta"], name);
      }
    }
    if (event.name == "message_delta") {
      message.update(data["delta"]);
      if (data.contains("usage")) message["usage"].update(data["usage"]);
    }
    ended = event.name == "message_stop";
  }
  CHECK(ended);
  return message;
}

}  // namespace

TEST_CASE("fake Anthropic: a message has its text, its stop and usage that is what is billed") {
  FakeServer server;
  Json body = Changed(
      kBody, {{"messages", Json::array({{{"role", "user"}, {"content", LongText(3000)}}})}});
  Json plain = Ask(server, body).json;
  CHECK(plain["type"] == "message");
  CHECK(plain["role"] == "assistant");
  CHECK(plain["model"] == "claude-sonnet-4-5");
  CHECK(plain["stop_reason"] == "end_turn");
  CHECK(plain["stop_sequence"].is_null());
  CHECK(TextOf(plain).starts_with("[sha:"));
  // Nothing is cached that does not ask for it.
  CHECK(plain["usage"]["input_tokens"] == server.Book("input"));
  CHECK(plain["usage"]["cache_read_input_tokens"] == 0);
  CHECK(plain["usage"]["service_tier"] == "standard");
  CHECK(server.Book("output") == plain["usage"]["output_tokens"]);

  int64_t written = 0, written_1h = 0, read = 0, input = 0;
  for (int i = 0; i < 30; ++i) {
    Json cached = Changed(body, {{"metadata", {{"user_id", std::to_string(i)}}}});
    cached["cache_control"] = {{"type", "ephemeral"}, {"ttl", i % 2 ? "5m" : "1h"}};
    Json usage = Ask(server, cached).json["usage"];
    const Json& parts = usage["cache_creation"];
    CHECK(parts["ephemeral_5m_input_tokens"].get<int64_t>() +
              parts["ephemeral_1h_input_tokens"].get<int64_t>() ==
          usage["cache_creation_input_tokens"]);
    written += usage["cache_creation_input_tokens"].get<int64_t>();
    written_1h += parts["ephemeral_1h_input_tokens"].get<int64_t>();
    read += usage["cache_read_input_tokens"].get<int64_t>();
    input += TotalInput(usage);
  }
  CHECK(read > 0);
  CHECK(written > written_1h);
  CHECK(written_1h > 0);
  CHECK(server.Book("cached") == read);
  CHECK(server.Book("input") == input + plain["usage"]["input_tokens"].get<int64_t>());
}

TEST_CASE("fake Anthropic: thinking comes first, counts as output and is no part of the text") {
  FakeServer server;
  int thinking = 0, redacted = 0, split = 0;
  for (int i = 0; i < 24; ++i) {
    Json body = Changed(kBody, J(R"({"max_tokens": 9000,
                                     "thinking": {"type": "enabled", "budget_tokens": 8000}})"));
    body["metadata"] = {{"user_id", std::to_string(i)}};
    Json message = Ask(server, body).json;
    int texts = 0;
    for (const Json& block : message["content"]) {
      if (block["type"] == "text") {
        ++texts;
        continue;
      }
      CHECK(texts == 0);
      ++(block["type"] == "thinking" ? thinking : redacted);
    }
    split += texts > 1;
    const Json& usage = message["usage"];
    CHECK(usage["output_tokens_details"]["thinking_tokens"] < usage["output_tokens"]);
    CHECK(TextOf(message).starts_with("[sha:"));
  }
  CHECK(thinking == 24);
  CHECK(redacted > 0);
  CHECK(split > 0);
  Json short_one = Ask(server, Changed(kBody, J(R"({"max_tokens": 1025, "thinking":
                                       {"type": "enabled", "budget_tokens": 1024}})")))
                       .json;
  CHECK(short_one["usage"]["output_tokens"] <= 1025);
}

TEST_CASE("fake Anthropic: a stream adds up to the message that comes without one") {
  FakeServer server;
  for (const char* changes : kTaken) {
    CAPTURE(std::string(changes));
    Json body = Changed(kBody, J(changes));
    body["stream"] = true;
    server.SetScript(R"({"rules": []})");
    WireReply stream = Ask(server, body);
    REQUIRE(stream.http.status == 200);
    CHECK(stream.Header("content-type") == "text/event-stream; charset=utf-8");
    std::vector<WireEvent> events = EventsOf(stream.http.body);
    REQUIRE(events.size() >= 4);
    CHECK(events.front().data["message"]["content"].empty());
    CHECK(events.front().data["message"]["stop_reason"].is_null());
    Json folded = Folded(events);
    server.SetScript(R"({"rules": [{"action": {"no_stream": true}}]})");
    Json plain = Ask(server, body).json;
    CHECK(folded["content"] == plain["content"]);
    CHECK(folded["stop_reason"] == plain["stop_reason"]);
    for (const auto& [name, value] : plain["usage"].items()) {
      CAPTURE(name);
      CHECK(folded["usage"][name] == value);
    }
  }
}

TEST_CASE("fake Anthropic: every way to end has its stop_reason, streamed or not") {
  FakeServer server;
  struct End {
    const char* action;
    const char* reason;
  };
  const End kEnds[] = {
      {R"({"finish": "length"})", "max_tokens"},
      {R"({"finish": "content_filter"})", "refusal"},
      {R"({"finish": "refusal"})", "refusal"},
      {R"({"finish": "empty"})", "end_turn"},
      {R"({"response_status": "failed", "error_code": "model_context_window_exceeded"})",
       "model_context_window_exceeded"},
      {R"({"response_status": "failed", "error_code": "pause_turn"})", "pause_turn"},
      {R"({"response_status": "failed", "error_code": "stop_sequence"})", "stop_sequence"},
  };
  for (bool streamed : {false, true}) {
    for (const End& end : kEnds) {
      CAPTURE(std::string(end.action));
      server.SetScript(R"({"rules": [{"action": )" + std::string(end.action) + "}]}");
      WireReply reply = Ask(server, Changed(kBody, {{"stream", streamed}}));
      REQUIRE(reply.http.status == 200);
      Json message = streamed ? Folded(EventsOf(reply.http.body)) : reply.json;
      CHECK(message["stop_reason"] == end.reason);
      bool refusal = std::string(end.reason) == "refusal";
      CHECK((refusal && message["stop_details"]["type"] == "refusal") == refusal);
      bool explained = Contains(end.action, "\"refusal\"");
      if (explained) CHECK(message["content"].empty());
      if (explained) CHECK(message["stop_details"]["explanation"].is_string());
      CHECK(message["usage"]["input_tokens"].is_number());
    }
  }
  server.SetScript(R"({"rules": []})");
  Json warmed = Ask(server, Changed(kBody, {{"max_tokens", 0}})).json;
  CHECK(warmed["stop_reason"] == "max_tokens");
  CHECK(warmed["content"].empty());
  CHECK(warmed["usage"]["output_tokens"] == 0);
}

TEST_CASE("fake Anthropic: usage can be missing or strange, failures can stand inside a 200") {
  FakeServer server;
  Json streamed = Changed(kBody, {{"stream", true}});
  server.SetScript(R"({"rules": [{"action": {"no_usage": true}}]})");
  CHECK(!Ask(server, kBody).json.contains("usage"));
  CHECK(!Folded(EventsOf(Ask(server, streamed).http.body)).contains("usage"));
  server.SetScript(R"({"rules": [{"action": {"usage": {"input_tokens": -5}}}]})");
  CHECK(Ask(server, kBody).json["usage"] == J(R"({"input_tokens": -5})"));
  CHECK(Folded(EventsOf(Ask(server, streamed).http.body))["usage"]["input_tokens"] == -5);
  CHECK(server.Book("billed_count") == 4);
  server.SetScript(R"({"rules": [{"action": {"response_status": "failed",
                                             "error_code": "overloaded_error"}}]})");
  WireReply failed = Ask(server, kBody);
  CHECK(failed.http.status == 200);
  CHECK(ErrorType(failed) == "overloaded_error");
  std::vector<WireEvent> events = EventsOf(Ask(server, streamed).http.body);
  CHECK(events.front().name == "message_start");
  CHECK(events.back().name == "error");
  CHECK(events.back().data["error"]["type"] == "overloaded_error");
  server.SetScript(R"({"rules": [{"action": {"stream_error_after": 4}}]})");
  events = EventsOf(Ask(server, streamed).http.body);
  CHECK(events.size() == 5);
  CHECK(events.back().data["error"]["type"] == "overloaded_error");
  CHECK(server.Book("billed_count") == 4);
}

TEST_CASE("fake Anthropic: each error has its status and type, and its request-id in the body") {
  struct Named {
    const char* name;
    int status;
    const char* type;  // "": no JSON
    const char* says;
  };
  const Named kNamed[] = {
      {"rate_limit", 429, "rate_limit_error", "would exceed your organization's rate limit"},
      {"enforced_spend_limit", 429, "rate_limit_error", "You will regain access on"},
      {"workspace_spend_limit", 400, "invalid_request_error", "workspace API usage limits"},
      {"credit_balance_exhausted", 400, "invalid_request_error", "credit balance is too low"},
      {"billing", 402, "billing_error", "billing"},
      {"bad_key", 401, "authentication_error", "invalid x-api-key"},
      {"forbidden", 403, "permission_error", "permission"},
      {"model_not_found", 404, "not_found_error", "model: claude-sonnet-4-5"},
      {"context_length", 400, "invalid_request_error", "prompt is too long: 200001 tokens"},
      {"content_filter", 400, "invalid_request_error", "content filtering policy"},
      {"server_error", 500, "api_error", "Internal server error"},
      {"timeout", 504, "timeout_error", "timed out"},
      {"overloaded", 529, "overloaded_error", "Overloaded"},
      {"request_too_large", 413, "", ""},
      {"html_502", 502, "", ""},
  };
  FakeServer server;
  for (const Named& named : kNamed) {
    CAPTURE(std::string(named.name));
    Json action = {{"error", named.name}, {"retry_after", "7"}};
    server.SetScript(DumpJson({{"rules", Json::array({{{"action", action}}})}}));
    WireReply reply = Ask(server, kBody);
    CHECK(reply.http.status == named.status);
    CHECK(ErrorType(reply) == named.type);
    CHECK(Contains(Message(reply), named.says));
    bool html = named.type[0] == '\0';
    CHECK(Contains(reply.Header("content-type"), html ? "text/html" : "application/json"));
    CHECK(reply.Header("request-id").starts_with("req_"));
    if (!html) CHECK(reply.json["request_id"] == reply.Header("request-id"));
    if (!html) CHECK(reply.json["type"] == "error");
    bool enforced = std::string(named.name) == "enforced_spend_limit";
    if (enforced) {
      CHECK(reply.json["error"]["details"]["error_code"] == "enforced_spend_limit_reached");
      CHECK(reply.Header("retry-after").empty());
    }
    if (std::string(named.name) == "rate_limit") CHECK(reply.Header("retry-after") == "7");
  }
  CHECK(server.Book("billed_count") == 0);
}

TEST_CASE(
    "fake Anthropic: limits are told in headers with times, and a refusal when to come back") {
  FakeServer server("", {"--limit=claude-sonnet-4-5:requests=2,input_tokens=50000,"
                         "output_tokens=8400,per=1d"});
  WireReply first = Ask(server, kBody);
  CHECK(first.http.status == 200);
  CHECK(first.Header("anthropic-ratelimit-requests-limit") == "2");
  CHECK(first.Header("anthropic-ratelimit-requests-remaining") == "1");
  CHECK(first.Header("anthropic-ratelimit-input-tokens-limit") == "50000");
  CHECK(first.Header("anthropic-ratelimit-input-tokens-remaining") == "50000");
  CHECK(first.Header("anthropic-ratelimit-output-tokens-remaining") == "8000");
  CHECK(first.Header("anthropic-ratelimit-tokens-limit") == "8400");
  std::string reset = first.Header("anthropic-ratelimit-requests-reset");
  REQUIRE(reset.size() == 20);
  CHECK(reset[4] == '-');
  CHECK(reset[10] == 'T');
  CHECK(reset.back() == 'Z');
  CHECK(Ask(server, kBody).http.status == 200);
  WireReply third = Ask(server, kBody);
  CHECK(third.http.status == 429);
  CHECK(ErrorType(third) == "rate_limit_error");
  CHECK(Contains(Message(third), "2 requests per day"));
  CHECK(third.Header("retry-after").starts_with("86"));
}

TEST_CASE("fake Anthropic: structured output is an instance of the schema") {
  FakeServer server;
  Json body = Changed(kBody, J(R"({"output_config": {"format": {"type": "json_schema", "schema":
      {"type": "object", "properties": {"river": {"type": "string", "enum": ["Rhine", "Rhone"]},
       "lengths": {"type": "array", "items": {"type": "integer"}}},
       "required": ["river", "lengths"], "additionalProperties": false}}}})"));
  auto value = ParseJson(TextOf(Ask(server, body).json));
  REQUIRE(value);
  CHECK((StringMember(*value, "river") == "Rhine" || StringMember(*value, "river") == "Rhone"));
  CHECK((*value)["lengths"].is_array());
  CHECK(value->size() == 2);
}

TEST_CASE("fake Anthropic: the list of models comes in pages, with what each takes") {
  FakeServer server;
  auto list = [&](const std::string& rest) {
    return AskWire(server, "/anthropic/v1/models" + rest, kHeaders, "");
  };
  Json first = list("?limit=3").json;
  CHECK(first["data"].size() == 3);
  CHECK(first["has_more"] == true);
  CHECK(first["data"][0]["max_input_tokens"] == 1'000'000);
  CHECK(first["data"][0]["max_tokens"] == 128'000);
  Json all = list("").json;
  CHECK(all["has_more"] == false);
  Json second = list("?limit=100&after_id=" + StringMember(first, "last_id")).json;
  CHECK(second["data"][0]["id"] == all["data"][3]["id"]);
  CHECK(second["data"].size() == all["data"].size() - 3);
  CHECK(list("/claude-haiku-4-5").json["max_tokens"] == 64'000);
  CHECK(list("/claude-nothing").http.status == 404);
  CHECK(server.Book("billed_count") == 0);
}

}  // namespace muster::fake_anthropic
