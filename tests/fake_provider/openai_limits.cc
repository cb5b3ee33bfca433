#include "tests/fake_provider/openai_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/fake_provider/openai_errors.h"

namespace fake_provider::openai {
namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A duration as the x-ratelimit-reset headers write it: 12ms, 33.023s, 6m0s.
std::string GoDuration(Clock::duration duration) {
  int64_t ms = ceil<milliseconds>(duration).count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  std::string text = fmt::format("{}s", static_cast<double>(ms % 60'000) / 1000);
  if (ms >= 60'000) text = fmt::format("{}m{}", ms / 60'000 % 60, text);
  return ms >= 3'600'000 ? fmt::format("{}h{}", ms / 3'600'000, text) : text;
}

std::string_view NameOf(Quantity what) {
  switch (what) {
    case Quantity::kConcurrency:
      return "concurrent requests";
    case Quantity::kRequests:
      return "requests";
    case Quantity::kTokens:
      return "tokens";
    case Quantity::kInputTokens:
      return "input tokens";
    case Quantity::kOutputTokens:
      return "output tokens";
  }
  return "";
}

// RPM, TPD and the like; "" for what has no such name.
std::string ShortName(Quantity what, char period) {
  if (what == Quantity::kRequests) return fmt::format(" (RP{})", period);
  if (what == Quantity::kTokens) return fmt::format(" (TP{})", period);
  return "";
}

std::string LimitName(const Limiter::Refusal& refusal) {
  std::string name(NameOf(refusal.what));
  if (refusal.what == Quantity::kConcurrency) return name;
  if (refusal.window == std::chrono::minutes(1)) {
    return fmt::format("{} per min{}", name, ShortName(refusal.what, 'M'));
  }
  if (refusal.window == std::chrono::hours(24)) {
    return fmt::format("{} per day{}", name, ShortName(refusal.what, 'D'));
  }
  return fmt::format("{} per {}", name, GoDuration(refusal.window));
}

// What to do about it, as the message's last sentences.
std::string Advice(const Limiter::Refusal& refusal, bool try_again) {
  if (refusal.too_large) {
    return " The input or output tokens must be reduced in order to run successfully.";
  }
  if (!try_again) return "";
  bool known = refusal.wait > Clock::duration();
  return fmt::format(" Please try again in {}.", known ? GoDuration(refusal.wait) : "1s");
}

void AddWait(const Limiter::Refusal& refusal, Headers& headers) {
  if (refusal.too_large) return;
  int64_t whole_seconds = std::max<int64_t>(1, ceil<seconds>(refusal.wait).count());
  headers.emplace_back("Retry-After", std::to_string(whole_seconds));
  if (refusal.wait == Clock::duration()) return;
  headers.emplace_back("retry-after-ms", std::to_string(ceil<milliseconds>(refusal.wait).count()));
}

}  // namespace

ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool try_again) {
  std::string message = fmt::format(
      "{} for {} in organization org-fake on {}: Limit {}, Used {}, Requested {}.{} Visit "
      "https://platform.openai.com/account/rate-limits to learn more.",
      refusal.too_large ? "Request too large" : "Rate limit reached", call.model,
      LimitName(refusal), refusal.limit, refusal.used, refusal.requested,
      Advice(refusal, try_again));
  bool about_requests =
      refusal.what == Quantity::kRequests || refusal.what == Quantity::kConcurrency;
  ApiReply reply =
      ErrorReply(429, message, about_requests ? "requests" : "tokens", "", "rate_limit_exceeded");
  AddWait(refusal, reply.headers);
  return reply;
}

Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) {
  Headers headers;
  for (const Limiter::Standing& standing : standings) {
    if (standing.what != Quantity::kRequests && standing.what != Quantity::kTokens) continue;
    std::string_view name = NameOf(standing.what);
    headers.emplace_back(fmt::format("x-ratelimit-limit-{}", name), std::to_string(standing.limit));
    headers.emplace_back(fmt::format("x-ratelimit-remaining-{}", name),
                         std::to_string(standing.remaining));
    headers.emplace_back(fmt::format("x-ratelimit-reset-{}", name), GoDuration(standing.reset));
  }
  return headers;
}

}  // namespace fake_provider::openai
