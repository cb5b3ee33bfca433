// Streams of OpenAI's two text APIs: what they add up to, and those that add up to nothing.

#include "tests/openai_testing.h"

namespace muster {
namespace {

HttpReply Stream(const std::string& body) {
  return Http(200, body, {{"content-type", "text/event-stream; charset=utf-8"}});
}

std::string Event(const std::string& type, const std::string& more) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\",\"sequence_number\":1," + more +
         "}\n\n";
}

const std::string kDone =
    R"({"id":"r","object":"response","model":"gpt-5.1-x","status":"completed","error":null,)"
    R"("service_tier":"flex","output":[{"type":"message","content":[{"type":"output_text",)"
    R"("text":"Hi there"}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},)"
    R"("output_tokens":12,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":21}})";
const std::string kDeltas =
    Event("response.created", R"("response":{"status":"in_progress"})") +
    Event("response.output_text.delta", R"("delta":"Hi ","obfuscation":"x81")") +
    Event("response.unheard.of", R"("delta":"no")") +
    Event("response.output_text.delta", R"("delta":"there")");

TEST_CASE("a Responses stream is the response of its last event") {
  Reading reading =
      Responses().ReadReply(Stream(kDeltas + Event("response.completed", "\"response\":" + kDone)));
  REQUIRE(reading.answered);
  CHECK(*ParseJson(reading.body) == *ParseJson(kDone));
  CHECK(reading.usage == Usage{9, 0, 0, 12, 4});
  CHECK(reading.tier == "flex");
  CHECK(reading.served_model == "gpt-5.1-x");
  CHECK(Responses().ReadAnswer(reading.body)->text == "Hi there");
}

TEST_CASE("a Responses stream that ends early is a failure of unknown cost, its text kept apart") {
  Reading reading = Responses().ReadReply(Stream(kDeltas));
  CHECK_FALSE(reading.answered);
  CHECK(reading.failure.kind == FailureKind::kNetwork);
  CHECK(reading.failure.billing == Billing::kUnknown);
  CHECK(reading.partial == "Hi there");
  CHECK_FALSE(reading.usage);
  CHECK(Responses().ReadPartial(Stream(kDeltas + "data: {\"type\":\"resp")) == "Hi there");
}

TEST_CASE("an error event inside a 200 is a failure of its own kind") {
  struct Row {
    std::string event;
    FailureKind kind;
    std::optional<int64_t> wait;
  };
  const Row kRows[] = {
      {Event("error",
             R"("code":"rate_limit_exceeded","message":"Please try again in 4s","param":null)"),
       FailureKind::kRateLimited, 4'000},
      {Event("error", R"("error":{"code":"server_error","message":"oh","type":"server_error"})"),
       FailureKind::kServer,
       {}},
      {Event("response.failed",
             R"("response":{"status":"failed","output":[],"error":{"code":"rate_limit_exceeded",)"
             R"("message":"slow"},"usage":null})"),
       FailureKind::kRateLimited,
       {}},
      {Event("response.failed",
             R"("response":{"status":"failed","output":[],"error":{"code":"invalid_prompt",)"
             R"("message":"no"}})"),
       FailureKind::kBadRequest,
       {}},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.event);
    Reading reading = Responses().ReadReply(Stream(kDeltas + row.event));
    CHECK_FALSE(reading.answered);
    CHECK(reading.failure.kind == row.kind);
    CHECK(reading.failure.retry_after_ms == row.wait);
    CHECK(reading.partial == "Hi there");
  }
}

TEST_CASE("an answer that was cut at its limit is complete, streamed too") {
  std::string cut = kDone;
  cut.replace(cut.find("\"completed\""), 11,
              R"("incomplete","incomplete_details":{"reason":"max_output_tokens"})");
  Reading reading =
      Responses().ReadReply(Stream(kDeltas + Event("response.incomplete", "\"response\":" + cut)));
  REQUIRE(reading.answered);
  CHECK(Responses().ReadAnswer(reading.body)->finish == Finish::kLength);
}

std::string Chunk(const std::string& delta, const std::string& finish,
                  const std::string& more = "") {
  return R"(data: {"id":"c","object":"chat.completion.chunk","model":"m-2","usage":null,)"
         R"("choices":[{"index":0,"delta":)" +
         delta + R"(,"finish_reason":)" + finish + "}]" + more + "}\n\n";
}

const std::string kWords = Chunk(R"({"role":"assistant","content":null})", "null") +
                           Chunk(R"({"content":"Hi "})", "null", R"(,"obfuscation":"ab")") +
                           Chunk(R"({"reasoning_content":"hm"})", "null") +
                           Chunk(R"({"content":"there"})", "null");
