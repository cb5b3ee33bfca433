// What errors of Google's Gemini API mean, by status and inside a success.

#include "tests/provider_testing.h"

namespace muster {
namespace {

std::string Error(int64_t code, const std::string& status, const std::string& message = "words",
                  const std::string& details = "") {
  return R"({"error":{"code":)" + std::to_string(code) + R"(,"message":")" + message +
         R"(","status":")" + status + "\"" +
         (details.empty() ? "" : R"(,"details":[)" + details + "]") + "}}";
}

std::string Detail(const std::string& type, const std::string& members) {
  return R"({"@type":"type.googleapis.com/google.rpc.)" + type + "\"," + members + "}";
}

std::string Reason(const std::string& reason) {
  return Detail("ErrorInfo", R"("reason":")" + reason + R"(","domain":"googleapis.com")");
}

std::string Quota(const std::string& id) {
  return Detail("QuotaFailure", R"("violations":[{"quotaMetric":"m","quotaId":")" + id + "\"}]");
}

std::string RetryIn(const std::string& delay) {
  return Detail("RetryInfo", R"("retryDelay":")" + delay + "\"");
}

const char kPerDay[] = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
const char kPerMinute[] = "GenerateContentInputTokensPerModelPerMinute-FreeTier";

TEST_CASE("every documented error of Gemini is the failure that the governor knows") {
  struct Row {
    int64_t status;
    std::string body;
    const char* kind;
    const char* billing;
  };
  const std::string html = "<html><title>Error 404 (Not Found)!!1</title></html>";
  for (const Row& row : std::vector<Row>{
           {400, Error(400, "INVALID_ARGUMENT"), "bad-request", "no"},
           {400, "[" + Error(400, "INVALID_ARGUMENT") + "]", "bad-request", "no"},
           {400, "", "bad-request", "no"},
           {400,
            Error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
                  Reason("API_KEY_INVALID")),
            "auth", "no"},
           {400, Error(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."),
            "auth", "no"},
           {400, Error(400, "INVALID_ARGUMENT", "x", Reason("API_KEY_INVALID")), "auth", "no"},
           {400, "[" + Error(400, "INVALID_ARGUMENT", "x", Reason("API_KEY_INVALID")) + "]", "auth",
            "no"},
           {400,
            Error(400, "INVALID_ARGUMENT",
                  "* GenerateContentRequest.model: unexpected model "
                  "name format"),
            "model-not-found", "no"},
           {400,
            Error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
            "auth", "no"},
           {400,
            Error(400, "FAILED_PRECONDITION",
                  "Gemini API free tier is not available in your country. Please enable "
                  "billing on your project in Google AI Studio."),
            "quota", "no"},
           {400, Error(400, "FAILED_PRECONDITION", "x", Reason("BILLING_DISABLED")), "quota", "no"},
           {400, Error(400, "FAILED_PRECONDITION", "Precondition check failed."), "bad-request",
            "no"},
           {400, Error(400, "OUT_OF_RANGE"), "bad-request", "no"},
           {401, Error(401, "UNAUTHENTICATED"), "auth", "no"},
           {401, Error(401, "PERMISSION_DENIED"), "auth", "no"},
           {401, "", "auth", "no"},
           {402, Error(402, "RESOURCE_EXHAUSTED"), "quota", "no"},
           {402, "", "quota", "no"},
           {403, Error(403, "PERMISSION_DENIED"), "auth", "no"},
           {403, Error(403, "PERMISSION_DENIED", "x", Reason("SERVICE_DISABLED")), "auth", "no"},
           {404, Error(404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta"),
            "model-not-found", "no"},
           {404, "[" + Error(404, "NOT_FOUND", "Publisher Model `x` was not found") + "]",
            "model-not-found", "no"},
           {404, html, "model-not-found", "no"},
           {404, "", "model-not-found", "no"},
           {409, Error(409, "ABORTED"), "server", "no"},
           {413, html, "bad-request", "no"},
           {429, Error(429, "RESOURCE_EXHAUSTED"), "rate-limited", "no"},
           {429,
            Error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
            "rate-limited", "no"},
           {429, Error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), "quota",
            "no"},
           {429,
            Error(429, "RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap."),
            "quota", "no"},
           {429, "", "rate-limited", "no"},
           {499, Error(499, "CANCELLED"), "server", "no"},
           {500, Error(500, "INTERNAL"), "server", "no"},
           {500, Error(500, "UNKNOWN"), "server", "no"},
           {500, "[" + Error(500, "INTERNAL") + "]", "server", "no"},
           {500, "", "server", "unknown"},
           {501, Error(501, "UNIMPLEMENTED"), "bad-request", "no"},
           {502, html, "server", "unknown"},
           {503, Error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
            "overloaded", "no"},
           {503, "", "overloaded", "unknown"},
           {504, Error(504, "DEADLINE_EXCEEDED"), "server", "no"},
           {504, "", "server", "unknown"},
           {429, Error(429, "SOMETHING_NEW"), "rate-limited", "no"},
           {503, Error(503, ""), "overloaded", "no"},
       }) {
    CAPTURE(row.status);
    CAPTURE(row.body);
    Failure failure = Failed(Gemini(), Http(row.status, row.body));
    CHECK(Name(failure.kind) == row.kind);
    CHECK(Name(failure.billing) == row.billing);
    CHECK_FALSE(failure.model_only);
  }
}

