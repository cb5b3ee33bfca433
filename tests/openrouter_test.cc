// OpenRouter: OpenAI's form, with reasoning, cost and errors in its own way.

#include "tests/openai_testing.h"

namespace muster {
namespace {

const ChatApi& Api() { return *FindChatApi("openrouter"); }

std::string Reply(const std::string& usage) {
  return R"({"id":"gen-1","provider":"P","model":"a/b","choices":[{"index":0,"message":)"
         R"({"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":)" +
         usage + "}";
}

TEST_CASE("an OpenRouter request has reasoning as an object and never asks for usage") {
  ChatRequest request;
  request.model = "anthropic/claude-sonnet-4.5";
  request.system = "sys";
  request.user = "usr";
  request.options.max_tokens = 100;
  request.options.reasoning_effort = "high";
  request.options.prompt_cache = "1h";
  auto made = Api().MakeRequest(request, Provider());
  REQUIRE(made);
  CHECK(made->path == "/chat/completions");
  CHECK(made->body == *ParseJson(R"({"model":"anthropic/claude-sonnet-4.5","messages":[
      {"role":"system","content":[{"type":"text","text":"sys",
       "cache_control":{"type":"ephemeral","ttl":"1h"}}]},
      {"role":"user","content":"usr"}],"max_tokens":100,"reasoning":{"effort":"high"}})"));
  CHECK(made->delivery == Json{{"stream", true}});
  request.options = {};
  request.options.thinking_tokens = 2'000;
  CHECK(Api().MakeRequest(request, Provider())->body["reasoning"] == Json{{"max_tokens", 2'000}});
  request.options = {};
  request.options.thinking = "off";
  CHECK(Api().MakeRequest(request, Provider())->body["reasoning"] == Json{{"enabled", false}});
}

TEST_CASE("OpenRouter's own cost is read to the picodollar, and nonsense is none") {
  auto cost = [](const std::string& text) {
    return Api()
        .ReadReply(
            Http(200, Reply(R"({"prompt_tokens":1,"completion_tokens":2,"cost":)" + text + "}")))
        .own_cost;
  };
  CHECK(cost("0.000138") == 138'000'000);
  CHECK(cost("0.000000000001") == 1);
  CHECK(cost("1.234567890123") == 1'234'567'890'123);
  CHECK(cost("0") == 0);
  for (const char* none : {"-1", "1e300", "\"0.1\"", "null", "{}"}) CHECK_FALSE(cost(none));
}

TEST_CASE("an OpenRouter stream has its cost, and comments between its chunks") {
  Reading reading = Api().ReadReply(
      Http(200,
           ": OPENROUTER PROCESSING\n\n"
           R"(data: {"id":"gen-1","model":"a/b","choices":[{"index":0,"delta":{"content":"Hi"}}]})"
           "\n\n: OPENROUTER PROCESSING\n\n"
           R"(data: {"id":"gen-1","model":"a/b","choices":[{"index":0,"delta":{"content":""},)"
           R"("finish_reason":"stop","native_finish_reason":"end_turn"}]})"
           "\n\n"
           R"(data: {"id":"gen-1","model":"a/b","choices":[],"usage":{"prompt_tokens":5,)"
           R"("completion_tokens":3,"total_tokens":8,"cost":0.5,)"
           R"("prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":1}}})"
           "\n\ndata: [DONE]\n\n",
           {{"content-type", "text/event-stream"}}));
  REQUIRE(reading.answered);
  CHECK(reading.own_cost == 500'000'000'000);
  CHECK(reading.usage == Usage{5, 2, 1, 3, 0});
}

TEST_CASE("OpenRouter's errors have the status as their code, also inside a success") {
  struct Row {
    int64_t code;
    const char* more;
    FailureKind kind;
  };
  const Row kRows[] = {
      {400, "", FailureKind::kBadRequest},
      {401, "", FailureKind::kAuth},
      {402, "", FailureKind::kQuota},
      {402, R"(,"metadata":{"limit_source":"openrouter_in_flight_budget"})",
       FailureKind::kRateLimited},
      {403, R"(,"metadata":{"reasons":["x"],"flagged_input":"y"})", FailureKind::kBadRequest},
      {403, "", FailureKind::kAuth},
      {408, "", FailureKind::kServer},
      {413, "", FailureKind::kBadRequest},
      {422, "", FailureKind::kBadRequest},
      {429, "", FailureKind::kRateLimited},
      {500, "", FailureKind::kServer},
      {502, "", FailureKind::kServer},
      {503, "", FailureKind::kOverloaded},
      {524, "", FailureKind::kServer},
      {529, "", FailureKind::kOverloaded},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.code);
    std::string error = fmt::format(R"("error":{{"code":{},"message":"m"{}}})", row.code, row.more);
    CHECK(Failed(Api(), Http(row.code, "{" + error + "}")).kind == row.kind);
    CHECK(Failed(Api(), Http(200, "{" + error + "}")).kind == row.kind);
    // As a chunk, after words have come.
    Reading streamed = Api().ReadReply(
        Http(200,
             R"(data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]})"
             "\n\ndata: {" +
                 error +
                 R"(,"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})"
                 "\n\ndata: [DONE]\n\n",
             {{"content-type", "text/event-stream"}}));
    CHECK_FALSE(streamed.answered);
    CHECK(streamed.failure.kind == row.kind);
    CHECK(streamed.partial == "Hi");
  }
  CHECK(
      Failed(Api(), Http(404, R"({"error":{"code":404,"message":"No endpoints found for model"}})"))
          .kind == FailureKind::kModelNotFound);
}

}  // namespace
}  // namespace muster
