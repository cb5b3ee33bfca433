#include "worker/providers/mock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "common/text.h"

namespace muster {
namespace {

const ChatApi& Mock() { return *FindChatApi("mock"); }

ChatRequest Asking(const std::string& user) {
  ChatRequest request;
  request.model = "gpt-5.1";
  request.system = "You describe people.";
  request.user = user;
  return request;
}

ApiRequest Made(const ChatRequest& request) {
  Result<ApiRequest> made = Mock().MakeRequest(request, Provider());
  REQUIRE(made);
  return *made;
}

ChatAnswer AnswerOf(const HttpReply& reply) {
  Result<ChatAnswer> answer = Mock().ReadAnswer(reply.body);
  REQUIRE(answer);
  return *answer;
}

Usage UsageOf(const HttpReply& reply) {
  Reading reading = Mock().ReadReply(reply);
  REQUIRE(reading.answered);
  REQUIRE(reading.usage);
  return *reading.usage;
}

int64_t WordsIn(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  int64_t count = 0;
  while (in >> word) ++count;
  return count;
}

constexpr char kPrompt[] =
    "Maria and João moved to the harbour quarter last spring; they bake bread, repair bicycles "
    "and argue about the rent. Describe how their week looks and what they would save first.";

TEST_CASE("the same request and seed give the same answer, another seed or word another") {
  MockBehaviour behaviour;
  MockReply first = AnswerMock(Made(Asking(kPrompt)), behaviour, 1);
  CHECK(AnswerMock(Made(Asking(kPrompt)), behaviour, 1).reply.body == first.reply.body);
  CHECK(AnswerMock(Made(Asking(kPrompt)), behaviour, 1).latency == first.latency);
  CHECK(AnswerMock(Made(Asking(kPrompt)), behaviour, 2).reply.body == first.reply.body);
  CHECK(AnswerMock(Made(Asking(std::string(kPrompt) + "!")), behaviour, 1).reply.body !=
        first.reply.body);
  behaviour.seed = 2;
  CHECK(AnswerMock(Made(Asking(kPrompt)), behaviour, 1).reply.body != first.reply.body);
}

TEST_CASE("answers are sentences in the prompt's own words") {
  std::set<int64_t> lengths;
  for (int i = 0; i < 50; ++i) {
    HttpReply reply =
        AnswerMock(Made(Asking(kPrompt + std::to_string(i))), MockBehaviour(), 1).reply;
    ChatAnswer answer = AnswerOf(reply);
    int64_t words = WordsIn(answer.text);
    CHECK(words >= 80);
    CHECK(words <= 400);
    lengths.insert(words);
    CHECK(std::ranges::count(answer.text, '.') > 3);
    CHECK(answer.text.ends_with('.'));
    CHECK(IsUtf8(answer.text));
    CHECK(answer.finish == Finish::kStop);
    CHECK(answer.served_model == "gpt-5.1");
  }
  CHECK(lengths.size() > 10);
  std::string text = AnswerOf(AnswerMock(Made(Asking(kPrompt)), MockBehaviour(), 1).reply).text;
  CHECK((text.find("bread") != text.npos || text.find("bicycles") != text.npos ||
         text.find("João") != text.npos || text.find("harbour") != text.npos));
}

TEST_CASE("a prompt without usable words still gets an answer") {
  for (const std::string& prompt : {std::string(), std::string("!!! ???"),
                                    std::string(100'000, 'x'), std::string("\xff\xfe broken")}) {
    HttpReply reply = AnswerMock(Made(Asking(prompt)), MockBehaviour(), 1).reply;
    CHECK(WordsIn(AnswerOf(reply).text) >= 80);
  }
}

TEST_CASE("a wished text comes back exactly, an empty one too") {
  for (const char* text : {"Final answer: 7", "", "{\"a\": [1, 2]}\n", "{{item.name}}"}) {
    ChatRequest request = Asking(kPrompt);
    request.mock = text;
    request.options.max_tokens = 1;
    HttpReply reply = AnswerMock(Made(request), MockBehaviour(), 1).reply;
    CHECK(AnswerOf(reply).text == text);
    CHECK(AnswerOf(reply).finish == Finish::kStop);
    CHECK(UsageOf(reply).output <= 1);
  }
}

TEST_CASE("tokens follow the text: a quarter of the characters, a cache, thinking by effort") {
  ChatRequest request = Asking("äöü!");
  request.system = "x";
  request.mock = "123456789";
  Usage usage = UsageOf(AnswerMock(Made(request), MockBehaviour(), 1).reply);
  CHECK(usage == Usage{2, 0, 0, 3, 0});

  request.user = std::string(4 * 3'000, 'x');
  usage = UsageOf(AnswerMock(Made(request), MockBehaviour(), 1).reply);
  CHECK(usage.input == 3'001);
  CHECK(usage.cached == 960);  // a third, in blocks of 64

  int64_t before = 0;
  for (const char* effort : {"none", "low", "high"}) {
    request.options.reasoning_effort = effort;
    usage = UsageOf(AnswerMock(Made(request), MockBehaviour(), 1).reply);
    CHECK(usage.reasoning >= before);
    CHECK(usage.output == usage.reasoning + 3);
    before = usage.reasoning + 1;
  }
}

TEST_CASE(
    "max_tokens is never passed: an answer fits it, and says so where it is too short for one") {
  for (const char* effort : {"", "high"}) {
    for (int64_t most : {1, 16, 50, 300, 100'000}) {
      ChatRequest request = Asking(kPrompt);
      request.options.max_tokens = most;
      request.options.reasoning_effort = effort;
      HttpReply reply = AnswerMock(Made(request), MockBehaviour(), 1).reply;
      CHECK(UsageOf(reply).output <= most);
      CHECK(UsageOf(reply).reasoning <= UsageOf(reply).output);
      CHECK((AnswerOf(reply).finish == Finish::kLength) == (most < 100));
    }
  }
}

TEST_CASE("where a schema is asked for, the answer is an instance of it") {
  ChatRequest request = Asking(kPrompt);
  request.options.response_schema = {{"type", "object"},
                                     {"properties", {{"answer", {{"enum", {"A", "B"}}}}}},
                                     {"required", {"answer"}},
                                     {"additionalProperties", false}};
  std::set<std::string> seen;
  for (int i = 0; i < 30; ++i) {
    request.user = kPrompt + std::to_string(i);
    ChatAnswer answer = AnswerOf(AnswerMock(Made(request), MockBehaviour(), 1).reply);
    seen.insert(answer.text);
    CHECK(answer.finish == Finish::kStop);
  }
  CHECK(seen == std::set<std::string>{R"({"answer":"A"})", R"({"answer":"B"})"});
  request.mock = "wished";
  CHECK(AnswerOf(AnswerMock(Made(request), MockBehaviour(), 1).reply).text == "wished");
}

TEST_CASE("a schema that cannot be met is refused for good, and nothing is made up") {
  ChatRequest request = Asking(kPrompt);
  request.options.response_schema = {{"type", "string"}, {"pattern", "^\\p{Greek}+$"}};
  HttpReply reply = AnswerMock(Made(request), MockBehaviour(), 1).reply;
  CHECK(reply.status == 400);
  Reading reading = Mock().ReadReply(reply);
  CHECK_FALSE(reading.answered);
  CHECK(reading.failure.message.find("Greek") != std::string::npos);
}

TEST_CASE("latency stays within its bounds and varies") {
  MockBehaviour behaviour;
  behaviour.latency_min = Milliseconds(30);
  behaviour.latency_max = Milliseconds(60);
  std::set<int64_t> seen;
  for (int i = 0; i < 300; ++i) {
    auto latency = AnswerMock(Made(Asking(std::to_string(i))), behaviour, 1).latency.count();
    CHECK(latency >= 30);
    CHECK(latency <= 60);
    seen.insert(latency);
  }
  CHECK(seen.size() > 20);
  behaviour.latency_max = Milliseconds(0);
  CHECK(AnswerMock(Made(Asking("x")), behaviour, 1).latency == Milliseconds(30));
}

TEST_CASE("the asked share of tries fails, in passing ways, and trying again helps") {
  MockBehaviour behaviour;
  behaviour.fail = 0.3;
  int failed = 0, failed_twice = 0;
  std::set<int64_t> statuses;
  for (int i = 0; i < 1'000; ++i) {
    ApiRequest request = Made(Asking(std::to_string(i)));
    HttpReply reply = AnswerMock(request, behaviour, 1).reply;
    CHECK(AnswerMock(request, behaviour, 1).reply.status == reply.status);
    if (reply.status == 200) continue;
    ++failed;
    statuses.insert(reply.status);
    failed_twice += AnswerMock(request, behaviour, 2).reply.status != 200;
    Reading reading = Mock().ReadReply(reply);
    CHECK_FALSE(reading.answered);
    CHECK(Name(reading.failure.billing) == Name(Billing::kNo));
    CHECK(Name(reading.failure.kind) == (reply.status == 429 ? "rate-limited" : "server"));
    CHECK(reading.limits.empty());
    CHECK(reading.failure.retry_after_ms.has_value() == (reply.status == 429));
  }
  CHECK(failed > 200);
  CHECK(failed < 400);
  CHECK(failed_twice > 0);
  CHECK(failed_twice < failed);
  CHECK(statuses == std::set<int64_t>{429, 500, 502});
  behaviour.fail = 1;
  CHECK(AnswerMock(Made(Asking("x")), behaviour, 7).reply.status != 200);
}

TEST_CASE("a mock request carries what decides the answer, extra fields last") {
  ChatRequest request = Asking("u");
  request.options.verbosity = "low";
  request.options.temperature = 0.5;
  request.extra = {{"temperature", 0.7}, {"top_p", 0.9}};
  Json body = Made(request).body;
  CHECK(body == Json{{"model", "gpt-5.1"},
                     {"system", "You describe people."},
                     {"user", "u"},
                     {"temperature", 0.7},
                     {"verbosity", "low"},
                     {"top_p", 0.9}});
  request.extra = {{"max_tokens", 5}};
  CHECK_FALSE(Mock().MakeRequest(request, Provider()));
}

}  // namespace
}  // namespace muster
