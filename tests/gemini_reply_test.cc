// What successes of Google's Gemini API hold, and those that hold nothing.

#include "tests/provider_testing.h"

namespace muster {
namespace {

const std::string kCounts =
    R"(,"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,)"
    R"("candidatesTokenCount":20,"thoughtsTokenCount":30,"toolUsePromptTokenCount":5,)"
    R"("totalTokenCount":155,"promptTokensDetails":[{"modality":"TEXT","tokenCount":100}]})"
    R"(,"modelVersion":"gemini-2.5-flash-001","responseId":"r1")";

std::string Candidate(const std::string& content, const std::string& reason) {
  return R"({"candidates":[{)" + content + R"("finishReason":)" + reason + R"(,"index":0,)" +
         R"("safetyRatings":[]}])" + kCounts + "}";
}

std::string Parts(const std::string& parts) {
  return R"("content":{"role":"model","parts":[)" + parts + "]},";
}

const std::string kHello = Parts(R"({"text":"Hello"})");

TEST_CASE("a candidate's answer is its text without the thoughts, with every token it took") {
  std::string body = Candidate(Parts(R"({"text":"hmm","thought":true},{"text":"Hello"},)"
                                     R"({"text":" you","thought":false,"thoughtSignature":"s"},)"
                                     R"({"executableCode":{"code":"1"}})"),
                               "\"STOP\"");
  Reading reading = Gemini().ReadReply(Http(200, body));
  REQUIRE(reading.answered);
  CHECK(reading.body == body);
  CHECK(reading.usage == Usage{105, 60, 0, 50, 30, 0});
  CHECK(reading.tier == "");
  ChatAnswer answer = AnswerOf(Gemini(), Http(200, body));
  CHECK(answer.text == "Hello you");
  CHECK(answer.finish == Finish::kStop);
  CHECK(answer.served_model == "gemini-2.5-flash-001");
}

TEST_CASE("every documented reason to finish is known; those of a mishap leave no answer") {
  struct Row {
    const char* reason;
    Finish finish;
    const char* text;
  };
  for (const Row& row :
       std::vector<Row>{{"STOP", Finish::kStop, "Hello"},
                        {"MAX_TOKENS", Finish::kLength, "Hello"},
                        {"SAFETY", Finish::kContentFilter, "Hello"},
                        {"RECITATION", Finish::kContentFilter, "Hello"},
                        {"LANGUAGE", Finish::kContentFilter, "Hello"},
                        {"BLOCKLIST", Finish::kContentFilter, "Hello"},
                        {"PROHIBITED_CONTENT", Finish::kContentFilter, "Hello"},
                        {"SPII", Finish::kContentFilter, "Hello"},
                        {"IMAGE_SAFETY", Finish::kContentFilter, "Hello"},
                        {"IMAGE_PROHIBITED_CONTENT", Finish::kContentFilter, "Hello"},
                        {"IMAGE_RECITATION", Finish::kContentFilter, "Hello"},
                        {"OTHER", Finish::kOther, ""},
                        {"MALFORMED_FUNCTION_CALL", Finish::kOther, ""},
                        {"UNEXPECTED_TOOL_CALL", Finish::kOther, ""},
                        {"TOO_MANY_TOOL_CALLS", Finish::kOther, ""},
                        {"NO_IMAGE", Finish::kOther, ""},
                        {"IMAGE_OTHER", Finish::kOther, ""},
                        {"CONTINUATION", Finish::kOther, ""},
                        {"FINISH_REASON_UNSPECIFIED", Finish::kOther, ""},
                        {"SOMETHING_NEW", Finish::kOther, ""}}) {
    CAPTURE(row.reason);
    std::string reason = "\"" + std::string(row.reason) + "\"";
    ChatAnswer answer = AnswerOf(Gemini(), Http(200, Candidate(kHello, reason)));
    CHECK(answer.finish == row.finish);
    CHECK(answer.finish_text == row.reason);
    CHECK(answer.text == row.text);
    if (row.finish == Finish::kStop) continue;
    // Content, or its parts, may be missing.
    for (const char* content : {"", R"("content":{},)", R"("content":{"role":"model"},)",
                                R"("content":{"parts":[{"text":"hm","thought":true}]},)"}) {
      ChatAnswer none = AnswerOf(Gemini(), Http(200, Candidate(content, reason)));
      CHECK(none.finish == row.finish);
      CHECK(none.text == "");
    }
  }
}

TEST_CASE("a prompt that was blocked is answered, by the filter") {
  for (const char* why :
       {"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "SOMETHING_NEW"}) {
    for (const char* candidates : {"", R"("candidates":[],)"}) {
      std::string body = "{" + std::string(candidates) + R"("promptFeedback":{"blockReason":")" +
                         why +
                         R"(","safetyRatings":[]},"usageMetadata":{"promptTokenCount":8,)"
                         R"("totalTokenCount":8},"modelVersion":"m"})";
      ChatAnswer answer = AnswerOf(Gemini(), Http(200, body));
      CHECK(answer.finish == Finish::kContentFilter);
      CHECK(answer.finish_text == why);
      CHECK(answer.text == "");
      CHECK(Gemini().ReadReply(Http(200, body)).usage == Usage{8, 0, 0, 0, 0, 0});
    }
  }
}

