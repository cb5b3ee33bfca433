// Ollama's errors, which are a string.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tests/fake_provider/ollama_parts.h"

namespace fake_provider::ollama {
namespace {

struct FixedError {
  std::string_view name;
  int status;
  std::string_view message;
};

constexpr std::string_view kBusy =
    "server busy, please try again.  maximum pending requests exceeded";
constexpr std::string_view kNoMoney = "payment required: the balance of your account is used up";

constexpr FixedError kFixedErrors[] = {
    {"rate_limit", 429, "too many requests"},
    {"slow_down", 429, "too many requests"},
    {"quota_per_minute", 429, "too many requests"},
    {"quota_per_day", 429, "you have reached your daily usage limit"},
    {"insufficient_quota", 402, kNoMoney},
    {"credit_balance_exhausted", 402, kNoMoney},
    {"organization_spend_limit_exceeded", 402, kNoMoney},
    {"project_spend_limit_exceeded", 402, kNoMoney},
    {"organization_usage_limit_exceeded", 402, kNoMoney},
    {"enforced_spend_limit", 402, kNoMoney},
    {"workspace_spend_limit", 402, kNoMoney},
    {"billing", 402, kNoMoney},
    {"bad_key", 401, "unauthorized"},
    {"forbidden", 403, "this model requires a subscription, upgrade for access"},
    {"failed_precondition", 500,
     "model requires more system memory (8.4 GiB) than is available (5.9 GiB)"},
    {"server_error", 500, "llama runner process has terminated: exit status 2"},
    {"overloaded", 503, kBusy},
    {"no_more_concurrent", 503, kBusy},
    {"in_flight_budget", 503, kBusy},
    {"bad_request", 400, "invalid request"},
    {"content_filter", 400, "the prompt was refused by a content filter"},
    {"moderation", 403, "the prompt is not allowed"},
    {"context_length", 400, "the input length exceeds the context length"},
    {"request_too_large", 413, "http: request body too large"},
    {"timeout", 504, "timed out waiting for llama runner to start"},
};

}  // namespace

ApiReply ErrorReply(int status, const std::string& message) {
  return JsonReply(status, {{"error", message}});
}

ApiReply NotFound(const Call& call) {
  return ErrorReply(404, fmt::format("model \"{}\" not found, try pulling it first", call.model));
}

ApiReply NamedError(std::string_view name, const Call& call, const std::string& retry_after) {
  if (name == "html_502") return HtmlBadGateway();
  if (name == "model_not_found") return NotFound(call);
  auto error = std::find_if(std::begin(kFixedErrors), std::end(kFixedErrors),
                            [&](const FixedError& fixed) { return fixed.name == name; });
  if (error == std::end(kFixedErrors)) return ErrorReply(500, "internal server error");
  ApiReply reply = ErrorReply(error->status, std::string(error->message));
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

}  // namespace fake_provider::ollama
