// The fake provider as Google's Gemini: what it answers and streams, how it fails, over the wire.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/fake_gemini_testing.h"

namespace muster::fake_gemini {
namespace {

// The chunks of a stream, of either form.
std::vector<Json> ChunksOf(const WireReply& reply) {
  std::vector<Json> chunks;
  if (reply.json.is_array()) {
    for (const Json& chunk : reply.json) chunks.push_back(chunk);
    return chunks;
  }
  for (const WireEvent& event : EventsOf(reply.http.body)) {
    CHECK(event.name.empty());
    chunks.push_back(event.data);
  }
  return chunks;
}

// What the chunks add up to: all text, and how the last one ends.
Json Folded(const std::vector<Json>& chunks) {
  Json parts = Json::array();
  for (const Json& chunk : chunks) {
    if (!chunk.contains("candidates") || !chunk["candidates"][0].contains("content")) continue;
    const Json& content = chunk["candidates"][0]["content"];
    if (!content.contains("parts")) continue;
    for (const Json& part : content["parts"]) parts.push_back(part);
  }
  Json whole = chunks.back();
  if (whole.contains("candidates")) whole["candidates"][0]["content"]["parts"] = parts;
  return whole;
}

struct Taken {
  const char* model;
  const char* changes;
};

constexpr Taken kTaken[] = {
    {kFlash, "{}"},
    {kFlash, R"({"contents": [{"parts": [{"text": "a"}]}]})"},
    {kFlash, R"({"system_instruction": {"parts": [{"text": "Be brief."}]},
                 "generation_config": {"top_p": 0.5, "max_output_tokens": 900, "topK": 3,
                                       "stopSequences": ["END"], "seed": 7}})"},
    {kFlash, R"({"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}})"},
    {kFlash, R"({"generationConfig": {"thinkingConfig": {"thinkingBudget": -1,
                                                         "includeThoughts": true}}})"},
    {"gemini-3.5-flash", R"({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}})"},
    {kFlash, R"({"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT",
                                     "threshold": "BLOCK_NONE"}]})"},
    {kFlash, R"({"generationConfig": {"responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "properties": {"river": {"type": "string"}},
        "required": ["river"], "additionalProperties": false}}})"},
    {kFlash, R"({"generationConfig": {"responseMimeType": "application/json", "responseSchema":
        {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "minimum": 1}}}}})"},
    {kFlash, R"({"contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png",
        "data": "iVBORw0KGgoAAAANSUhEUg=="}}, {"text": "Which river is this?"}]},
        {"role": "model", "parts": [{"text": "b"}]}, {"role": "user", "parts": [{"text": "c"}]}]})"},
};

}  // namespace

TEST_CASE("fake Gemini: a fine request is answered, the same streamed in either form or not") {
  FakeServer server;
  for (const Taken& taken : kTaken) {
    CAPTURE(std::string(taken.changes));
    Json body = Changed(kBody, J(taken.changes));
    WireReply plain = Ask(server, body, kPlain, taken.model);
    REQUIRE_MESSAGE(plain.http.status == 200, plain.http.body);
    CHECK(plain.json["candidates"][0]["finishReason"] == "STOP");
    CHECK(plain.json["candidates"][0]["content"]["role"] == "model");
    CHECK(plain.json["modelVersion"] == taken.model);
    CHECK(!TextOf(plain.json).empty());
    for (const char* method : {kSse, kArray}) {
      WireReply stream = Ask(server, body, method, taken.model);
      REQUIRE(stream.http.status == 200);
      CHECK(stream.json.is_array() == (method == kArray));
      CHECK(!Contains(stream.http.body, "[DONE]"));
      std::vector<Json> chunks = ChunksOf(stream);
      int64_t last = 0;
      for (const Json& chunk : chunks) {
        int64_t total = Count(chunk["usageMetadata"], "totalTokenCount");
        CHECK(total >= last);
        last = total;
      }
      Json folded = Folded(chunks);
      CHECK(TextOf(folded) == TextOf(plain.json));
      CHECK(folded["usageMetadata"] == plain.json["usageMetadata"]);
      CHECK(folded["candidates"][0]["finishReason"] == "STOP");
    }
  }
  CHECK(server.Book("billed_count") == 3 * static_cast<int64_t>(std::size(kTaken)));
}

