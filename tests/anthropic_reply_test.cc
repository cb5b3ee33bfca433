// What successes of Anthropic's Messages API hold, and those that hold nothing.

#include "tests/provider_testing.h"

namespace muster {
namespace {

std::string Message(const std::string& content, const std::string& reason,
                    const std::string& more = "") {
  return R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-8-20260601",)"
         R"("content":[)" +
         content + R"(],"stop_reason":)" + reason + R"(,"stop_sequence":null)" + more +
         R"(,"usage":{"input_tokens":10,"cache_creation_input_tokens":30,)"
         R"("cache_read_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":20,)"
         R"("ephemeral_1h_input_tokens":10},"output_tokens":50,)"
         R"("output_tokens_details":{"thinking_tokens":40},"server_tool_use":null,)"
         R"("service_tier":"standard"}})";
}

const std::string kThinking = R"({"type":"thinking","thinking":"hm","signature":"s"})";
const std::string kText = R"({"type":"text","text":"Hello","citations":null})";

TEST_CASE("a message's answer is the text of its blocks of text, with every token it took") {
  std::string body = Message(kThinking + R"(,{"type":"redacted_thinking","data":"x"},)" + kText +
                                 R"(,{"type":"text","text":" you"})",
                             "\"end_turn\"");
  Reading reading = Anthropic().ReadReply(Http(200, body, {{"request-id", "req_7"}}));
  REQUIRE(reading.answered);
  CHECK(reading.body == body);
  CHECK(reading.request_id == "req_7");
  CHECK(reading.usage == Usage{240, 200, 30, 50, 40, 10});
  CHECK(reading.tier == "standard");
  ChatAnswer answer = AnswerOf(Anthropic(), Http(200, body));
  CHECK(answer.text == "Hello you");
  CHECK(answer.finish == Finish::kStop);
  CHECK(answer.finish_text == "end_turn");
  CHECK(answer.served_model == "claude-opus-4-8-20260601");
}

TEST_CASE("a message says how it ended") {
  struct Row {
    const char* reason;
    Finish finish;
    const char* text;
  };
  for (const Row& row :
       std::vector<Row>{{"end_turn", Finish::kStop, "Hello"},
                        {"stop_sequence", Finish::kStop, "Hello"},
                        {"max_tokens", Finish::kLength, "Hello"},
                        {"model_context_window_exceeded", Finish::kLength, "Hello"},
                        {"refusal", Finish::kRefusal, "Hello"},
                        // What waits for something else is no answer.
                        {"tool_use", Finish::kOther, ""},
                        {"pause_turn", Finish::kOther, ""},
                        {"something_new", Finish::kOther, ""}}) {
    CAPTURE(row.reason);
    std::string reason = "\"" + std::string(row.reason) + "\"";
    ChatAnswer answer = AnswerOf(Anthropic(), Http(200, Message(kText, reason)));
    CHECK(answer.finish == row.finish);
    CHECK(answer.finish_text == row.reason);
    CHECK(answer.text == row.text);
    if (row.finish == Finish::kStop) continue;
    CHECK(AnswerOf(Anthropic(), Http(200, Message(kThinking, reason))).text == "");
  }
}

TEST_CASE("a refusal has the model's reasons, as far as there are any") {
  auto words = [](const std::string& details) {
    return AnswerOf(Anthropic(), Http(200, Message("", "\"refusal\"", details))).finish_text;
  };
  CHECK(words(R"(,"stop_details":{"type":"refusal","category":"cyber","explanation":"No way."})") ==
        "No way.");
  CHECK(words(R"(,"stop_details":{"type":"refusal","category":"bio","explanation":null})") ==
        "bio");
  CHECK(words(R"(,"stop_details":null)") == "refusal");
  CHECK(words(R"(,"stop_details":[1])") == "refusal");
}

TEST_CASE("usage of a message is read where it makes sense and unknown everywhere else") {
  std::string body = R"({"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn",)"
                     R"("usage":USAGE})";
  CheckUsage(
      Anthropic(), body,
      {{R"({"input_tokens":9,"output_tokens":12})", Usage{9, 0, 0, 12, 0, 0}},
       {R"({"input_tokens":9,"output_tokens":12,"cache_creation_input_tokens":null,)"
        R"("cache_read_input_tokens":null,"cache_creation":null,"output_tokens_details":null})",
        Usage{9, 0, 0, 12, 0, 0}},
       {R"({"input_tokens":0,"output_tokens":12,"cache_read_input_tokens":7})",
        Usage{7, 7, 0, 12, 0, 0}},
       {R"({"input_tokens":3,"output_tokens":12,"cache_creation_input_tokens":5})",
        Usage{8, 0, 5, 12, 0, 0}},
       {R"({"input_tokens":3,"output_tokens":12,"cache_creation_input_tokens":5,)"
        R"("cache_creation":{"ephemeral_1h_input_tokens":5}})",
        Usage{8, 0, 5, 12, 0, 5}},
       {R"({"input_tokens":3,"output_tokens":0})", Usage{3, 0, 0, 0, 0, 0}},
       // Contradictions.
       {R"({"input_tokens":3,"output_tokens":12,"cache_creation_input_tokens":5,)"
        R"("cache_creation":{"ephemeral_1h_input_tokens":6}})",
        std::nullopt},
       {R"({"input_tokens":3,"output_tokens":12,"cache_creation_input_tokens":5,)"
        R"("cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":3}})",
        std::nullopt},
       {R"({"input_tokens":3,"output_tokens":12,"output_tokens_details":{"thinking_tokens":13}})",
        std::nullopt},
       // Missing and absurd.
       {"null", std::nullopt},
       {"{}", std::nullopt},
       {"[1,2]", std::nullopt},
       {R"("many")", std::nullopt},
       {R"({"input_tokens":9})", std::nullopt},
       {R"({"output_tokens":9})", std::nullopt},
       {R"({"input_tokens":null,"output_tokens":9})", std::nullopt},
       {R"({"input_tokens":-9,"output_tokens":12})", std::nullopt},
       {R"({"input_tokens":9,"output_tokens":-1})", std::nullopt},
       {R"({"input_tokens":"9","output_tokens":12})", std::nullopt},
       {R"({"input_tokens":9.5,"output_tokens":12})", std::nullopt},
       {R"({"input_tokens":100000001,"output_tokens":12})", std::nullopt},
       {R"({"input_tokens":60000000,"output_tokens":12,"cache_read_input_tokens":60000000})",
        std::nullopt},
       {R"({"input_tokens":1000000000000000000,"output_tokens":12})", std::nullopt},
       {R"({"input_tokens":18446744073709551615,"output_tokens":12})", std::nullopt},
       {R"({"input_tokens":9,"output_tokens":12,"cache_read_input_tokens":-1})", std::nullopt},
       {R"({"input_tokens":9,"output_tokens":12,"cache_creation":"x"})", std::nullopt}});
}

TEST_CASE("what makes a call dearer than the usual tier is told as its tier") {
  auto tier = [](const std::string& members) {
    std::string body = R"({"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn",)"
                       R"("usage":{"input_tokens":1,"output_tokens":1)" +
                       members + "}}";
    return Anthropic().ReadReply(Http(200, body)).tier;
  };
  CHECK(tier("") == "");
  CHECK(tier(R"(,"service_tier":"standard")") == "standard");
  CHECK(tier(R"(,"service_tier":"priority")") == "priority");
  CHECK(tier(R"(,"service_tier":"standard","speed":"fast")") == "fast");
  CHECK(tier(R"(,"service_tier":"standard","speed":"standard","inference_geo":"")") == "standard");
  CHECK(tier(R"(,"service_tier":"standard","inference_geo":"global")") == "standard");
  CHECK(tier(R"(,"service_tier":"standard","inference_geo":"us")") == "us");
}

TEST_CASE("the provider's limits come with every reply") {
  std::vector<std::pair<std::string, std::string>> headers = {
      {"date", "Thu, 21 Aug 2025 12:40:00 GMT"},
      {"anthropic-ratelimit-requests-limit", "50"},
      {"anthropic-ratelimit-requests-remaining", "49"},
      {"anthropic-ratelimit-requests-reset", "2025-08-21T12:40:59Z"},
      {"anthropic-ratelimit-input-tokens-limit", "30000"},
      {"anthropic-ratelimit-input-tokens-remaining", "29000"},
      // Capacity that was bought ahead limits no call: what exceeds it is served as usual.
      {"anthropic-priority-input-tokens-limit", "10000"},
      {"anthropic-priority-input-tokens-remaining", "0"}};
  for (int64_t status : {200, 429, 529}) {
    Reading reading = Anthropic().ReadReply(Http(status, Message(kText, "\"end_turn\""), headers));
    REQUIRE(reading.limits.size() == 2);
    CHECK(reading.limits[0].remaining == 49);
    CHECK(reading.limits[0].full_in_ms == 59'000);
    CHECK(reading.limits[1].unit == LimitUnit::kInputTokens);
    CHECK(reading.limits[1].remaining == 29'000);
  }
}

TEST_CASE("a success that holds no message is a bad reply of unknown cost") {
  for (const char* body :
       {"", "  \n", "<html><body>502 Bad Gateway</body></html>", "{", "{}", "[]", "null", "7",
        R"({"type":"message"})", R"({"content":"x","stop_reason":"end_turn"})",
        R"({"content":{},"stop_reason":"end_turn"})", R"({"content":null})",
        R"({"content":[],"stop_reason":"end_turn"})",
        R"({"content":[{"type":"text","text":"x"}],"stop_reason":null})",
        R"({"content":[{"type":"text","text":"x"}],"stop_reason":7})",
        R"({"content":[{"type":"text","text":"x"}]})",
        R"({"content":[null,3],"stop_reason":"end_turn"})", R"({"a":1,"a":2})"}) {
    Failure failure = Failed(Anthropic(), Http(200, body));
    CHECK(Name(failure.kind) == "bad-reply");
    CHECK(Name(failure.billing) == "unknown");
  }
  Failure empty = Failed(Anthropic(), Http(200, Message(kThinking, "\"end_turn\"")));
  CHECK(Name(empty.kind) == "bad-reply");
  CHECK(Name(empty.billing) == "usage");
}

}  // namespace
}  // namespace muster
