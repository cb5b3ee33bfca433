// OpenRouter's errors.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "tests/fake_provider/openrouter_parts.h"

namespace fake_provider::openrouter {
namespace {

using std::chrono::ceil;
using std::chrono::seconds;

// The errors that are the same for every request.
struct FixedError {
  std::string_view name;
  int status;
  std::string_view error_type;  // in the metadata
  std::string_view message;
};

constexpr std::string_view kNoCredits =
    "Insufficient credits. Add more using https://openrouter.ai/settings/credits";
constexpr std::string_view kNotAffordable =
    "This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but "
    "can only afford 12. To increase, visit https://openrouter.ai/settings/credits";
constexpr std::string_view kKeyLimit =
    "This key has reached its spending limit. Manage it using https://openrouter.ai/settings/keys";

constexpr FixedError kFixedErrors[] = {
    {"insufficient_quota", 402, "payment_required", kNoCredits},
    {"credit_balance_exhausted", 402, "payment_required", kNoCredits},
    {"billing", 402, "payment_required", kNotAffordable},
    {"organization_spend_limit_exceeded", 402, "payment_required", kKeyLimit},
    {"project_spend_limit_exceeded", 402, "payment_required", kKeyLimit},
    {"organization_usage_limit_exceeded", 402, "payment_required", kKeyLimit},
    {"enforced_spend_limit", 402, "payment_required", kKeyLimit},
    {"workspace_spend_limit", 402, "payment_required", kKeyLimit},
    {"slow_down", 429, "rate_limit_exceeded", "Provider returned error"},
    {"no_more_concurrent", 429, "rate_limit_exceeded",
     "Rate limit exceeded: too many requests at once"},
    {"quota_per_minute", 429, "rate_limit_exceeded", "Rate limit exceeded: free-models-per-min."},
    {"quota_per_day", 429, "rate_limit_exceeded",
     "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests "
     "per day"},
    {"forbidden", 403, "permission_denied", "This model is not available in your region."},
    {"failed_precondition", 403, "permission_denied",
     "This model is not available in your region."},
    {"server_error", 500, "server", "Internal Server Error"},
    {"overloaded", 529, "provider_overloaded", "Provider is temporarily overloaded"},
    {"bad_request", 400, "invalid_request", "Invalid request parameters"},
    {"context_length", 400, "context_length_exceeded",
     "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 "
     "tokens (9000 of text input). Please reduce the length of either one."},
    {"request_too_large", 413, "payload_too_large", "Request payload too large"},
    {"timeout", 408, "timeout", "Operation timed out. Please try again later."},
};

// The prompt was looked at before any model saw it.
ApiReply Moderated(const Call& call) {
  return ErrorReply(403, fmt::format("{} requires moderation. Your input was flagged.", call.model),
                    {{"reasons", Json::array({"violence"})},
                     {"flagged_input", "…"},
                     {"provider_name", ProviderOf(call)},
                     {"model_slug", call.model}});
}

ApiReply RateLimit(const std::string& retry_after) {
  ApiReply reply =
      ErrorReply(429, "Rate limit exceeded: limit_rpm/fake. High demand for the model.",
                 {{"error_type", "rate_limit_exceeded"},
                  {"headers",
                   {{"X-RateLimit-Limit", "20"},
                    {"X-RateLimit-Remaining", "0"},
                    {"X-RateLimit-Reset", std::to_string((UnixTime() + 1) * 1000)}}}});
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

// The credits are there, but requests that have not ended yet may use them up.
ApiReply InFlightBudget(const std::string& retry_after) {
  ApiReply reply = ErrorReply(
      402, "Your requests in flight may use up the credits left. Retry when some have ended.",
      {{"error_type", "payment_required"}, {"limit_source", "openrouter_in_flight_budget"}});
  reply.headers.emplace_back("Retry-After", retry_after.empty() ? "1" : retry_after);
  return reply;
}

}  // namespace

ApiReply ErrorReply(int status, const std::string& message, const Json& metadata) {
  Json error = {{"message", message}, {"code", status}};
  if (!metadata.is_null()) error["metadata"] = metadata;
  return JsonReply(status, {{"error", error}, {"user_id", "user_fake"}});
}

Json ErrorOf(const ApiReply& reply) {
  Json body = ParseJson(reply.body).value_or(Json());
  if (body.contains("error")) return body["error"];
  return {{"code", reply.status}, {"message", "Provider returned error"}};
}

ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after) {
  if (name == "rate_limit") return RateLimit(retry_after);
  if (name == "in_flight_budget") return InFlightBudget(retry_after);
  if (name == "html_502") return HtmlBadGateway();
  if (name == "content_filter" || name == "moderation") return Moderated(call);
  if (name == "bad_key") return ErrorReply(401, "User not found.");
  if (name == "model_not_found") {
    return ErrorReply(404, fmt::format("No endpoints found for {}.", call.model),
                      {{"error_type", "not_found"}});
  }
  auto error = std::find_if(std::begin(kFixedErrors), std::end(kFixedErrors),
                            [&](const FixedError& fixed) { return fixed.name == name; });
  if (error == std::end(kFixedErrors)) return ErrorReply(500, "Internal Server Error");
  Json metadata = {{"error_type", error->error_type}};
  if (error->message == "Provider returned error") {
    metadata["raw"] = call.model + " is temporarily rate-limited upstream. Please retry shortly.";
    metadata["provider_name"] = ProviderOf(call);
  }
  ApiReply reply = ErrorReply(error->status, std::string(error->message), metadata);
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool try_again) {
  int64_t wait = std::max<int64_t>(1, ceil<seconds>(refusal.wait).count());
  std::string advice =
      try_again && !refusal.too_large ? fmt::format(" Please try again in {}s.", wait) : "";
  ApiReply reply = ErrorReply(
      429,
      fmt::format("Rate limit exceeded for {}: {} a minute.{}", call.model, refusal.limit, advice),
      {{"error_type", "rate_limit_exceeded"},
       {"headers",
        {{"X-RateLimit-Limit", std::to_string(refusal.limit)},
         {"X-RateLimit-Remaining", "0"},
         {"X-RateLimit-Reset", std::to_string((UnixTime() + wait) * 1000)}}}});
  if (!refusal.too_large) reply.headers.emplace_back("Retry-After", std::to_string(wait));
  return reply;
}

}  // namespace fake_provider::openrouter