const std::string kCounts =
    R"(data: {"id":"c","model":"m-2","choices":[],"usage":{"prompt_tokens":9,)"
    R"("completion_tokens":12,"total_tokens":21}})"
    "\n\n";

TEST_CASE("a Chat stream is the completion that its chunks make up") {
  Reading reading =
      Chat().ReadReply(Stream(kWords + Chunk("{}", "\"stop\"") + kCounts + "data: [DONE]\n\n"));
  REQUIRE(reading.answered);
  CHECK(reading.usage == Usage{9, 0, 0, 12, 0});
  CHECK(reading.served_model == "m-2");
  auto answer = Chat().ReadAnswer(reading.body);
  REQUIRE(answer);
  CHECK(answer->text == "Hi there");
  CHECK(answer->finish == Finish::kStop);

  SUBCASE("without usage it is not known") {
    reading = Chat().ReadReply(Stream(kWords + Chunk("{}", "\"length\"") + "data: [DONE]\n\n"));
    REQUIRE(reading.answered);
    CHECK_FALSE(reading.usage);
    CHECK(Chat().ReadAnswer(reading.body)->finish == Finish::kLength);
  }
  SUBCASE("[DONE] is not needed, the reason why it ended is") {
    CHECK(Chat().ReadReply(Stream(kWords + Chunk("{}", "\"stop\""))).answered);
    reading = Chat().ReadReply(Stream(kWords + "data: [DONE]\n\n"));
    CHECK_FALSE(reading.answered);
    CHECK(reading.failure.kind == FailureKind::kNetwork);
    CHECK(reading.partial == "Hi there");
  }
  SUBCASE("a refusal is one") {
    reading = Chat().ReadReply(
        Stream(Chunk(R"({"refusal":"I can't"})", "null") + Chunk("{}", "\"stop\"")));
    REQUIRE(reading.answered);
    CHECK(Chat().ReadAnswer(reading.body)->finish == Finish::kRefusal);
  }
  SUBCASE("an error chunk makes it a failure, whatever came before") {
    reading = Chat().ReadReply(
        Stream(kWords +
               R"(data: {"error":{"message":"m","type":"t","param":null,"code":"server_error"}})"
               "\n\n" +
               Chunk("{}", "\"stop\"") + "data: [DONE]\n\n"));
    CHECK_FALSE(reading.answered);
    CHECK(reading.failure.kind == FailureKind::kServer);
    CHECK(reading.failure.billing == Billing::kUnknown);
  }
  SUBCASE("an event that is no JSON makes it unusable") {
    reading = Chat().ReadReply(Stream(kWords + "data: <html>\n\n" + Chunk("{}", "\"stop\"")));
    CHECK_FALSE(reading.answered);
    CHECK(reading.failure.kind == FailureKind::kBadReply);
  }
}

TEST_CASE("a server that does not stream although it was asked to is read all the same") {
  std::string body =
      R"({"model":"m","choices":[{"message":{"content":"x"},"finish_reason":"stop"}]})";
  CHECK(Chat().ReadReply(Http(200, body, {{"content-type", "application/json"}})).body == body);
  CHECK(Responses().ReadReply(Http(200, kDone)).body == kDone);
}

TEST_CASE("a stream is known by how it begins where its content type does not say") {
  std::string body = kWords + Chunk("{}", "\"stop\"");
  CHECK(Chat().ReadReply(Http(200, body)).answered);
  CHECK(
      Chat().ReadReply(Http(200, ": hello\n\n" + body, {{"content-type", "text/plain"}})).answered);
}

TEST_CASE("the watch sees the last event, however the bytes come, and no other") {
  struct Row {
    const ChatApi* api;
    std::string before, last;
  };
  const Row kRows[] = {
      {&Chat(), kWords + Chunk(R"({"content":"[DONE]"})", "\"stop\"") + kCounts,
       "data: [DONE]\n\n"},
      {&Responses(),
       kDeltas +
           Event("response.output_text.delta", R"("delta":"\"type\":\"response.completed\"")"),
       Event("response.completed", "\"response\":{}")},
      {&Responses(), kDeltas, "data: {\"type\": \"error\",\"code\":\"x\"}\n\n"},
  };
  for (const Row& row : kRows) {
    for (size_t piece : {1, 13, 100'000}) {
      auto watch = row.api->Watch();
      REQUIRE(watch);
      bool early = false, ended = false;
      for (size_t at = 0; at < row.before.size(); at += piece) {
        early = early || watch->Take(std::string_view(row.before).substr(at, piece));
      }
      for (size_t at = 0; at < row.last.size(); at += piece) {
        ended = watch->Take(std::string_view(row.last).substr(at, piece));
      }
      CHECK_FALSE(early);
      CHECK(ended);
    }
  }
}

}  // namespace
}  // namespace muster
