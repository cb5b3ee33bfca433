#include "tests/fake_provider/gemini_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tests/fake_provider/gemini_models.h"
#include "tests/fake_provider/gemini_reply.h"
#include "tests/fake_provider/gemini_target.h"

namespace fake_provider::gemini {
namespace {

constexpr std::string_view kExhausted = "Resource has been exhausted (e.g. check quota).";
constexpr std::string_view kNoCredits =
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to "
    "manage your project and billing.";
constexpr std::string_view kSpendingCap =
    "Your project has exceeded its monthly spending cap. Please go to AI Studio at "
    "https://ai.studio/spend to manage your project spend cap.";
constexpr std::string_view kQuota =
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.";

// The errors that are the same for every request.
struct FixedError {
  std::string_view name;
  int code;
  std::string_view message;
  std::string_view status = {};  // "": that of the code
};

constexpr FixedError kFixedErrors[] = {
    {"slow_down", 429, kExhausted},
    {"in_flight_budget", 429, kExhausted},
    {"no_more_concurrent", 429, kExhausted},
    {"insufficient_quota", 402, kNoCredits},
    {"credit_balance_exhausted", 402, kNoCredits},
    {"billing", 402, kNoCredits},
    {"organization_spend_limit_exceeded", 429, kSpendingCap},
    {"project_spend_limit_exceeded", 429, kSpendingCap},
    {"organization_usage_limit_exceeded", 429, kSpendingCap},
    {"enforced_spend_limit", 429, kSpendingCap},
    {"workspace_spend_limit", 429, kSpendingCap},
    {"forbidden", 403, "The caller does not have permission"},
    {"failed_precondition", 400, "User location is not supported for the API use.",
     "FAILED_PRECONDITION"},
    {"server_error", 500,
     "An internal error has occurred. Please retry or report in "
     "https://developers.generativeai.google/guide/troubleshooting"},
    {"overloaded", 503, "The model is overloaded. Please try again later."},
    {"timeout", 504, "The request timed out. Please try again."},
    {"bad_request", 400, "Request contains an invalid argument."},
};

// What stands before all of Google's servers says: a page of HTML.
ApiReply GooglePage(int status, std::string_view words) {
  return {
      .status = status,
      .headers = {{"Content-Type", "text/html; charset=UTF-8"}, {"Referrer-Policy", "no-referrer"}},
      .body = fmt::format("<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n"
                          "<title>Error {0} ({1})!!1</title>\n<p><b>{0}.</b> <ins>That\u2019s "
                          "an error.</ins>\n<p>{1}. <ins>That\u2019s all we know.</ins>\n",
                          status, words),
      .usage = {}};
}

// A script's wish as RetryInfo puts it: 3 becomes "3s", other texts stand.
std::string DelayOf(const std::string& retry_after) {
  return ParseNumber(retry_after) ? retry_after + "s" : retry_after;
}

ApiReply QuotaError(const Call& call, std::string_view quota_id, const std::string& delay) {
  std::string message(kQuota);
  message +=
      "\n* Quota exceeded for metric: "
      "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 20";
  if (!delay.empty()) message += fmt::format("\nPlease retry in {}.", delay);
  return ErrorReply(call, 429, message,
                    QuotaDetails(call, "generate_content_free_tier_requests", quota_id, 20, delay));
}

ApiReply ContextLength(const Call& call) {
  int64_t most = FactsOf(call.model).max_input;
  return ErrorReply(call, 400,
                    fmt::format("The input token count ({}) exceeds the maximum number of tokens "
                                "allowed ({}).",
                                most + 1, most));
}

}  // namespace

std::string_view StatusOf(int code) {
  switch (code) {
    case 401:
      return "UNAUTHENTICATED";
    case 402:
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ABORTED";
    case 499:
      return "CANCELLED";
    case 500:
      return "INTERNAL";
    case 501:
      return "UNIMPLEMENTED";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return code < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE";
  }
}

ApiReply ErrorReply(const Call& call, int code, const std::string& message, const Json& details,
                    std::string_view status) {
  Json error = {
      {"code", code}, {"message", message}, {"status", status.empty() ? StatusOf(code) : status}};
  if (!details.is_null()) error["details"] = details;
  Json body = {{"error", error}};
  if (WrapsErrors(call.http)) body = Json::array({body});
  return JsonReply(code, body, 2);
}

ApiReply ModelNotFound(const Call& call) {
  Target target = ParseTarget(call.http.path);
  return ErrorReply(call, 404,
                    fmt::format("models/{} is not found for API version {}, or is not supported "
                                "for {}. Call ListModels to see the list of available models and "
                                "their supported methods.",
                                target.model, target.version,
                                target.method.empty() ? "GetModel" : target.method));
}

Json QuotaDetails(const Call& call, std::string_view metric, std::string_view quota_id,
                  int64_t limit, const std::string& delay) {
  Json violation = {{"quotaMetric", fmt::format("generativelanguage.googleapis.com/{}", metric)},
                    {"quotaId", quota_id},
                    {"quotaDimensions", {{"location", "global"}, {"model", call.model}}},
                    {"quotaValue", std::to_string(limit)}};
  Json details = Json::array();
  details.push_back({{"@type", "type.googleapis.com/google.rpc.QuotaFailure"},
                     {"violations", Json::array({violation})}});
  Json link = {{"description", "Learn more about Gemini API quotas"},
               {"url", "https://ai.google.dev/gemini-api/docs/rate-limits"}};
  details.push_back(
      {{"@type", "type.googleapis.com/google.rpc.Help"}, {"links", Json::array({link})}});
  if (delay.empty()) return details;
  details.push_back({{"@type", "type.googleapis.com/google.rpc.RetryInfo"}, {"retryDelay", delay}});
  return details;
}

ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after) {
  constexpr std::string_view kPerDay = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
  constexpr std::string_view kPerMinute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
  std::string delay = DelayOf(retry_after);
  if (name == "rate_limit") return QuotaError(call, kPerMinute, delay.empty() ? "1s" : delay);
  // It names a delay all the same, which is of no use.
  if (name == "quota_per_day")
    return QuotaError(call, kPerDay, delay.empty() ? "34.074824224s" : delay);
  if (name == "quota_per_minute") return QuotaError(call, kPerMinute, delay);
  if (name == "bad_key") return KeyError(call, /*whole=*/false);
  if (name == "model_not_found") return ModelNotFound(call);
  if (name == "context_length") return ContextLength(call);
  if (name == "html_502") return GooglePage(502, "Server Error");
  if (name == "request_too_large") return GooglePage(413, "Request Entity Too Large");
  if (name == "content_filter" || name == "moderation") {
    bool streams = ParseTarget(call.http.path).Streams();
    return Framed(call, {BlockedPrompt(call, "PROHIBITED_CONTENT")}, streams);
  }
  auto error = std::find_if(std::begin(kFixedErrors), std::end(kFixedErrors),
                            [&](const FixedError& fixed) { return fixed.name == name; });
  if (error == std::end(kFixedErrors)) return StatusError(call, 500);
  ApiReply reply = ErrorReply(call, error->code, std::string(error->message), {}, error->status);
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

ApiReply KeyError(const Call& call, bool whole) {
  std::string shown = whole ? " (" + call.key + ")" : "";
  if (call.key.empty()) {
    return ErrorReply(call, 403,
                      "Method doesn't allow unregistered callers (callers without established "
                      "identity). Please use API Key or other form of API consumer identity to "
                      "call this API.");
  }
  auto info = [](std::string_view reason) {
    return Json::array({{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                         {"reason", reason},
                         {"domain", "googleapis.com"},
                         {"metadata", {{"service", "generativelanguage.googleapis.com"}}}}});
  };
  if (ParseTarget(call.http.path).vertex) {
    return ErrorReply(call, 401,
                      "Request had invalid authentication credentials. Expected OAuth 2 access "
                      "token, login cookie or other valid authentication credential." +
                          shown,
                      info("ACCESS_TOKEN_TYPE_UNSUPPORTED"));
  }
  return ErrorReply(call, 400, "API key not valid. Please pass a valid API key." + shown,
                    info("API_KEY_INVALID"));
}

ApiReply StatusError(const Call& call, int status) {
  if (status < 400) return {.status = status, .headers = {}, .body = "", .usage = {}};
  return ErrorReply(call, status, fmt::format("The server answered with status {}.", status));
}

std::string StreamError(std::string_view name, const Call& call, size_t before) {
  ApiReply reply = NamedError(name, call, "");
  Json error = ParseJson(reply.body).value_or(Json());
  if (error.is_array()) error = error[0];
  if (!error.is_object()) error = {{"error", {{"code", reply.status}, {"status", "INTERNAL"}}}};
  if (!WantsSse(call.http)) {
    return fmt::format("{}{}\n]", before == 0 ? "[" : ",\n", ToText(error, 2));
  }
  // AI Studio forgets the framing; Vertex does not.
  if (ParseTarget(call.http.path).vertex) return SseEvent("", error);
  return ToText(error, 2) + "\n";
}

ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool try_again) {
  if (refusal.what == Quantity::kConcurrency) {
    return ErrorReply(call, 429, std::string(kExhausted));
  }
  bool requests = refusal.what == Quantity::kRequests;
  bool per_day = refusal.window == std::chrono::hours(24);
  std::string_view metric = requests ? "generate_requests_per_model" : "generate_content_tokens";
  std::string quota = fmt::format("{}Per{}PerProjectPerModel",
                                  requests ? "GenerateRequests" : "GenerateContentInputTokens",
                                  per_day ? "Day" : "Minute");
  std::string delay;
  if (try_again && !refusal.too_large && refusal.wait > Clock::duration()) {
    delay = fmt::format("{}s", std::chrono::duration<double>(refusal.wait).count());
  }
  std::string message = fmt::format(
      "{}\n* Quota exceeded for metric: "
      "generativelanguage.googleapis.com/{}, limit: {}, model: {}",
      kQuota, metric, refusal.limit, call.model);
  if (!delay.empty()) message += fmt::format("\nPlease retry in {}.", delay);
  return ErrorReply(call, 429, message, QuotaDetails(call, metric, quota, refusal.limit, delay));
}

}  // namespace fake_provider::gemini