TEST_CASE("a limit of Gemini says in its details which one it is and how long to wait") {
  struct Row {
    std::string details;
    const char* message;
    const char* kind;
    std::optional<int64_t> wait_ms;
  };
  const char* words = "You exceeded your current quota.";
  for (const Row& row : std::vector<Row>{
           {Quota(kPerDay), words, "quota", std::nullopt},
           {Quota("RequestsDaily"), words, "quota", std::nullopt},
           // The wait that comes along is not the rest of the day.
           {Quota(kPerDay) + "," + RetryIn("26s"), words, "quota", std::nullopt},
           {RetryIn("26s") + "," + Quota(kPerMinute) + "," + Quota(kPerDay), words, "quota",
            std::nullopt},
           {Quota(kPerMinute), words, "rate-limited", 60'000},
           {Quota(kPerMinute) + "," + RetryIn("26s"), words, "rate-limited", 26'000},
           {RetryIn("34.074824224s"), words, "rate-limited", 34'075},
           {RetryIn("900ms"), words, "rate-limited", 900},
           {RetryIn("0s"), words, "rate-limited", 0},
           {RetryIn("-5s"), words, "rate-limited", std::nullopt},
           {RetryIn("soon") + "," + Quota(kPerMinute), words, "rate-limited", 60'000},
           {"", "Quota exceeded. Please retry in 6.5s.", "rate-limited", 6'500},
           {Quota(kPerMinute), "Please retry in 7s.", "rate-limited", 60'000},
           {Quota("Something"), words, "rate-limited", std::nullopt},
           {Detail("Help", R"("links":[])") + "," + Reason("RATE_LIMIT_EXCEEDED"), words,
            "rate-limited", std::nullopt},
           // Any shape.
           {"null,7,\"x\",[]", words, "rate-limited", std::nullopt},
           {Detail("QuotaFailure", R"("violations":"x")"), words, "rate-limited", std::nullopt},
           {Detail("QuotaFailure", R"("violations":[7,{"quotaId":7}])"), words, "rate-limited",
            std::nullopt},
           {Detail("RetryInfo", R"("retryDelay":5)"), words, "rate-limited", std::nullopt},
       }) {
    CAPTURE(row.details);
    std::string body = Error(429, "RESOURCE_EXHAUSTED", row.message, row.details);
    for (const HttpReply& reply :
         {Http(429, body), Http(429, "[" + body + "]"), Http(200, body),
          Http(200, "[" + body + "]"), Streamed("data: " + body + "\n\n")}) {
      Failure failure = Failed(Gemini(), reply);
      CHECK(Name(failure.kind) == row.kind);
      CHECK(failure.retry_after_ms == row.wait_ms);
      CHECK(failure.model_only == (row.kind == std::string("quota")));
    }
  }
  Failure busy = Failed(Gemini(), Http(503, Error(503, "UNAVAILABLE", "x", RetryIn("3s"))));
  CHECK(busy.retry_after_ms == 3'000);
  Failure header = Failed(Gemini(), Http(429, Error(429, "RESOURCE_EXHAUSTED", "x", RetryIn("3s")),
                                         {{"retry-after", "9"}}));
  CHECK(header.retry_after_ms == 9'000);
}

TEST_CASE("a schema that Gemini refuses is told from a request that it refuses") {
  struct Row {
    const char* message;
    std::string details;
    const char* kind;
  };
  auto field = [](const std::string& name) {
    return Detail("BadRequest",
                  R"("fieldViolations":[{"field":")" + name + R"(","description":"x"}])");
  };
  for (const Row& row : std::vector<Row>{
           {"The specified schema produces a constraint that has too many states for serving.", "",
            "bad-schema"},
           {"* GenerateContentRequest.generation_config.response_schema.properties: should be "
            "non-empty for OBJECT type",
            "", "bad-schema"},
           {"Invalid JSON payload received. Unknown name \\\"x\\\" at "
            "'generation_config.response_json_schema': Cannot find field.",
            "", "bad-schema"},
           {"Invalid value", field("generation_config.response_schema"), "bad-schema"},
           {"Invalid value", field("generation_config.response_json_schema.type"), "bad-schema"},
           {"Invalid value", field("generation_config.temperature"), "bad-request"},
           {"Invalid value", Detail("BadRequest", R"("fieldViolations":[7,null])"), "bad-request"},
           {"Invalid JSON payload received. Unknown name \\\"x\\\" at 'generation_config'", "",
            "bad-request"},
           {"contents: what is a response_schema?", "", "bad-request"},
       }) {
    CAPTURE(row.message);
    CAPTURE(row.details);
    std::string body = Error(400, "INVALID_ARGUMENT", row.message, row.details);
    CHECK(Name(Failed(Gemini(), Http(400, body)).kind) == row.kind);
  }
}

TEST_CASE("an error inside a success is what its code or its status' name says") {
  struct Row {
    const char* error;
    const char* kind;
  };
  for (const Row& row :
       {Row{R"({"code":503,"message":"it broke","status":"UNAVAILABLE"})", "overloaded"},
        Row{R"({"code":500,"message":"it broke"})", "server"},
        Row{R"({"message":"it broke","status":"UNAVAILABLE"})", "overloaded"},
        Row{R"({"message":"it broke","status":"NOT_FOUND"})", "model-not-found"},
        Row{R"({"code":402,"message":"it broke","status":"RESOURCE_EXHAUSTED"})", "quota"},
        Row{R"({"code":400,"message":"it broke","status":"INVALID_ARGUMENT"})", "bad-request"},
        Row{R"({"code":403,"message":"it broke"})", "auth"},
        Row{R"({"message":"it broke"})", "server"}, Row{R"("it broke")", "server"}}) {
    CAPTURE(row.error);
    Failure failure = Failed(Gemini(), Http(200, "{\"error\":" + std::string(row.error) + "}"));
    CHECK(Name(failure.kind) == row.kind);
    CHECK(Name(failure.billing) == "unknown");
    CHECK(Contains(failure.message, "it broke"));
  }
}

}  // namespace
}  // namespace muster