TEST_CASE("fake Gemini: usage counts thoughts apart, the cache as part of the prompt, no zeros") {
  FakeServer server;
  std::string words;
  for (int i = 0; i < 3000; ++i) words += "word" + std::to_string(i) + " ";
  Json body = kBody;
  body["contents"][0]["parts"][0]["text"] = words;
  Json usage = Ask(server, body).json["usageMetadata"];
  CHECK(Count(usage, "promptTokenCount") == server.Book("input"));
  CHECK(Count(usage, "cachedContentTokenCount") == server.Book("cached"));
  CHECK(Count(usage, "cachedContentTokenCount") > 0);
  CHECK(Count(usage, "thoughtsTokenCount") == server.Book("reasoning"));
  CHECK(Count(usage, "thoughtsTokenCount") > 0);
  CHECK(Count(usage, "candidatesTokenCount") + Count(usage, "thoughtsTokenCount") ==
        server.Book("output"));
  CHECK(Count(usage, "totalTokenCount") == server.Book("input") + server.Book("output"));
  Json off = J(R"({"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}})");
  Json plain = Ask(server, Changed(kBody, off)).json["usageMetadata"];
  CHECK(!plain.contains("thoughtsTokenCount"));
  CHECK(!plain.contains("cachedContentTokenCount"));
  CHECK(!plain.contains("trafficType"));
  // All of the answer went into thoughts: there is neither text nor a count of it.
  Json few = J(R"({"generationConfig": {"maxOutputTokens": 16}})");
  Json cut = Ask(server, Changed(kBody, few)).json;
  CHECK(cut["candidates"][0]["finishReason"] == "MAX_TOKENS");
  CHECK(!cut["candidates"][0]["content"].contains("parts"));
  CHECK(!cut["usageMetadata"].contains("candidatesTokenCount"));
  CHECK(Count(cut["usageMetadata"], "thoughtsTokenCount") == 16);
}

TEST_CASE("fake Gemini: thoughts are parts of their own, shown only to who asks for them") {
  FakeServer server;
  Json body = Changed(kBody, J(R"({"generationConfig": {"thinkingConfig":
                                   {"includeThoughts": true}}})"));
  for (const char* method : {kPlain, kSse}) {
    WireReply reply = Ask(server, body, method);
    Json whole = method == kPlain ? reply.json : Folded(ChunksOf(reply));
    const Json& parts = whole["candidates"][0]["content"]["parts"];
    CHECK(parts[0]["thought"] == true);
    CHECK(!Contains(TextOf(whole), StringMember(parts[0], "text")));
  }
  CHECK(!Contains(Ask(server, kBody).http.body, "\"thought\""));
}

