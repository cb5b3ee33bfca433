#include "tests/fake_provider/openai_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_limits.h"

namespace fake_provider::openai {
namespace {

// The errors that are the same for every request: how the server words them.
struct FixedError {
  std::string_view name;
  int status;
  std::string_view type;
  std::string_view code;
  std::string_view message;
};

constexpr FixedError kFixedErrors[] = {
    {"billing", 429, "insufficient_quota", "insufficient_quota",
     "You exceeded your current quota, please check your plan and billing details."},
    {"enforced_spend_limit", 429, "insufficient_quota", "organization_spend_limit_exceeded",
     "Your organization has reached its enforced spend limit."},
    {"workspace_spend_limit", 429, "insufficient_quota", "project_spend_limit_exceeded",
     "Your project has reached its monthly spend limit."},
    {"in_flight_budget", 429, "tokens", "rate_limit_exceeded",
     "Rate limit reached: the budget of the requests in flight is used up. Please try again in "
     "1s."},
    {"no_more_concurrent", 429, "requests", "rate_limit_exceeded",
     "Rate limit reached: too many concurrent requests. Please try again in 1s."},
    {"quota_per_minute", 429, "requests", "rate_limit_exceeded",
     "Rate limit reached for requests per min (RPM): Limit 60, Used 60, Requested 1."},
    {"failed_precondition", 403, "request_forbidden", "unsupported_country_region_territory",
     "Country, region, or territory not supported"},
    {"moderation", 400, "invalid_request_error", "invalid_prompt",
     "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please "
     "try again with a different prompt."},
    {"request_too_large", 413, "invalid_request_error", "",
     "Maximum content size limit (26214400) exceeded."},
    {"timeout", 504, "server_error", "", "The request timed out. Please try again later."},
    {"slow_down", 429, "rate_limit_error", "slow_down",
     "You are sending requests too fast. Please reduce your request rate to its original level, "
     "keep it there for at least 15 minutes, and then increase it gradually."},
    {"insufficient_quota", 429, "insufficient_quota", "insufficient_quota",
     "You exceeded your current quota, please check your plan and billing details. For more "
     "information on this error, read the docs: "
     "https://platform.openai.com/docs/guides/error-codes/api-errors."},
    {"credit_balance_exhausted", 429, "insufficient_quota", "credit_balance_exhausted",
     "Your credit balance is exhausted. Please add credits to continue using the API."},
    {"organization_spend_limit_exceeded", 429, "insufficient_quota",
     "organization_spend_limit_exceeded", "Your organization has reached its monthly spend limit."},
    {"project_spend_limit_exceeded", 429, "insufficient_quota", "project_spend_limit_exceeded",
     "Your project has reached its monthly spend limit."},
    {"organization_usage_limit_exceeded", 429, "insufficient_quota",
     "organization_usage_limit_exceeded",
     "Your organization has reached its approved usage limit."},
    {"forbidden", 403, "request_forbidden", "unsupported_country_region_territory",
     "Country, region, or territory not supported"},
    {"server_error", 500, "server_error", "",
     "The server had an error while processing your request. Sorry about that!"},
    {"overloaded", 503, "service_unavailable_error", "server_is_overloaded",
     "Our servers are currently overloaded. Please try again later."},
    {"bad_request", 400, "invalid_request_error", "",
     "We could not process your request. Please check it and try again."},
};

ApiReply ContentFilter() {
  ApiReply reply;
  reply.status = 400;
  reply.headers = {{"Content-Type", "application/json"}};
  reply.body = ToText(
      {{"error",
        {{"message",
          "The response was filtered due to the prompt triggering content management policy. "
          "Please modify your prompt and retry."},
         {"type", nullptr},
         {"param", "prompt"},
         {"code", "content_filter"},
         {"status", 400},
         {"innererror", {{"code", "ResponsibleAIPolicyViolation"}}}}}});
  return reply;
}

// As the server shows keys: the first 8 characters, stars, the last 4.
std::string Masked(const std::string& key) {
  if (key.size() <= 12) return std::string(key.size(), '*');
  return key.substr(0, 8) + std::string(key.size() - 12, '*') + key.substr(key.size() - 4);
}

// A script's "rate_limit" and the like.
ApiReply RateLimit(const Call& call, const std::string& retry_after, Clock::duration window) {
  Limiter::Refusal refusal{.limit = 500,
                           .used = 500,
                           .requested = 1,
                           .window = window,
                           .wait = std::chrono::seconds(ParseNumber(retry_after).value_or(1))};
  ApiReply reply = LimitError(call, refusal, /*try_again=*/true);
  RemoveHeader(reply.headers, "Retry-After");
  RemoveHeader(reply.headers, "retry-after-ms");
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

Json NullIfEmpty(std::string_view text) { return text.empty() ? Json() : Json(text); }

}  // namespace

ApiReply ErrorReply(int status, const std::string& message, const std::string& type,
                    const std::string& param, const std::string& code) {
  ApiReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json"}};
  reply.body = ToText({{"error",
                        {{"message", message},
                         {"type", NullIfEmpty(type)},
                         {"param", NullIfEmpty(param)},
                         {"code", NullIfEmpty(code)}}}});
  return reply;
}

ApiReply BadRequest(const std::string& message, const std::string& param, const std::string& code) {
  return ErrorReply(400, message, "invalid_request_error", param, code);
}

ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after,
                    const std::string& input_param) {
  if (name == "bad_key") return KeyError(call, /*whole=*/false);
  if (name == "model_not_found") return ModelNotFound(call.model);
  if (name == "content_filter") return ContentFilter();
  if (name == "html_502") return HtmlBadGateway();
  if (name == "rate_limit") return RateLimit(call, retry_after, std::chrono::minutes(1));
  if (name == "quota_per_day") return RateLimit(call, retry_after, std::chrono::hours(24));
  if (name == "context_length") {
    return BadRequest(
        "Your input exceeds the context window of this model. Please adjust your input and try "
        "again.",
        input_param, "context_length_exceeded");
  }
  auto error = std::find_if(std::begin(kFixedErrors), std::end(kFixedErrors),
                            [&](const FixedError& fixed) { return fixed.name == name; });
  if (error == std::end(kFixedErrors)) return StatusError(500);
  ApiReply reply = ErrorReply(error->status, std::string(error->message), std::string(error->type),
                              "", std::string(error->code));
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

ApiReply KeyError(const Call& call, bool whole) {
  if (call.key.empty()) {
    return ErrorReply(401,
                      "You didn't provide an API key. You need to provide your API key in an "
                      "Authorization header using Bearer auth (i.e. Authorization: Bearer "
                      "YOUR_KEY). You can obtain an API key from "
                      "https://platform.openai.com/account/api-keys.",
                      "invalid_request_error", "", "");
  }
  return ErrorReply(401,
                    fmt::format("Incorrect API key provided: {}. You can find your API key at "
                                "https://platform.openai.com/account/api-keys.",
                                whole ? call.key : Masked(call.key)),
                    "invalid_request_error", "", "invalid_api_key");
}

ApiReply StatusError(int status) {
  if (status < 400) return {.status = status, .headers = {}, .body = "", .usage = {}};
  std::string message = fmt::format("The server answered with status {}.", status);
  return ErrorReply(status, message, status < 500 ? "invalid_request_error" : "server_error", "",
                    "");
}

ApiReply ModelNotFound(const std::string& model) {
  return ErrorReply(
      404, fmt::format("The model `{}` does not exist or you do not have access to it.", model),
      "invalid_request_error", "", "model_not_found");
}

ApiReply UnknownPath(const Call& call) {
  return ErrorReply(404, fmt::format("Invalid URL ({} {})", call.http.method, call.http.path),
                    "invalid_request_error", "", "");
}

Json ErrorOf(const ApiReply& reply) {
  Json body = ParseJson(reply.body).value_or(Json());
  if (body.contains("error")) return body["error"];
  return {{"message", fmt::format("The upstream server answered with status {}.", reply.status)},
          {"type", "server_error"},
          {"param", nullptr},
          {"code", nullptr}};
}

std::string BearerKey(const Request& request) {
  const std::string* value = FindHeader(request.headers, "Authorization");
  if (!value || !SameName(std::string_view(*value).substr(0, 7), "Bearer ")) return "";
  return value->substr(7);
}

Headers CommonHeaders(const Call& call, int64_t took_ms) {
  std::string id = Sha256Hex(fmt::format("{} {}", call.number, call.body_sha256)).substr(0, 32);
  return {{"x-request-id", "req_" + id},
          {"openai-processing-ms", std::to_string(took_ms)},
          {"openai-version", "2020-10-01"},
          {"openai-organization", "org-fake"}};
}

}  // namespace fake_provider::openai
