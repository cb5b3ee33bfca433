#include "tests/fake_provider/anthropic_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tests/fake_provider/anthropic_models.h"
#include "tests/fake_provider/digest.h"

namespace fake_provider::anthropic {
namespace {

constexpr std::string_view kEnforced =
    "You have reached your enforced API spend limit. You will regain access on 2026-09-01 at 00:00 "
    "UTC.";
constexpr std::string_view kNoCredit =
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to "
    "upgrade or purchase credits.";
constexpr std::string_view kRateLimit =
    "This request would exceed your organization's rate limit of 50 requests per minute. For "
    "details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response "
    "headers for current usage. Please reduce the prompt length or the maximum tokens requested, "
    "or try again later.";
constexpr std::string_view kConcurrency =
    "Number of concurrent connections has exceeded your rate limit. Please try again later.";
constexpr std::string_view kFiltered = "Output blocked by content filtering policy";

// The errors that are the same for every request. A status has one type, see TypeOf().
struct FixedError {
  std::string_view name;
  int status;
  std::string_view message;
};

constexpr FixedError kFixedErrors[] = {
    {"rate_limit", 429, kRateLimit},
    {"quota_per_day", 429, kRateLimit},
    {"quota_per_minute", 429, kRateLimit},
    {"in_flight_budget", 429, kConcurrency},
    {"no_more_concurrent", 429, kConcurrency},
    {"slow_down", 429,
     "This request would exceed your organization's maximum usage increase rate for input tokens "
     "per minute. Please scale up your input tokens usage more gradually to maintain an acceptable "
     "acceleration limit."},
    {"billing", 402,
     "There is a problem with your billing or payment information. Please check your payment "
     "details in the Console."},
    {"insufficient_quota", 400, kNoCredit},
    {"credit_balance_exhausted", 400, kNoCredit},
    {"workspace_spend_limit", 400,
     "You have reached your specified workspace API usage limits. You will regain access on "
     "2026-09-01 at 00:00 UTC."},
    {"project_spend_limit_exceeded", 400,
     "You have reached your specified workspace API usage limits. You will regain access on "
     "2026-09-01 at 00:00 UTC."},
    {"organization_usage_limit_exceeded", 400,
     "You have reached your specified API usage limits. You will regain access on 2026-09-01 at "
     "00:00 UTC."},
    {"forbidden", 403, "Your API key does not have permission to use the specified resource."},
    {"failed_precondition", 403, "Request not allowed"},
    {"server_error", 500, "Internal server error"},
    {"overloaded", 529, "Overloaded"},
    {"timeout", 504, "The request timed out while being processed. Consider using streaming."},
    {"bad_request", 400, "messages.0: Input should be a valid dictionary"},
    {"content_filter", 400, kFiltered},
    {"moderation", 400, kFiltered},
};

std::string_view TypeOf(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 409:
      return "conflict_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

ApiReply CloudflarePage(int status, std::string_view words) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html"}, {"Server", "cloudflare"}},
          .body = fmt::format("<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n"
                              "<center><h1>{0} {1}</h1></center>\r\n<hr><center>cloudflare"
                              "</center>\r\n</body>\r\n</html>\r\n",
                              status, words),
          .usage = {}};
}

// The limit that Anthropic itself enforces: a 429 like any other but for its details.
ApiReply EnforcedLimit(const Call& call) {
  ApiReply reply = ErrorReply(call, 429, std::string(kEnforced));
  Json body = Json::parse(reply.body);
  body["error"]["details"] = {{"error_visibility", "user_facing"},
                              {"error_code", "enforced_spend_limit_reached"}};
  reply.body = ToText(body);
  return reply;
}

ApiReply ContextLength(const Call& call) {
  int64_t most = FactsOf(call.model).max_input;
  return ErrorReply(call, 400,
                    fmt::format("prompt is too long: {} tokens > {} maximum", most + 1, most));
}

}  // namespace

std::string RequestId(const Call& call) {
  return "req_011C" + Sha256Hex(fmt::format("{} {}", call.number, call.body_sha256)).substr(0, 20);
}

ApiReply TypedError(const Call& call, int status, const std::string& type,
                    const std::string& message) {
  return JsonReply(status, {{"type", "error"},
                            {"error", {{"type", type}, {"message", message}}},
                            {"request_id", RequestId(call)}});
}

ApiReply ErrorReply(const Call& call, int status, const std::string& message) {
  return TypedError(call, status, std::string(TypeOf(status)), message);
}

ApiReply ModelNotFound(const Call& call, const std::string& model) {
  return ErrorReply(call, 404, "model: " + model);
}

ApiReply TooLarge() { return CloudflarePage(413, "Request Entity Too Large"); }

ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after) {
  if (name == "bad_key") return KeyError(call, /*whole=*/false);
  if (name == "model_not_found") return ModelNotFound(call, call.model);
  if (name == "context_length") return ContextLength(call);
  if (name == "html_502") return CloudflarePage(502, "Bad Gateway");
  if (name == "request_too_large") return TooLarge();
  if (name == "enforced_spend_limit" || name == "organization_spend_limit_exceeded") {
    return EnforcedLimit(call);
  }
  auto error = std::find_if(std::begin(kFixedErrors), std::end(kFixedErrors),
                            [&](const FixedError& fixed) { return fixed.name == name; });
  if (error == std::end(kFixedErrors)) return StatusError(call, 500);
  ApiReply reply = ErrorReply(call, error->status, std::string(error->message));
  if (!retry_after.empty()) reply.headers.emplace_back("retry-after", retry_after);
  return reply;
}

ApiReply KeyError(const Call& call, bool whole) {
  if (call.key.empty()) return ErrorReply(call, 401, "x-api-key header is required");
  bool bearer = !FindHeader(call.http.headers, "x-api-key");
  std::string message = bearer ? "Invalid bearer token" : "invalid x-api-key";
  return ErrorReply(call, 401, whole ? message + ": " + call.key : message);
}

ApiReply StatusError(const Call& call, int status) {
  if (status < 400) return {.status = status, .headers = {}, .body = "", .usage = {}};
  if (status == 413) return TooLarge();
  return ErrorReply(call, status, fmt::format("The server answered with status {}.", status));
}

std::string StreamError(std::string_view name, const Call& call) {
  // What is no JSON outside of a stream is an api_error inside one.
  ApiReply reply = NamedError(name, call, "");
  Json error = ParseJson(reply.body).value_or(Json());
  if (!error.is_object()) error = Json::parse(ErrorReply(call, 500, "Internal server error").body);
  return SseEvent("error", error);
}

}  // namespace fake_provider::anthropic