TEST_CASE("fake Gemini: every finishReason and blockReason can be had, streamed or not") {
  FakeServer server;
  const char* const kReasons[] = {"SAFETY",
                                  "RECITATION",
                                  "LANGUAGE",
                                  "OTHER",
                                  "BLOCKLIST",
                                  "PROHIBITED_CONTENT",
                                  "SPII",
                                  "MALFORMED_FUNCTION_CALL",
                                  "IMAGE_SAFETY",
                                  "UNEXPECTED_TOOL_CALL",
                                  "TOO_MANY_TOOL_CALLS",
                                  "IMAGE_PROHIBITED_CONTENT",
                                  "NO_IMAGE",
                                  "IMAGE_RECITATION",
                                  "IMAGE_OTHER"};
  auto wish = [&](const Json& action) {
    server.SetScript(DumpJson({{"rules", Json::array({{{"action", action}}})}}));
  };
  for (const char* reason : kReasons) {
    CAPTURE(std::string(reason));
    wish({{"response_status", "failed"}, {"error_code", reason}});
    Json plain = Ask(server, kBody).json;
    CHECK(plain["candidates"][0]["finishReason"] == reason);
    CHECK(!plain["candidates"][0].contains("content"));
    std::vector<Json> chunks = ChunksOf(Ask(server, kBody, kSse));
    CHECK(chunks.back()["candidates"][0]["finishReason"] == reason);
  }
  for (const char* reason : {"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT"}) {
    CAPTURE(std::string(reason));
    wish({{"response_status", "failed"}, {"error_code", std::string("blocked:") + reason}});
    for (const char* method : {kPlain, kSse}) {
      WireReply reply = Ask(server, kBody, method);
      CHECK(reply.http.status == 200);
      Json whole = method == kPlain ? reply.json : ChunksOf(reply).back();
      CHECK(!whole.contains("candidates"));
      CHECK(whole["promptFeedback"]["blockReason"] == reason);
      CHECK(Count(whole["usageMetadata"], "promptTokenCount") > 0);
      CHECK(Count(whole["usageMetadata"], "totalTokenCount") ==
            Count(whole["usageMetadata"], "promptTokenCount"));
    }
  }
  wish({{"finish", "refusal"}});
  CHECK(Ask(server, kBody).json["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT");
  wish({{"finish", "content_filter"}});
  CHECK(Ask(server, kBody).json["candidates"][0]["finishReason"] == "SAFETY");
  wish({{"finish", "length"}});
  CHECK(Ask(server, kBody).json["candidates"][0]["finishReason"] == "MAX_TOKENS");
  wish({{"finish", "empty"}});
  Json empty = Ask(server, kBody).json["candidates"][0];
  CHECK(empty["finishReason"] == "STOP");
  CHECK(!empty["content"].contains("parts"));
}

TEST_CASE("fake Gemini: usage can be missing or strange, failures can stand inside a 200") {
  FakeServer server;
  server.SetScript(R"({"rules": [{"action": {"no_usage": true}}]})");
  CHECK(!Ask(server, kBody).json.contains("usageMetadata"));
  for (const Json& chunk : ChunksOf(Ask(server, kBody, kSse))) {
    CHECK(!chunk.contains("usageMetadata"));
  }
  server.SetScript(R"({"rules": [{"action": {"usage": {"promptTokenCount": -5}}}]})");
  Json strange = J(R"({"promptTokenCount": -5})");
  CHECK(Ask(server, kBody).json["usageMetadata"] == strange);
  CHECK(ChunksOf(Ask(server, kBody, kSse)).back()["usageMetadata"] == strange);
  CHECK(server.Book("billed_count") == 4);
  server.SetScript(R"({"rules": [{"action": {"response_status": "failed",
                                             "error_code": "UNAVAILABLE"}}]})");
  for (const char* method : {kPlain, kArray}) {
    WireReply failed = Ask(server, kBody, method);
    CHECK(failed.http.status == 200);
    CHECK(ErrorOf(failed)["status"] == "UNAVAILABLE");
  }
  server.SetScript(R"({"rules": [{"action": {"stream_error_after": 2}}]})");
  WireReply sse = Ask(server, kBody, kSse);
  // The error of a broken stream forgets the framing.
  size_t error = sse.http.body.find("\n{\n");
  REQUIRE(error != std::string::npos);
  auto parsed = ParseJson(sse.http.body.substr(error));
  REQUIRE(parsed);
  CHECK((*parsed)["error"]["status"] == "UNAVAILABLE");
  CHECK(EventsOf(sse.http.body.substr(0, error + 1)).size() == 2);
  WireReply array = Ask(server, kBody, kArray);
  REQUIRE(array.json.is_array());
  CHECK(array.json.size() == 3);
  CHECK(array.json[2]["error"]["code"] == 503);
  CHECK(server.Book("billed_count") == 4);
}