TEST_CASE("usage of Gemini is read where it adds up and unknown everywhere else") {
  std::string body =
      R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],)"
      R"("usageMetadata":USAGE})";
  CheckUsage(
      Gemini(), body,
      {{R"({"promptTokenCount":9,"candidatesTokenCount":12,"totalTokenCount":21})",
        Usage{9, 0, 0, 12, 0, 0}},
       {R"({"promptTokenCount":9,"candidatesTokenCount":12,"thoughtsTokenCount":5,)"
        R"("totalTokenCount":26})",
        Usage{9, 0, 0, 17, 5, 0}},
       {R"({"promptTokenCount":9,"cachedContentTokenCount":9,"thoughtsTokenCount":5,)"
        R"("totalTokenCount":14})",
        Usage{9, 9, 0, 5, 5, 0}},
       {R"({"promptTokenCount":9,"toolUsePromptTokenCount":2,"candidatesTokenCount":null,)"
        R"("totalTokenCount":11})",
        Usage{11, 0, 0, 0, 0, 0}},
       {R"({"totalTokenCount":0})", Usage{}},
       // What is missing cannot be 0 where the total says otherwise, or nothing.
       {R"({"promptTokenCount":9,"totalTokenCount":21})", std::nullopt},
       {R"({"candidatesTokenCount":9,"totalTokenCount":21})", std::nullopt},
       {R"({"promptTokenCount":9,"candidatesTokenCount":12,"totalTokenCount":20})", std::nullopt},
       {R"({"promptTokenCount":9,"candidatesTokenCount":12})", std::nullopt},
       {R"({"promptTokenCount":9,"candidatesTokenCount":12,"totalTokenCount":"21"})", std::nullopt},
       {R"({"promptTokenCount":9,"cachedContentTokenCount":10,"totalTokenCount":9})", std::nullopt},
       // Absurd.
       {"null", std::nullopt},
       {"{}", std::nullopt},
       {"[9,12,21]", std::nullopt},
       {R"("many")", std::nullopt},
       {R"({"promptTokenCount":-9,"candidatesTokenCount":12,"totalTokenCount":3})", std::nullopt},
       {R"({"promptTokenCount":9,"candidatesTokenCount":-1,"totalTokenCount":8})", std::nullopt},
       {R"({"promptTokenCount":"9","candidatesTokenCount":12,"totalTokenCount":21})", std::nullopt},
       {R"({"promptTokenCount":9.5,"candidatesTokenCount":12,"totalTokenCount":21.5})",
        std::nullopt},
       {R"({"promptTokenCount":100000001,"totalTokenCount":100000001})", std::nullopt},
       {R"({"candidatesTokenCount":60000000,"thoughtsTokenCount":60000000,)"
        R"("totalTokenCount":120000000})",
        std::nullopt},
       {R"({"promptTokenCount":1000000000000000000,"totalTokenCount":1000000000000000000})",
        std::nullopt},
       {R"({"promptTokenCount":18446744073709551615,"totalTokenCount":18446744073709551615})",
        std::nullopt}});
}

TEST_CASE("the tier is the one that the service, or Vertex AI, names") {
  auto tier = [](const std::string& members) {
    return Gemini()
        .ReadReply(Http(200, R"({"candidates":[{"content":{"parts":[{"text":"x"}]},)"
                             R"("finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":0)" +
                                 members + "}}"))
        .tier;
  };
  CHECK(tier("") == "");
  CHECK(tier(R"(,"trafficType":"ON_DEMAND")") == "ON_DEMAND");
  CHECK(tier(R"(,"trafficType":"PROVISIONED_THROUGHPUT")") == "PROVISIONED_THROUGHPUT");
  CHECK(tier(R"(,"serviceTier":"standard")") == "standard");
}

TEST_CASE("a success of Gemini that holds no answer is a bad reply") {
  for (const char* body :
       {"",
        "  \n",
        "<html><body>502 Bad Gateway</body></html>",
        "{",
        "{}",
        "[]",
        "null",
        "7",
        R"({"candidates":[]})",
        R"({"candidates":{}})",
        R"({"candidates":[null]})",
        R"({"candidates":["x"]})",
        R"({"promptFeedback":{}})",
        R"({"promptFeedback":"SAFETY"})",
        R"({"promptFeedback":{"blockReason":null}})",
        R"({"candidates":[{"content":{"parts":[{"text":"x"}]}}]})",
        R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":""}]})",
        R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":7}]})",
        R"({"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]})",
        R"({"candidates":[{"content":{"parts":"x"},"finishReason":"STOP"}]})",
        R"({"candidates":[{"content":{"parts":[1,null]},"finishReason":"STOP"}]})",
        R"({"candidates":[{"content":{"parts":[{"text":"x","thought":true}]},)"
        R"("finishReason":"STOP"}]})"}) {
    Failure failure = Failed(Gemini(), Http(200, body));
    CHECK(Name(failure.kind) == "bad-reply");
    CHECK(Name(failure.billing) == "unknown");
  }
  Failure empty = Failed(Gemini(), Http(200, Candidate(Parts(""), "\"STOP\"")));
  CHECK(Name(empty.kind) == "bad-reply");
  CHECK(Name(empty.billing) == "usage");
}

}  // namespace
}  // namespace muster
