#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/providers/chat_api.h"

namespace muster {
namespace {

const ChatApi& Responses() { return *FindChatApi("openai-responses"); }
const ChatApi& Chat() { return *FindChatApi("openai-chat"); }

HttpReply Http(int64_t status, const std::string& body,
               std::vector<std::pair<std::string, std::string>> headers = {}) {
  return HttpReply{status, std::move(headers), body};
}

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

// The failure of a reply; what is no answer must not read as one either.
Failure Failed(const ChatApi& api, const HttpReply& reply) {
  CAPTURE(reply.body);
  Reading reading = api.ReadReply(reply);
  CHECK_FALSE(reading.answered);
  CHECK(reading.failure.status == reply.status);
  CHECK_FALSE(reading.failure.message.empty());
  if (reply.status == 200) CHECK_FALSE(api.ReadAnswer(reply.body).ok());
  return reading.failure;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string ErrorBody(const std::string& code, const std::string& type,
                      const std::string& message = "words") {
  return R"({"error":{"message":")" + message + R"(","type":)" + type + R"(,"param":null,"code":)" +
         code + "}}";
}

// ---- requests ----

ChatRequest FullRequest(const std::string& model) {
  ChatRequest request;
  request.model = model;
  request.system = "sys";
  request.user = "usr";
  request.max_tokens = 1'000;
  request.reasoning_effort = "high";
  request.verbosity = "low";
  request.mock = "never sent";
  return request;
}

Provider At(const std::string& base_url) {
  Provider provider;
  provider.base_url = base_url;
  return provider;
}

TEST_CASE("a Responses request says what was asked for and never stores it") {
  auto made = Responses().MakeRequest(FullRequest("gpt-5.1"), At("https://api.openai.com/v1"));
  REQUIRE(made);
  CHECK(made->path == "/responses");
  CHECK(made->body == Json{{"model", "gpt-5.1"},
                           {"instructions", "sys"},
                           {"input", "usr"},
                           {"reasoning", {{"effort", "high"}}},
                           {"text", {{"verbosity", "low"}}},
                           {"max_output_tokens", 1'000},
                           {"store", false}});
  ChatRequest least;
  least.model = "gpt-4.1";
  least.temperature = 0.2;
  made = Responses().MakeRequest(least, Provider());
  REQUIRE(made);
  CHECK(made->body ==
        Json{{"model", "gpt-4.1"}, {"input", ""}, {"temperature", 0.2}, {"store", false}});
}

TEST_CASE("a Chat request names things as its server and model want them") {
  auto own = Chat().MakeRequest(FullRequest("gpt-5.1"), At("https://api.openai.com/v1"));
  REQUIRE(own);
  CHECK(own->path == "/chat/completions");
  CHECK(own->body == Json{{"model", "gpt-5.1"},
                          {"messages", Json::array({{{"role", "developer"}, {"content", "sys"}},
                                                    {{"role", "user"}, {"content", "usr"}}})},
                          {"max_completion_tokens", 1'000},
                          {"reasoning_effort", "high"},
                          {"verbosity", "low"}});
  auto other = Chat().MakeRequest(FullRequest("llama-3"), At("http://localhost:8000/v1"));
  REQUIRE(other);
  CHECK(other->body["max_tokens"] == 1'000);
  CHECK_FALSE(other->body.contains("max_completion_tokens"));
  CHECK(other->body["messages"][0]["role"] == "system");
}

TEST_CASE("only OpenAI's own hosts get max_completion_tokens") {
  for (const char* url : {"https://api.openai.com/v1", "https://eu.api.openai.com/v1",
                          "https://mine.openai.azure.com/openai/v1"}) {
    CAPTURE(url);
    CHECK(Chat().MakeRequest(FullRequest("m"), At(url))->body.contains("max_completion_tokens"));
  }
  for (const char* url : {"http://api.openai.com/v1", "https://api.openai.com.example.org/v1",
                          "https://openrouter.ai/api/v1", "https://x.org/api.openai.com", ""}) {
    CAPTURE(url);
    CHECK(Chat().MakeRequest(FullRequest("m"), At(url))->body.contains("max_tokens"));
  }
}

TEST_CASE("extra fields are merged last and may override, but not turn streaming on") {
  ChatRequest request = FullRequest("gpt-5.1");
  request.extra = {{"store", true},
                   {"verbosity", nullptr},
                   {"text", {{"format", {{"type", "json_object"}}}}},
                   {"reasoning", {{"effort", "low"}}}};
  Json body = Responses().MakeRequest(request, Provider())->body;
  CHECK(body["store"] == true);
  CHECK(body["text"] == Json{{"verbosity", "low"}, {"format", {{"type", "json_object"}}}});
  CHECK(body["reasoning"]["effort"] == "low");
  CHECK_FALSE(Chat().MakeRequest(request, Provider())->body.contains("verbosity"));
  for (const ChatApi* api : {&Responses(), &Chat()}) {
    request.extra = {{"stream", true}};
    auto made = api->MakeRequest(request, Provider());
    REQUIRE_FALSE(made);
    CHECK(Contains(made.error(), "stream"));
    request.extra = {{"stream", false}};
    CHECK(api->MakeRequest(request, Provider()));
    request.extra = Json::array({1});
    CHECK_FALSE(api->MakeRequest(request, Provider()));
  }
}

TEST_CASE("an option that the model or API does not take is an error that names it") {
  for (const ChatApi* api : {&Responses(), &Chat()}) {
    for (const char* model :
         {"gpt-5", "gpt-5-mini", "gpt-5.1", "o1", "o3-mini", "o4-mini", "openai/gpt-5.1"}) {
      ChatRequest request;
      request.model = model;
      request.temperature = 0.3;
      auto made = api->MakeRequest(request, Provider());
      REQUIRE_FALSE(made);
      CHECK(Contains(made.error(), model));
      CHECK(Contains(made.error(), "temperature"));
      request.reasoning_effort = "none";
      CHECK(api->MakeRequest(request, Provider()));
    }
    for (const char* model : {"gpt-5-chat-latest", "gpt-4.1", "gpt-50", "o10", "llama-o3"}) {
      CAPTURE(model);
      ChatRequest request;
      request.model = model;
      request.temperature = 0.3;
      CHECK(api->MakeRequest(request, Provider()));
      request.temperature = 2.5;
      CHECK_FALSE(api->MakeRequest(request, Provider()));
    }
  }
  ChatRequest request;
  request.max_tokens = 15;
  auto made = Responses().MakeRequest(request, Provider());
  REQUIRE_FALSE(made);
  CHECK(Contains(made.error(), "max_tokens"));
  CHECK(Contains(made.error(), "16"));
  CHECK(Chat().MakeRequest(request, Provider()));
  request.max_tokens = 16;
  CHECK(Responses().MakeRequest(request, Provider()));
  request.max_tokens = 0;
  CHECK_FALSE(Chat().MakeRequest(request, Provider()));
}

// ---- answers ----

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
  for (const Row& row : std::vector<Row>{{"\"server_error\"", "overloaded"},
                                         {"\"rate_limit_exceeded\"", "rate-limited"},
                                         {"\"insufficient_quota\"", "quota"},
                                         {"\"vector_store_timeout\"", "overloaded"},
                                         {"\"invalid_prompt\"", "bad-request"},
                                         {"\"image_too_large\"", "bad-request"},
                                         {"\"bio_policy\"", "bad-request"},
                                         {"502", "overloaded"},
                                         {"429", "rate-limited"},
                                         {"400", "bad-request"},
                                         {"402", "quota"},
                                         {"null", "overloaded"}}) {
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
  CHECK(Name(failure.kind) == "overloaded");
}

// ---- errors ----

TEST_CASE("HTTP errors become the failures that the governor knows") {
  struct Row {
    int64_t status;
    std::string body;
    const char* kind;
    const char* billing;
  };
  const std::string html = "<html><title>Bad Gateway</title></html>";
  for (const Row& row : std::vector<Row>{
           {429, ErrorBody("\"rate_limit_exceeded\"", "\"requests\""), "rate-limited", "no"},
           {429, ErrorBody("\"rate_limit_exceeded\"", "\"tokens\""), "rate-limited", "no"},
           {429, ErrorBody("\"slow_down\"", "\"rate_limit_error\""), "rate-limited", "no"},
           {429, ErrorBody("\"insufficient_quota\"", "\"insufficient_quota\""), "quota", "no"},
           {429, ErrorBody("null", "\"insufficient_quota\""), "quota", "no"},
           {429, ErrorBody("\"credit_balance_exhausted\"", "\"insufficient_quota\""), "quota",
            "no"},
           {429, ErrorBody("\"project_spend_limit_exceeded\"", "null"), "quota", "no"},
           {429, ErrorBody("\"organization_spend_limit_exceeded\"", "null"), "quota", "no"},
           {429, ErrorBody("\"organization_usage_limit_exceeded\"", "null"), "quota", "no"},
           {429, ErrorBody("\"429\"", "null"), "rate-limited", "no"},
           {429, ErrorBody("429", "\"x\""), "rate-limited", "no"},
           {429, html, "rate-limited", "no"},
           {429, "", "rate-limited", "no"},
           {401, ErrorBody("\"invalid_api_key\"", "\"invalid_request_error\""), "auth", "no"},
           {401, "", "auth", "no"},
           {403, ErrorBody("\"unsupported_country_region_territory\"", "\"request_forbidden\""),
            "auth", "no"},
           {403, R"({"error":{"code":403,"message":"flagged","metadata":{"reasons":["x"]}}})",
            "bad-request", "no"},
           {402, ErrorBody("402", "null"), "quota", "no"},
           {402,
            R"({"error":{"code":402,"message":"x","metadata":)"
            R"({"limit_source":"openrouter_in_flight_budget"}}})",
            "rate-limited", "no"},
           {404, ErrorBody("\"model_not_found\"", "\"invalid_request_error\""), "model-not-found",
            "no"},
           {400, ErrorBody("\"model_not_found\"", "\"invalid_request_error\""), "model-not-found",
            "no"},
           {404, ErrorBody("404", "\"NotFoundError\"", "The model `x` does not exist."),
            "model-not-found", "no"},
           {404, R"({"error":"model 'x' not found, try pulling it first"})", "model-not-found",
            "no"},
           {404, ErrorBody("\"DeploymentNotFound\"", "null", "The API deployment is not there"),
            "model-not-found", "no"},
           {404, ErrorBody("null", "\"invalid_request_error\"", "Invalid URL (POST /v1/x)"),
            "bad-request", "no"},
           {404, R"({"detail":"Not Found"})", "bad-request", "no"},
           {404, "<html>no model here</html>", "bad-request", "no"},
           {400, ErrorBody("\"context_length_exceeded\"", "\"invalid_request_error\""),
            "bad-request", "no"},
           {400, ErrorBody("\"content_filter\"", "null"), "bad-request", "no"},
           {400, R"({"object":"error","message":"too long","type":"BadRequestError","code":400})",
            "bad-request", "no"},
           {413, html, "bad-request", "no"},
           {422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})", "bad-request", "no"},
           {405, "", "bad-request", "no"},
           {408, ErrorBody("null", "\"timeout\""), "overloaded", "no"},
           {408, "", "overloaded", "unknown"},
           {409, ErrorBody("null", "\"conflict\""), "overloaded", "no"},
           {500, ErrorBody("null", "\"server_error\""), "overloaded", "no"},
           {502, html, "overloaded", "unknown"},
           {503, ErrorBody("\"server_is_overloaded\"", "\"service_unavailable_error\""),
            "overloaded", "no"},
           {503, R"({"error":"server busy, please try again"})", "overloaded", "no"},
           {504, "", "overloaded", "unknown"},
           {529, ErrorBody("529", "null"), "overloaded", "no"},
           {500, R"([{"error":{"code":500,"message":"internal","status":"INTERNAL"}}])",
            "overloaded", "no"},
           {500, R"({"error":null})", "overloaded", "unknown"},
           {500, R"({"error":[1]})", "overloaded", "unknown"},
           {301, "", "bad-request", "no"},
           {307, html, "bad-request", "no"},
       }) {
    for (const ChatApi* api : {&Responses(), &Chat()}) {
      CAPTURE(row.status);
      Failure failure = Failed(*api, Http(row.status, row.body));
      CAPTURE(row.body);
      CHECK(Name(failure.kind) == row.kind);
      CHECK(Name(failure.billing) == row.billing);
      CHECK(Contains(failure.message, "HTTP " + std::to_string(row.status)));
    }
  }
}

TEST_CASE("messages name what helps: the path, the redirect's target, the provider's words") {
  Failure failure = Failed(Responses(), Http(404, R"({"detail":"Not Found"})"));
  CHECK(Contains(failure.message, "/responses"));
  failure = Failed(Chat(), Http(404, ""));
  CHECK(Contains(failure.message, "/chat/completions"));
  CHECK(Contains(failure.message, "empty body"));
  failure =
      Failed(Chat(), Http(308, "", {{"location", "https://evil.example/x?token=sk-abcdefgh"}}));
  CHECK(Contains(failure.message, "redirects to https://evil.example/x, which is not followed"));
  failure = Failed(Chat(), Http(400, ErrorBody("\"bad_thing\"", "\"t\"", "do it otherwise")));
  CHECK(failure.message == "HTTP 400: bad_thing: do it otherwise");
  failure = Failed(Chat(), Http(400, ErrorBody("400", "\"BadRequestError\"", "a\\nb\\u001b[2J")));
  CHECK(failure.message == "HTTP 400: BadRequestError: a\\nb\\x1b[2J");
}

TEST_CASE("keys that a server echoes are masked, whole or half") {
  for (const char* words :
       {"Incorrect API key provided: sk-proj-abcdefghijklmnop1234.",
        "Incorrect API key provided: sk-proj-************************1234. You can find it",
        "Incorrect API key provided: abcdefgh****1234.", "bad header Authorization: Bearer xyz1234",
        "BEARER abcdef.ghi-1234 refused", "(sk-ant-api03-zzzz1234)"}) {
    for (const HttpReply& reply :
         {Http(401, ErrorBody("\"invalid_api_key\"", "null", words)), Http(502, words),
          Http(200, words),
          Http(200, "{\"error\":{\"message\":\"" + std::string(words) + "\"}}")}) {
      Failure failure = Failed(Chat(), reply);
      CAPTURE(failure.message);
      CHECK_FALSE(Contains(failure.message, "1234"));
      CHECK(Contains(failure.message, "[key removed]"));
    }
  }
  Failure failure = Failed(
      Chat(),
      Http(400, ErrorBody("null", "null", "use Bearer authentication, task-forces, sk-fold")));
  CHECK(Contains(failure.message, "use Bearer authentication, task-forces, sk-fold"));
  // A key across the place where a long text is cut.
  for (size_t before = 380; before < 410; ++before) {
    std::string text = std::string(before, 'x') + " sk-abcdefghijkl1234";
    failure = Failed(Chat(), Http(400, ErrorBody("null", "null", text)));
    CHECK_FALSE(Contains(failure.message, "sk-abc"));
  }
}

TEST_CASE("x-should-retry decides between trouble that passes and a wrong request") {
  auto kind = [](int64_t status, const char* word) {
    HttpReply reply = Http(status, ErrorBody("null", "null"), {{"x-should-retry", word}});
    return Name(Failed(Responses(), reply).kind);
  };
  CHECK(kind(500, "false") == "bad-request");
  CHECK(kind(400, "true") == "overloaded");
  CHECK(kind(500, "true") == "overloaded");
  CHECK(kind(400, "false") == "bad-request");
  CHECK(kind(429, "false") == "rate-limited");
  CHECK(kind(401, "true") == "auth");
  CHECK(kind(500, "maybe") == "overloaded");
}

TEST_CASE("the wait a provider asks for comes from headers, else from a rate limit's words") {
  std::string limited =
      ErrorBody("\"rate_limit_exceeded\"", "\"requests\"", "Please try again in 1.2s.");
  auto wait = [](const HttpReply& reply) { return Failed(Chat(), reply).retry_after_ms; };
  CHECK(wait(Http(429, limited)) == 1'200);
  CHECK(wait(Http(429, limited, {{"retry-after", "4"}})) == 4'000);
  CHECK(wait(Http(429, limited, {{"retry-after", "NaN"}})) == 1'200);
  CHECK(wait(Http(429, ErrorBody("\"429\"", "null", "Please retry after 37 seconds."))) == 37'000);
  CHECK(wait(Http(429, "slow down")) == std::nullopt);
  CHECK(wait(Http(503, ErrorBody("null", "null"), {{"retry-after-ms", "250"}})) == 250);
  CHECK(wait(Http(500, ErrorBody("null", "null", "Please try again in 1.2s."))) == std::nullopt);
  CHECK(wait(Http(429, limited,
                  {{"date", "Sat, 01 Nov 2025 12:26:40 GMT"},
                   {"retry-after", "Sat, 01 Nov 2025 12:26:49 GMT"}})) == 9'000);
}

TEST_CASE("every API is found by its name, and no other") {
  for (const char* name : {"openai-responses", "openai-chat", "mock"}) CHECK(FindChatApi(name));
  CHECK_FALSE(FindChatApi("openai"));
  CHECK_FALSE(FindChatApi(""));
}

}  // namespace
}  // namespace muster