TEST_CASE("fake Gemini: each error has its code, status and details") {
  struct Named {
    const char* name;
    int code;
    const char* status;
    const char* says;  // anywhere in the body
  };
  const Named kNamed[] = {
      {"rate_limit", 429, "RESOURCE_EXHAUSTED", "\"retryDelay\": \"7s\""},
      {"quota_per_day", 429, "RESOURCE_EXHAUSTED", "PerDayPerProjectPerModel"},
      {"quota_per_minute", 429, "RESOURCE_EXHAUSTED", "PerMinutePerProjectPerModel"},
      {"slow_down", 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"},
      {"billing", 402, "RESOURCE_EXHAUSTED", "prepayment credits are depleted"},
      {"project_spend_limit_exceeded", 429, "RESOURCE_EXHAUSTED", "monthly spending cap"},
      {"bad_key", 400, "INVALID_ARGUMENT", "API_KEY_INVALID"},
      {"forbidden", 403, "PERMISSION_DENIED", "permission"},
      {"failed_precondition", 400, "FAILED_PRECONDITION", "User location is not supported"},
      {"model_not_found", 404, "NOT_FOUND", "models/gemini-2.5-flash is not found"},
      {"context_length", 400, "INVALID_ARGUMENT", "The input token count (1048577) exceeds"},
      {"server_error", 500, "INTERNAL", "internal error"},
      {"overloaded", 503, "UNAVAILABLE", "overloaded"},
      {"timeout", 504, "DEADLINE_EXCEEDED", "timed out"},
  };
  FakeServer server;
  for (const Named& named : kNamed) {
    CAPTURE(std::string(named.name));
    Json action = {{"error", named.name}, {"retry_after", "7"}};
    server.SetScript(DumpJson({{"rules", Json::array({{{"action", action}}})}}));
    for (const char* method : {kPlain, kSse, kArray}) {
      WireReply reply = Ask(server, kBody, method);
      CHECK(reply.http.status == named.code);
      CHECK(reply.json.is_array() == (method == kArray));
      CHECK(ErrorOf(reply)["code"] == named.code);
      CHECK(ErrorOf(reply)["status"] == named.status);
      CHECK(Contains(reply.http.body, named.says));
    }
    WireReply vertex = AskWire(server, kVertex + std::string(kSse), kToken, DumpJson(kBody));
    CHECK(vertex.json.is_array());
  }
  server.SetScript(R"({"rules": [{"action": {"error": "quota_per_minute"}}]})");
  CHECK(!Contains(Ask(server, kBody).http.body, "RetryInfo"));
  server.SetScript(R"({"rules": [{"action": {"error": "html_502"}}]})");
  CHECK(Ask(server, kBody).Header("content-type") == "text/html; charset=UTF-8");
  server.SetScript(R"({"rules": [{"action": {"error": "content_filter"}}]})");
  CHECK(Ask(server, kBody).json["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT");
  CHECK(server.Book("billed_count") == 0);
}

TEST_CASE("fake Gemini: a limit says when to come back in the body alone, unless it is not to") {
  FakeServer server("", {"--limit=gemini-2.5-flash:requests=1,per=1d"});
  WireReply first = Ask(server, kBody);
  CHECK(first.http.status == 200);
  for (const auto& [name, value] : first.http.headers) CHECK(!Contains(name, "ratelimit"));
  WireReply second = Ask(server, kBody);
  CHECK(second.http.status == 429);
  CHECK(second.Header("retry-after").empty());
  Json error = ErrorOf(second);
  CHECK(error["details"][0]["violations"][0]["quotaId"] ==
        "GenerateRequestsPerDayPerProjectPerModel");
  CHECK(StringMember(error["details"][2], "retryDelay").starts_with("86"));
  CHECK(Contains(StringMember(error, "message"), "Please retry in 86"));
  server.SetLimits(R"({"try_again": false})");
  CHECK(!Contains(Ask(server, kBody).http.body, "etry"));
}

TEST_CASE("fake Gemini: structured output is an instance of either kind of schema") {
  FakeServer server;
  const char* const kConfigs[] = {
      R"({"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT",
          "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}})",
      R"({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object",
          "properties": {"n": {"type": "integer"}}, "required": ["n"]}})"};
  for (const char* config : kConfigs) {
    auto value =
        ParseJson(TextOf(Ask(server, Changed(kBody, {{"generationConfig", J(config)}})).json));
    REQUIRE(value);
    CHECK((*value)["n"].is_number_integer());
  }
}

TEST_CASE("fake Gemini: the list of models comes in pages, with what each takes") {
  FakeServer server;
  auto list = [&](const std::string& rest) {
    return AskWire(server, "/v1beta/models" + rest, kHeaders, "");
  };
  Json first = list("?pageSize=3").json;
  CHECK(first["models"].size() == 3);
  CHECK(StringMember(first["models"][0], "name").starts_with("models/gemini-"));
  CHECK(first["models"][0]["inputTokenLimit"] == 1'048'576);
  Json all = list("").json;
  CHECK(!all.contains("nextPageToken"));
  Json second = list("?pageSize=50&pageToken=" + StringMember(first, "nextPageToken")).json;
  CHECK(second["models"].size() == all["models"].size() - 3);
  CHECK(list("/gemini-2.0-flash").json["outputTokenLimit"] == 8'192);
  CHECK(list("/gemini-nothing").http.status == 404);
  CHECK(Ask(server, kBody, kPlain, "gpt-5").http.status == 404);
  CHECK(Ask(server, kBody, "embedContent").http.status == 404);
}

}  // namespace muster::fake_gemini
