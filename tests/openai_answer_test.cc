// What successes of OpenAI's two text APIs hold, and those that hold nothing.

#include "tests/openai_testing.h"

namespace muster {
namespace {

// A Responses body with these members besides the usual ones.
std::string ResponsesBody(const std::string& status, const std::string& output,
                          const std::string& more = "") {
  return R"({"id":"resp_1","object":"response","model":"gpt-5.1-2025-11-13","error":null,)"
         R"("incomplete_details":null,"status":")" +
         status + R"(","output":)" + output +
         (more.empty() ? R"(,"usage":{"input_tokens":100,"input_tokens_details":)"
                         R"({"cached_tokens":64,"cache_write_tokens":16},"output_tokens":50,)"
                         R"("output_tokens_details":{"reasoning_tokens":30},"total_tokens":150})"
                       : "," + more) +
         "}";
}

std::string ChatBody(const std::string& choice, const std::string& more = "") {
  return R"({"id":"chatcmpl-1","object":"chat.completion","model":"m-1","choices":[)" + choice +
         "]" + (more.empty() ? "" : "," + more) + "}";
}

std::string Choice(const std::string& message, const std::string& finish) {
  return R"({"index":0,"message":)" + message + R"(,"finish_reason":)" + finish + "}";
}

const std::string kReasoning = R"({"id":"rs_1","type":"reasoning","summary":[]})";

std::string Message(const std::string& parts) {
  return R"({"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[)" +
         parts + "]}";
}

std::string TextPart(const std::string& text) {
  return R"({"type":"output_text","annotations":[],"text":")" + text + "\"}";
}

ChatAnswer Answered(const ChatApi& api, const std::string& body) {
  CAPTURE(body);
  Reading reading = api.ReadReply(Http(200, body));
  CAPTURE(reading.failure.message);
  REQUIRE(reading.answered);
  Result<ChatAnswer> answer = api.ReadAnswer(body);
  REQUIRE(answer);
  return *answer;
}

TEST_CASE("a Responses answer is every message's text, wherever it stands in the output") {
  std::string output = "[" + kReasoning + "," +
                       Message(TextPart("Hello") + "," + TextPart(" you")) +
                       R"(,{"type":"web_search_call"},)" + Message(TextPart("!")) + "]";
  std::string body = ResponsesBody("completed", output);
  ChatAnswer answer = Answered(Responses(), body);
  CHECK(answer.text == "Hello you!");
  CHECK(answer.finish == Finish::kStop);
  CHECK(answer.served_model == "gpt-5.1-2025-11-13");
  Reading reading = Responses().ReadReply(Http(200, body, {{"x-request-id", "req_9"}}));
  CHECK(reading.request_id == "req_9");
  CHECK(reading.served_model == "gpt-5.1-2025-11-13");
  REQUIRE(reading.usage);
  CHECK(*reading.usage == Usage{100, 64, 16, 50, 30});
}

