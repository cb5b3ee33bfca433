// What errors of Anthropic's Messages API mean, by status and inside a success.

#include "tests/provider_testing.h"

namespace muster {
namespace {

std::string Error(const std::string& type, const std::string& message = "words",
                  const std::string& details = "") {
  return R"({"type":"error","error":{"type":")" + type + R"(","message":")" + message + "\"" +
         details + R"(},"request_id":"req_1"})";
}

const char kSpendLimit[] =
    "You have reached your organization's enforced spend limit. You will regain access on "
    "2026-09-01 at 00:00 UTC.";
const std::string kEnforced = Error("rate_limit_error", kSpendLimit,
                                    R"(,"details":{"error_code":"enforced_spend_limit_reached"})");
const char kHtml[] = "<html><head><title>413 Request Entity Too Large</title></head></html>";

TEST_CASE("every documented error of the Messages API is the failure that the governor knows") {
  struct Row {
    int64_t status;
    std::string body;
    const char* kind;
    const char* billing;
  };
  for (const Row& row : std::vector<Row>{
           {400, Error("invalid_request_error"), "bad-request", "no"},
           {400, Error("invalid_request_error", "prompt is too long: 210000 tokens > 200000"),
            "bad-request", "no"},
           {400, Error("invalid_request_error", "`temperature` is deprecated for this model."),
            "bad-request", "no"},
           {400,
            Error("invalid_request_error",
                  "You have reached your specified workspace API usage limits. You will regain "
                  "access on 2026-09-01 at 00:00 UTC."),
            "quota", "no"},
           {400,
            Error("invalid_request_error", "You have reached your specified API usage limits."),
            "quota", "no"},
           {400,
            Error("invalid_request_error",
                  "Your credit balance is too low to access the Anthropic API. Please go to Plans "
                  "& Billing to upgrade or purchase credits."),
            "quota", "no"},
           {400, Error("invalid_request_error", "Say: Your credit balance is too low"),
            "bad-request", "no"},
           {401, Error("authentication_error", "invalid x-api-key"), "auth", "no"},
           {401, "", "auth", "no"},
           {402, Error("billing_error"), "quota", "no"},
           {402, "", "quota", "no"},
           {403, Error("permission_error"), "auth", "no"},
           {403, Error("forbidden", "Request not allowed"), "auth", "no"},
           {404, Error("not_found_error", "model: claude-9"), "model-not-found", "no"},
           {404, Error("not_found_error", "Not Found"), "bad-request", "no"},
           {404, "", "model-not-found", "no"},
           {404, "<html>no model here</html>", "model-not-found", "no"},
           {409, Error("conflict_error"), "server", "no"},
           {408, "", "server", "unknown"},
           {413, Error("request_too_large"), "bad-request", "no"},
           {413, kHtml, "bad-request", "no"},
           {422, Error("invalid_request_error"), "bad-request", "no"},
           {429, Error("rate_limit_error"), "rate-limited", "no"},
           {429, "", "rate-limited", "no"},
           {429, kEnforced, "quota", "no"},
           {429, Error("invalid_request_error"), "rate-limited", "no"},
           {500, Error("api_error"), "server", "no"},
           {500, "", "server", "unknown"},
           {502, kHtml, "server", "unknown"},
           {503, "", "overloaded", "unknown"},
           {504, Error("timeout_error"), "server", "no"},
           {529, Error("overloaded_error"), "overloaded", "no"},
           {529, "", "overloaded", "unknown"},
           {529, Error("api_error"), "server", "no"},
       }) {
    CAPTURE(row.status);
    CAPTURE(row.body);
    Failure failure = Failed(Anthropic(), Http(row.status, row.body));
    CHECK(Name(failure.kind) == row.kind);
    CHECK(Name(failure.billing) == row.billing);
    CHECK_FALSE(failure.model_only);
  }
}

TEST_CASE("a schema that Anthropic refuses is told from a request that it refuses") {
  struct Row {
    const char* message;
    const char* kind;
  };
  for (const Row& row :
       {Row{"output_config.format.schema: For 'object' type, 'additionalProperties' must be "
            "explicitly set to false",
            "bad-schema"},
        Row{"output_config.format.schema: Invalid schema: The compiled grammar is too large, which "
            "would cause performance issues.",
            "bad-schema"},
        Row{"The compiled grammar is too large, which would cause performance issues.",
            "bad-schema"},
        Row{"output_config.format: Invalid schema", "bad-schema"},
        Row{"messages.0.content: output_config.format.schema", "bad-request"},
        Row{"output_config.effort: Input should be 'low', 'medium' or 'high'", "bad-request"}}) {
    CAPTURE(row.message);
    std::string body = Error("invalid_request_error", row.message);
    CHECK(Name(Failed(Anthropic(), Http(400, body)).kind) == row.kind);
    CHECK(Name(Failed(Anthropic(), Http(200, body)).kind) == row.kind);
  }
}

TEST_CASE("an error inside a success is the failure that its type says") {
  struct Row {
    const char* type;
    const char* kind;
  };
  for (const Row& row : {Row{"overloaded_error", "overloaded"},
                         {"rate_limit_error", "rate-limited"},
                         {"api_error", "server"},
                         {"timeout_error", "server"},
                         {"billing_error", "quota"},
                         {"authentication_error", "auth"},
                         {"permission_error", "auth"},
                         {"invalid_request_error", "bad-request"},
                         {"request_too_large", "bad-request"},
                         {"something_new", "server"}}) {
    CAPTURE(row.type);
    Failure failure = Failed(Anthropic(), Http(200, Error(row.type, "it broke")));
    CHECK(Name(failure.kind) == row.kind);
    CHECK(Name(failure.billing) == "unknown");
    CHECK(Contains(failure.message, "it broke"));
  }
  Failure failure = Failed(Anthropic(), Http(200, kEnforced));
  CHECK(Name(failure.kind) == "quota");
}

TEST_CASE("a spend limit says when it is open again, counted from the reply's own time") {
  auto wait = [](const std::string& message,
                 std::vector<std::pair<std::string, std::string>> headers,
                 int64_t received_ms = 0) {
    HttpReply reply = Http(400, Error("billing_error", message), std::move(headers));
    reply.received_ms = received_ms;
    return Failed(Anthropic(), reply).retry_after_ms;
  };
  const std::string again = "You will regain access on 2026-09-01 at 00:00 UTC.";
  CHECK(wait(again, {{"date", "Mon, 31 Aug 2026 23:00:00 GMT"}}) == 3'600'000);
  CHECK(wait(again, {}, 1'788'220'799'000) == 1'000);
  // It has passed, and still nothing goes.
  CHECK(wait(again, {{"date", "Tue, 01 Sep 2026 09:00:00 GMT"}}) == std::nullopt);
  CHECK(wait(again, {{"date", "Mon, 31 Aug 2026 23:00:00 GMT"}, {"retry-after", "7"}}) == 7'000);
  CHECK(wait(again, {}) == std::nullopt);
  for (const char* words :
       {"You will regain access on 2026-13-01 at 00:00 UTC",
        "You will regain access on 2026-02-30 at 00:00 UTC",
        "You will regain access on 2026-09-01 at 25:00 UTC",
        "You will regain access on 2026-09-01 at 00:00 PST",
        "You will regain access on 2026-9-1 at 00:00 UTC", "You will regain access on",
        "You will regain access on -026-09-01 at 00:00 UTC", "You will regain access soon"}) {
    CAPTURE(words);
    CHECK(wait(words, {{"date", "Mon, 31 Aug 2026 23:00:00 GMT"}}) == std::nullopt);
  }
  // A date in a message that is about something else means nothing.
  HttpReply other =
      Http(400, Error("invalid_request_error", again), {{"date", "Mon, 31 Aug 2026 23:00:00 GMT"}});
  CHECK(Failed(Anthropic(), other).retry_after_ms == std::nullopt);
}

TEST_CASE("a rate limit's wait is the header's; a subscription's is its reset") {
  auto wait = [](std::vector<std::pair<std::string, std::string>> headers, int64_t status = 429) {
    headers.emplace_back("date", "Thu, 21 Aug 2025 12:40:00 GMT");
    return Failed(Anthropic(), Http(status, Error("rate_limit_error"), std::move(headers)))
        .retry_after_ms;
  };
  const std::string name = "anthropic-ratelimit-unified-reset";
  CHECK(wait({{"retry-after", "12"}}) == 12'000);
  CHECK(wait({}) == std::nullopt);
  CHECK(wait({{name, "1755780030"}}) == 30'000);
  CHECK(wait({{name, "1755780030"}, {"retry-after", "5"}}) == 5'000);
  CHECK(wait({{name, "1700000000"}}) == 0);
  for (const char* nonsense :
       {"", "soon", "-5", "0", "1e9", "99999999999999999999", "1755780030.5"}) {
    CHECK(wait({{name, nonsense}}) == std::nullopt);
  }
  HttpReply overloaded = Http(529, Error("overloaded_error"),
                              {{"date", "Thu, 21 Aug 2025 12:40:00 GMT"}, {name, "1755780030"}});
  CHECK(Failed(Anthropic(), overloaded).retry_after_ms == std::nullopt);
}

TEST_CASE("keys in Anthropic's words are masked") {
  Failure failure =
      Failed(Anthropic(),
             Http(401, Error("authentication_error", "invalid x-api-key: sk-ant-api03-zz12")));
  CHECK_FALSE(Contains(failure.message, "zz12"));
  CHECK(failure.message == "HTTP 401: authentication_error: invalid x-api-key: sk-[key removed]");
}

}  // namespace
}  // namespace muster
