#include "tests/fake_provider/anthropic_limits.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

#include "tests/fake_provider/anthropic_errors.h"

namespace fake_provider::anthropic {
namespace {

using std::chrono::ceil;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr int64_t kRounding = 1000;

std::string_view NameOf(Quantity what) {
  switch (what) {
    case Quantity::kConcurrency:
      return "concurrent connections";
    case Quantity::kRequests:
      return "requests";
    case Quantity::kTokens:
      return "tokens";
    case Quantity::kInputTokens:
      return "input-tokens";
    case Quantity::kOutputTokens:
      return "output-tokens";
  }
  return "";
}

std::string TimeAfter(Clock::duration wait) {
  system_clock::time_point then =
      system_clock::now() + std::chrono::duration_cast<system_clock::duration>(wait);
  std::time_t time = system_clock::to_time_t(ceil<seconds>(then));
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time));
}

int64_t Rounded(const Limiter::Standing& standing) {
  if (standing.what == Quantity::kRequests) return standing.remaining;
  return (standing.remaining + kRounding / 2) / kRounding * kRounding;
}

void AddStanding(std::string_view name, const Limiter::Standing& standing, Headers& headers) {
  auto add = [&](std::string_view what, const std::string& value) {
    headers.emplace_back(fmt::format("anthropic-ratelimit-{}-{}", name, what), value);
  };
  add("limit", std::to_string(standing.limit));
  add("remaining", std::to_string(Rounded(standing)));
  add("reset", TimeAfter(standing.reset));
}

std::string LimitName(const Limiter::Refusal& refusal) {
  std::string name(NameOf(refusal.what));
  std::replace(name.begin(), name.end(), '-', ' ');
  if (refusal.what == Quantity::kConcurrency) return name;
  if (refusal.window == std::chrono::minutes(1)) return name + " per minute";
  if (refusal.window == std::chrono::hours(24)) return name + " per day";
  return fmt::format("{} per {} seconds", name, ceil<seconds>(refusal.window).count());
}

}  // namespace

ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal) {
  std::string message = fmt::format(
      "This request would exceed your organization's rate limit of {} {} (org: fake, model: {}). "
      "For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response "
      "headers for current usage. Please reduce the prompt length or the maximum tokens requested, "
      "or try again later.",
      refusal.limit, LimitName(refusal), call.model);
  ApiReply reply = ErrorReply(call, 429, message);
  if (refusal.too_large) return reply;
  int64_t wait = std::max<int64_t>(1, ceil<seconds>(refusal.wait).count());
  reply.headers.emplace_back("Retry-After", std::to_string(wait));
  return reply;
}

Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) {
  Headers headers;
  const Limiter::Standing* tightest = nullptr;
  bool tokens_told = false;
  for (const Limiter::Standing& standing : standings) {
    AddStanding(NameOf(standing.what), standing, headers);
    if (standing.what == Quantity::kRequests) continue;
    if (standing.what == Quantity::kTokens) tokens_told = true;
    if (!tightest || standing.remaining < tightest->remaining) tightest = &standing;
  }
  if (tightest && !tokens_told) AddStanding("tokens", *tightest, headers);
  return headers;
}

}  // namespace fake_provider::anthropic