TEST_CASE("a Responses answer says how it ended") {
  std::string refused = ResponsesBody(
      "completed", "[" + Message(R"({"type":"refusal","refusal":"I can't help."})") + "]");
  ChatAnswer answer = Answered(Responses(), refused);
  CHECK(answer.finish == Finish::kRefusal);
  CHECK(answer.finish_text == "I can't help.");
  CHECK(answer.text == "");

  auto incomplete = [](const std::string& reason, const std::string& output) {
    std::string body = ResponsesBody("incomplete", output);
    size_t at = body.find(R"("incomplete_details":null)");
    return body.replace(at, 25, R"("incomplete_details":{"reason":")" + reason + "\"}");
  };
  answer =
      Answered(Responses(), incomplete("max_output_tokens", "[" + Message(TextPart("Hal")) + "]"));
  CHECK(answer.finish == Finish::kLength);
  CHECK(answer.text == "Hal");
  answer = Answered(Responses(), incomplete("max_output_tokens", "[" + kReasoning + "]"));
  CHECK(answer.finish == Finish::kLength);
  CHECK(answer.text == "");
  answer = Answered(Responses(), incomplete("content_filter", "[]"));
  CHECK(answer.finish == Finish::kContentFilter);
  answer = Answered(Responses(), incomplete("something_new", "[]"));
  CHECK(answer.finish == Finish::kOther);
  CHECK(answer.finish_text == "something_new");
}

TEST_CASE("a Chat answer is read in every server's shape") {
  ChatAnswer answer = Answered(
      Chat(),
      ChatBody(Choice(R"({"role":"assistant","content":"Hi","refusal":null})", "\"stop\"")));
  CHECK(answer.text == "Hi");
  CHECK(answer.finish == Finish::kStop);
  CHECK(answer.served_model == "m-1");
  answer = Answered(
      Chat(), ChatBody(Choice(R"({"content":"Hi","reasoning_content":"secret"})", "\"length\"")));
  CHECK(answer.text == "Hi");
  CHECK(answer.finish == Finish::kLength);
  answer = Answered(Chat(), ChatBody(Choice(R"({"content":null,"reasoning":"hm"})", "\"length\"")));
  CHECK(answer.text == "");
  CHECK(answer.finish == Finish::kLength);
  answer = Answered(Chat(), ChatBody(Choice(R"({"content":null,"refusal":"No."})", "\"stop\"")));
  CHECK(answer.finish == Finish::kRefusal);
  CHECK(answer.finish_text == "No.");
  answer = Answered(
      Chat(),
      ChatBody(R"({"index":0,"finish_reason":"content_filter","content_filter_results":{}})"));
  CHECK(answer.finish == Finish::kContentFilter);
  answer = Answered(Chat(), ChatBody(Choice(R"({"content":[{"type":"text","text":"A"},)"
                                            R"({"type":"text","text":"B"}]})",
                                            "\"eos\"")));
  CHECK(answer.text == "AB");
  CHECK(answer.finish == Finish::kOther);
  CHECK(answer.finish_text == "eos");
}

TEST_CASE("usage is read where it makes sense and unknown everywhere else") {
  struct Row {
    const char* usage;
    std::optional<Usage> expected;
  };
  for (const Row& row : std::vector<Row>{
           {R"({"prompt_tokens":9,"completion_tokens":12,"total_tokens":21})",
            Usage{9, 0, 0, 12, 0}},
           {R"({"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":null,)"
            R"("completion_tokens_details":null})",
            Usage{9, 0, 0, 12, 0}},
           {R"({"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":)"
            R"({"cached_tokens":4,"cache_write_tokens":5},"completion_tokens_details":)"
            R"({"reasoning_tokens":12}})",
            Usage{9, 4, 5, 12, 12}},
           {R"({"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":)"
            R"({"cached_tokens":null}})",
            Usage{9, 0, 0, 12, 0}},
           {R"({"prompt_tokens":0,"completion_tokens":0})", Usage{}},
           {"null", std::nullopt},
           {"{}", std::nullopt},
           {R"("many")", std::nullopt},
           {"[1,2]", std::nullopt},
           {R"({"prompt_tokens":9})", std::nullopt},
           {R"({"prompt_tokens":-9,"completion_tokens":12})", std::nullopt},
           {R"({"prompt_tokens":9,"completion_tokens":-1})", std::nullopt},
           {R"({"prompt_tokens":"9","completion_tokens":12})", std::nullopt},
           {R"({"prompt_tokens":9.5,"completion_tokens":12})", std::nullopt},
           {R"({"prompt_tokens":100000001,"completion_tokens":12})", std::nullopt},
           {R"({"prompt_tokens":1000000000000000000,"completion_tokens":12})", std::nullopt},
           {R"({"prompt_tokens":18446744073709551615,"completion_tokens":12})", std::nullopt},
           {R"({"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":)"
            R"({"cached_tokens":10}})",
            std::nullopt},
           {R"({"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":)"
            R"({"cached_tokens":5,"cache_write_tokens":5}})",
            std::nullopt},
           {R"({"prompt_tokens":9,"completion_tokens":12,"completion_tokens_details":)"
            R"({"reasoning_tokens":13}})",
            std::nullopt},
           {R"({"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":"x"})",
            std::nullopt},
           {R"({"prompt_tokens":9,"completion_tokens":12,"total_tokens":900})", std::nullopt},
       }) {
    CAPTURE(row.usage);
    std::string body =
        ChatBody(Choice(R"({"content":"x"})", "\"stop\""), std::string("\"usage\":") + row.usage);
    Reading reading = Chat().ReadReply(Http(200, body));
    CHECK(reading.answered);
    CHECK(reading.usage == row.expected);
  }
  CHECK_FALSE(
      Chat().ReadReply(Http(200, ChatBody(Choice(R"({"content":"x"})", "\"stop\"")))).usage);
}

// ---- successes that are none ----

TEST_CASE("a success that holds no answer is a bad reply of unknown cost, and is shown") {
  for (const ChatApi* api : {&Responses(), &Chat()}) {
    for (const char* body :
         {"", "  \n", "<html><body>502 Bad Gateway</body></html>", "{", "{}", "[]", "null", "7",
          "\"text\"", R"({"output":"x","status":"completed"})", R"({"choices":[]})",
          R"({"choices":{}})", R"({"choices":[null]})", R"({"choices":[{"message":"x"}]})",
          R"({"output":null})", R"({"a":1,"a":2})",
          "{\"choices\":[{\"message\":{\"content\":\"x"}) {
      Failure failure = Failed(*api, Http(200, body));
      CHECK(Name(failure.kind) == "bad-reply");
      CHECK(Name(failure.billing) == "unknown");
    }
    Failure html = Failed(*api, Http(200, "<html>\x1b[31m\nGateway " + std::string(5'000, 'x')));
    CHECK(Contains(html.message, "<html>\\x1b[31m"));
    CHECK(html.message.size() < 500);
  }
}

TEST_CASE("a Responses reply that is not over is no answer") {
  for (const char* status : {"in_progress", "queued", "cancelled", "who_knows"}) {
    Failure failure = Failed(
        Responses(),
        Http(200, ResponsesBody(status, "[" + Message(TextPart("x")) + "]", R"("usage":null)")));
    CHECK(Name(failure.kind) == "bad-reply");
    CHECK(Name(failure.billing) == "unknown");
    CHECK(Contains(failure.message, status));
  }
  std::string early = ResponsesBody("in_progress", "[]");
  CHECK_FALSE(Responses().ReadReply(Http(200, early)).usage);
}

TEST_CASE("an answer without words is a bad reply, paid by what it used") {
  Failure failure =
      Failed(Responses(), Http(200, ResponsesBody("completed", "[" + kReasoning + "]")));
  CHECK(Name(failure.kind) == "bad-reply");
  CHECK(Name(failure.billing) == "usage");
  std::string usage = R"("usage":{"prompt_tokens":9,"completion_tokens":12})";
  Reading reading =
      Chat().ReadReply(Http(200, ChatBody(Choice(R"({"content":null})", "\"stop\""), usage)));
  CHECK(Name(reading.failure.kind) == "bad-reply");
  CHECK(Name(reading.failure.billing) == "usage");
  CHECK(reading.usage == Usage{9, 0, 0, 12, 0});
}

TEST_CASE("a generation that failed inside a 200 is the failure that its code says") {
  struct Row {
    const char* code;
    const char* kind;
  };
  for (const Row& row : std::vector<Row>{{"\"server_error\"", "server"},
                                         {"\"server_is_overloaded\"", "overloaded"},
                                         {"\"slow_down\"", "rate-limited"},
                                         {"\"invalid_json_schema\"", "bad-schema"},
                                         {"\"rate_limit_exceeded\"", "rate-limited"},
                                         {"\"insufficient_quota\"", "quota"},
                                         {"\"vector_store_timeout\"", "server"},
                                         {"\"invalid_prompt\"", "bad-request"},
                                         {"\"image_too_large\"", "bad-request"},
                                         {"\"bio_policy\"", "bad-request"},
                                         {"502", "server"},
                                         {"503", "overloaded"},
                                         {"429", "rate-limited"},
                                         {"400", "bad-request"},
                                         {"402", "quota"},
                                         {"null", "server"}}) {
    CAPTURE(row.code);
    std::string error = std::string(R"({"code":)") + row.code + R"(,"message":"it broke"})";
    std::string body = ResponsesBody("failed", "[]", R"("usage":null)");
    body.replace(body.find(R"("error":null)"), 12, "\"error\":" + error);
    Failure failure = Failed(Responses(), Http(200, body));
    CHECK(Name(failure.kind) == row.kind);
    CHECK(Name(failure.billing) == "unknown");
    CHECK(Contains(failure.message, "it broke"));
    // OpenRouter: at the top of the body, or in the choice.
    failure = Failed(Chat(), Http(200, "{\"error\":" + error + "}"));
    CHECK(Name(failure.kind) == row.kind);
    failure = Failed(Chat(), Http(200, ChatBody(R"({"message":{"content":"half"},"finish_reason":)"
                                                R"("error","error":)" +
                                                error + "}")));
    CHECK(Name(failure.kind) == row.kind);
  }
  std::string with_usage = ResponsesBody("failed", "[]");
  CHECK(Name(Failed(Responses(), Http(200, with_usage)).billing) == "usage");
  CHECK(Responses().ReadReply(Http(200, with_usage)).usage == Usage{100, 64, 16, 50, 30});
  Failure failure = Failed(Chat(), Http(200, ChatBody(Choice(R"({"content":"ha"})", "\"error\""))));
  CHECK(Name(failure.kind) == "server");
}

}  // namespace
}  // namespace muster
