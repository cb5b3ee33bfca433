// Streams of Google's Gemini API: what they add up to, and those that break off.

#include "tests/provider_testing.h"

namespace muster {
namespace {

std::string Event(const std::string& response) { return "data: " + response + "\r\n\r\n"; }

// An event with these parts; `more`: members of the candidate.
std::string Chunk(const std::string& parts, const std::string& more = "",
                  const std::string& usage = R"({"promptTokenCount":10,"totalTokenCount":10})") {
  return Event(R"({"candidates":[{"content":{"parts":[)" + parts +
               R"(],"role":"model"},"index":0)" + more + R"(}],"usageMetadata":)" + usage +
               R"(,"modelVersion":"gemini-2.5-flash","responseId":"r1"})");
}

const char kCounts[] =
    R"({"promptTokenCount":10,"candidatesTokenCount":3,"thoughtsTokenCount":4,"totalTokenCount":17})";

const std::string kBegin = Chunk(R"({"text":"hm ","thought":true})") +
                           Chunk(R"({"text":"so","thought":true})") +
                           Chunk(R"({"text":"Hel"},{"text":"lo "})");
const std::string kEnd = Chunk(R"({"text":"é"})", R"(,"finishReason":"STOP")", kCounts);

TEST_CASE("a stream of Gemini adds up to the response that would have come whole") {
  std::string body = kBegin + kEnd;
  for (const std::string& each : {body, Replaced(body, "\r\n", "\n"), Replaced(body, "\r\n", "\r"),
                                  body.substr(0, body.size() - 4), ": hi\n\n" + body}) {
    Reading reading = Gemini().ReadReply(Streamed(each));
    REQUIRE(reading.answered);
    CHECK(reading.usage == Usage{10, 0, 0, 7, 4, 0});
    CHECK(reading.served_model == "gemini-2.5-flash");
    Json whole = *ParseJson(reading.body);
    CHECK(whole["responseId"] == "r1");
    CHECK(whole["candidates"].size() == 1);
    CHECK(whole["candidates"][0]["finishReason"] == "STOP");
    CHECK(whole["candidates"][0]["content"]["parts"] ==
          *ParseJson(R"([{"text":"hm so","thought":true},{"text":"Hello é"}])"));
    Reading again = Gemini().ReadReply(Http(200, reading.body));
    CHECK(again.answered);
    CHECK(again.usage == reading.usage);
    CHECK(AnswerOf(Gemini(), Streamed(each)).text == "Hello é");
  }
  CHECK(AnswerOf(Gemini(), Http(200, body)).text == "Hello é");
  CHECK(EndOfStream(Gemini(), body) == std::nullopt);
}

TEST_CASE("parts that are more than text stay as they are") {
  std::string body = Chunk(R"({"text":"A"})") + Chunk(R"({"text":"B","thoughtSignature":"s"})") +
                     Chunk(R"({"inlineData":{"mimeType":"image/png","data":"QQ=="}})") +
                     Chunk(R"({"text":"C"})", R"(,"finishReason":"STOP")", kCounts);
  Json whole = *ParseJson(Gemini().ReadReply(Streamed(body)).body);
  CHECK(whole["candidates"][0]["content"]["parts"].size() == 4);
  CHECK(AnswerOf(Gemini(), Streamed(body)).text == "ABC");
}

TEST_CASE("a stream's counts are the last, if they come with its end or after it") {
  auto usage = [](const std::string& body) {
    Reading reading = Gemini().ReadReply(Streamed(body));
    CHECK(reading.answered);
    return reading.usage;
  };
  std::string finish = Event(R"({"candidates":[{"finishReason":"STOP","index":0}]})");
  std::string counts = Event(R"({"usageMetadata":)" + std::string(kCounts) + "}");
  CHECK(usage(kBegin + finish + counts) == Usage{10, 0, 0, 7, 4, 0});
  CHECK(usage(kBegin + kEnd + finish) == Usage{10, 0, 0, 7, 4, 0});
  CHECK(usage(kBegin + finish) == std::nullopt);
  CHECK(usage(kBegin + kEnd + Event(R"({"usageMetadata":{"promptTokenCount":-1}})")) ==
        std::nullopt);
}

TEST_CASE("a stream of Gemini ends as its last words say: cut, filtered, blocked before it began") {
  std::string cut = kBegin + Chunk("", R"(,"finishReason":"MAX_TOKENS")", kCounts);
  ChatAnswer answer = AnswerOf(Gemini(), Streamed(cut));
  CHECK(answer.finish == Finish::kLength);
  CHECK(answer.text == "Hello ");
  std::string thinking = Event(R"({"candidates":[{"finishReason":"MAX_TOKENS","index":0}]})");
  CHECK(AnswerOf(Gemini(), Streamed(thinking)).text == "");
  std::string filtered = kBegin + Event(R"({"candidates":[{"finishReason":"SAFETY","index":0}]})");
  CHECK(AnswerOf(Gemini(), Streamed(filtered)).finish == Finish::kContentFilter);
  std::string blocked =
      Event(R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,)"
            R"("totalTokenCount":4}})");
  answer = AnswerOf(Gemini(), Streamed(blocked));
  CHECK(answer.finish == Finish::kContentFilter);
  CHECK(answer.finish_text == "SAFETY");
  CHECK(Gemini().ReadReply(Streamed(blocked)).usage == Usage{4, 0, 0, 0, 0, 0});
  // Another candidate's words are not this one's.
  std::string two = kBegin +
                    Event(R"({"candidates":[{"index":1,"content":{"parts":[{"text":"X"}]},)"
                          R"("finishReason":"STOP"}]})") +
                    kEnd;
  CHECK(AnswerOf(Gemini(), Streamed(two)).text == "Hello é");
}

TEST_CASE("a stream of Gemini that breaks off is a failure of unknown cost, with what came") {
  for (size_t size = 0; size < kBegin.size(); ++size) {
    HttpReply reply = Streamed(kBegin.substr(0, size));
    Reading reading = Gemini().ReadReply(reply);
    CHECK_FALSE(reading.answered);
    CHECK(Name(reading.failure.billing) == "unknown");
    bool known = reading.failure.kind == FailureKind::kNetwork ||
                 reading.failure.kind == FailureKind::kBadReply;
    CHECK(known);
    CHECK(std::string("Hello ").starts_with(Gemini().ReadPartial(reply)));
  }
  Reading reading = Gemini().ReadReply(Streamed(kBegin));
  CHECK(Name(reading.failure.kind) == "network");
  CHECK(reading.partial == "Hello ");
}

TEST_CASE("an error in a stream is found as an event, and as bare JSON of any shape") {
  const std::string line = R"({"error":{"code":503,"message":"it broke","status":"UNAVAILABLE"}})";
  const std::string pretty =
      "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"it broke\",\n    \"status\": "
      "\"UNAVAILABLE\",\n    \"details\": [\n      {\n        \"@type\": \"x\"\n      }\n    ]\n  "
      "}\n}\n";
  const std::string half = kBegin.substr(0, kBegin.size() - 2);  // without its empty line
  for (const std::string& error :
       {Event(line), Event("[" + line + "]"), line, line + "\n", pretty, "[" + pretty + "]\n",
        Replaced(pretty, "\n", "\r\n"), pretty.substr(0, pretty.size() - 1), line + "\n\n: bye\n\n",
        pretty + "\n" + Chunk(R"({"text":"X"})")}) {
    for (const std::string& before : {std::string(), kBegin, half, kBegin + kEnd}) {
      if (before == half && error.starts_with("data:")) continue;
      CAPTURE(error);
      CAPTURE(before);
      Reading reading = Gemini().ReadReply(Streamed(before + error));
      CHECK_FALSE(reading.answered);
      CHECK(Name(reading.failure.kind) == "overloaded");
      CHECK(Name(reading.failure.billing) == "unknown");
      CHECK(Contains(reading.failure.message, "it broke"));
      CHECK(reading.partial.starts_with(before.empty() ? "" : "Hello "));
    }
  }
}

TEST_CASE("what stands in a stream and is no JSON changes nothing") {
  for (const char* stray : {"{", "[", "{\"error\":\n", "}\n", "{}x\n", "[1,2\n]]\n", "hello\n"}) {
    CAPTURE(stray);
    CHECK(AnswerOf(Gemini(), Streamed(kBegin + stray + "\n" + kEnd)).text == "Hello é");
    CHECK(Name(Gemini().ReadReply(Streamed(kBegin + stray)).failure.kind) == "network");
  }
  // A text that never ends is not looked into for long.
  std::string endless = "{\n";
  while (endless.size() < 2'000'000) endless += "}\n";
  CHECK(Name(Gemini().ReadReply(Streamed(kBegin + endless)).failure.kind) == "network");
}

TEST_CASE("events of Gemini of any shape are survived") {
  for (const char* event :
       {"7", "null", "[]", "[1]", "{}", R"({"candidates":7})", R"({"candidates":[7,null]})",
        R"({"candidates":[{"content":7}]})", R"({"candidates":[{"content":{"parts":7}}]})",
        R"({"candidates":[{"content":{"parts":[7,null,[],{"text":7}]}}]})",
        R"({"candidates":[{"index":"x","finishReason":7}]})", R"({"promptFeedback":7})",
        R"({"promptFeedback":{"blockReason":7},"usageMetadata":"x"})"}) {
    CAPTURE(event);
    ChatAnswer answer = AnswerOf(Gemini(), Streamed(Event(event) + kBegin + kEnd));
    CHECK(answer.text == "Hello é");
  }
  CHECK(Name(Failed(Gemini(), Streamed("data: {\"candidates\":\n\n")).kind) == "bad-reply");
}

}  // namespace
}  // namespace muster
