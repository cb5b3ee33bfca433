// What errors of OpenAI's two text APIs, and of those who imitate them, mean.

#include "tests/openai_testing.h"

namespace muster {
namespace {

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
           {503, ErrorBody("\"slow_down\"", "\"rate_limit_error\""), "overloaded", "no"},
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
            "model-not-found", "no"},
           {404, R"({"detail":"Not Found"})", "model-not-found", "no"},
           {404, "<html>no model here</html>", "model-not-found", "no"},
           {400, ErrorBody("\"context_length_exceeded\"", "\"invalid_request_error\""),
            "bad-request", "no"},
           {400, ErrorBody("\"content_filter\"", "null"), "bad-request", "no"},
           {400, R"({"object":"error","message":"too long","type":"BadRequestError","code":400})",
            "bad-request", "no"},
           {413, html, "bad-request", "no"},
           {422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})", "bad-request", "no"},
           {405, "", "bad-request", "no"},
           {408, ErrorBody("null", "\"timeout\""), "server", "no"},
           {408, "", "server", "unknown"},
           {409, ErrorBody("null", "\"conflict\""), "server", "no"},
           {500, ErrorBody("null", "\"server_error\""), "server", "no"},
           {500, ErrorBody("\"server_error\"", "null"), "server", "no"},
           {503, ErrorBody("\"server_error\"", "null"), "overloaded", "no"},
           {503, html, "overloaded", "unknown"},
           {521, "", "server", "unknown"},
           {502, html, "server", "unknown"},
           {503, ErrorBody("\"server_is_overloaded\"", "\"service_unavailable_error\""),
            "overloaded", "no"},
           {503, R"({"error":"server busy, please try again"})", "overloaded", "no"},
           {504, "", "server", "unknown"},
           {529, ErrorBody("529", "null"), "overloaded", "no"},
           {500, R"([{"error":{"code":500,"message":"internal","status":"INTERNAL"}}])", "server",
            "no"},
           {500, R"({"error":null})", "server", "unknown"},
           {500, R"({"error":[1]})", "server", "unknown"},
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

TEST_CASE("a schema that the provider refuses is told from a request that it refuses") {
  struct Row {
    int64_t status;
    const char* code;
    const char* param;
    const char* message;
    const char* kind;
  };
  const char* invalid = "Invalid schema for response_format 'answer': 'additionalProperties' is";
  for (const Row& row : std::vector<Row>{
           {400, "\"invalid_json_schema\"", "\"text.format.schema\"", invalid, "bad-schema"},
           {400, "\"invalid_json_schema\"", "null", "words", "bad-schema"},
           {400, "null", "\"response_format\"", invalid, "bad-schema"},
           {400, "null", "null", invalid, "bad-schema"},
           {422, "null", "\"response_format.json_schema\"", "no such schema", "bad-schema"},
           {400, "\"missing_required_parameter\"", "\"text.format.name\"",
            "Missing required parameter: 'text.format.name'.", "bad-request"},
           {400, "null", "\"messages\"",
            "'messages' must contain 'json' to use 'response_format' of a schema", "bad-request"},
           {400, "null", "\"input\"", "Summarize: Invalid schema for response_format",
            "bad-request"},
           {404, "null", "null", invalid, "model-not-found"},
           {500, "null", "\"response_format\"", invalid, "server"},
           {429, "null", "\"response_format\"", invalid, "rate-limited"},
       }) {
    CAPTURE(row.message);
    CAPTURE(row.param);
    std::string body = R"({"error":{"message":")" + std::string(row.message) +
                       R"(","type":"invalid_request_error","param":)" + row.param + R"(,"code":)" +
                       row.code + "}}";
    for (const ChatApi* api : {&Responses(), &Chat()}) {
      Failure failure = Failed(*api, Http(row.status, body));
      CHECK(Name(failure.kind) == row.kind);
      CHECK_FALSE(failure.model_only);
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
  CHECK(kind(503, "false") == "bad-request");
  CHECK(kind(400, "true") == "server");
  CHECK(kind(500, "true") == "server");
  CHECK(kind(503, "true") == "overloaded");
  CHECK(kind(400, "false") == "bad-request");
  CHECK(kind(429, "false") == "rate-limited");
  CHECK(kind(401, "true") == "auth");
  CHECK(kind(500, "maybe") == "server");
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

}  // namespace
}  // namespace muster
