// After Anthropic's API reference: error types, details.error_code, and that some spend limits come
// as a 400. Observed of the service: a 400 for an empty balance, schemas that "compile" to too
// much, a 413 by the gateway in HTML.

#include "worker/providers/anthropic/errors.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "worker/replies/retry_after.h"

namespace muster {
namespace {

bool Mentions(const ApiError& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

// What the type says, whatever the status it comes with: an error inside a stream has none.
std::optional<FailureKind> KindOfType(std::string_view type) {
  struct Entry {
    std::string_view type;
    FailureKind kind;
  };
  constexpr Entry kTypes[] = {
      {"billing_error", FailureKind::kQuota},
      {"authentication_error", FailureKind::kAuth},
      {"permission_error", FailureKind::kAuth},
      {"request_too_large", FailureKind::kBadRequest},
      {"rate_limit_error", FailureKind::kRateLimited},
      {"overloaded_error", FailureKind::kOverloaded},
      {"api_error", FailureKind::kServer},
      {"timeout_error", FailureKind::kServer},
      {"conflict_error", FailureKind::kServer},
  };
  for (const Entry& entry : kTypes) {
    if (entry.type == type) return entry.kind;
  }
  return std::nullopt;
}

// Limits of money, of which some come as requests that are wrong, or too many.
bool IsSpent(const ApiError& error) {
  const Json* details = Member(error.object, "details");
  if (details && StringMember(*details, "error_code") == "enforced_spend_limit_reached") {
    return true;
  }
  bool limit = error.message.starts_with("You have reached your specified") &&
               Mentions(error, "usage limits");
  return limit || error.message.starts_with("Your credit balance is too low");
}

// Whether it is the answer's schema that does not do, and not what this one request says.
bool BlamesSchema(const ApiError& error) {
  for (std::string_view start : {"output_config.format.schema", "output_config.format: Invalid",
                                 "The compiled grammar is too large", "Schema is too complex"}) {
    if (error.message.starts_with(start)) return true;
  }
  return false;
}

FailureKind KindOf(int64_t status, const ApiError& error) {
  if (IsSpent(error)) return FailureKind::kQuota;
  if (auto kind = KindOfType(error.type)) return *kind;
  bool wrong = error.type == "invalid_request_error";
  if (wrong && BlamesSchema(error)) return FailureKind::kBadSchema;
  if (wrong && status == 500) return FailureKind::kBadRequest;  // inside a success
  if (status == 404 || error.type == "not_found_error") {
    // Also what is asked for under a wrong base_url is not found.
    return Mentions(error, "model") ? FailureKind::kModelNotFound : FailureKind::kBadRequest;
  }
  return KindOfStatus(status);
}

// ---- when it is open again ----

// Takes a number of `digits` digits and the text after it off the front; -1 where they are others.
int TakeNumber(std::string_view& text, size_t digits, std::string_view after) {
  std::string_view part = text.substr(0, digits);
  int number = 0;
  auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  bool all = part.size() == digits && error == std::errc() && end == part.data() + digits;
  text.remove_prefix(part.size());
  if (!all || number < 0 || !text.starts_with(after)) return -1;
  text.remove_prefix(after.size());
  return number;
}

// "… regain access on 2026-09-01 at 00:00 UTC" as milliseconds since 1970.
std::optional<int64_t> TimeInText(std::string_view message) {
  constexpr std::string_view kPhrase = "regain access on ";
  size_t at = message.find(kPhrase);
  if (at == message.npos) return std::nullopt;
  std::string_view text = message.substr(at + kPhrase.size());
  int year = TakeNumber(text, 4, "-"), month = TakeNumber(text, 2, "-");
  int day = TakeNumber(text, 2, " at "), hour = TakeNumber(text, 2, ":");
  int minute = TakeNumber(text, 2, " UTC");
  if (std::min({year, month, day, hour, minute}) < 0 || hour > 23 || minute > 59) {
    return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60'000;
}

// A subscription's limits reset at a time in seconds since 1970.
std::optional<int64_t> TimeInHeader(const HttpReply& reply) {
  std::string_view text = reply.Header("anthropic-ratelimit-unified-reset");
  int64_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool all = error == std::errc() && end == text.data() + text.size();
  if (!all || seconds <= 0 || seconds > kLongestRetryAfterMs) return std::nullopt;
  return seconds * 1000;
}

}  // namespace

ErrorMeaning AnthropicMeaning(int64_t status, const ApiError& error) {
  return {KindOf(status, error), false, {}};
}

std::optional<int64_t> WaitUntilOpen(const HttpReply& reply, const Failure& failure) {
  const int64_t now_ms = TimeOfReplyMs(reply);
  std::optional<int64_t> time;
  if (failure.kind == FailureKind::kQuota) time = TimeInText(failure.message);
  if (failure.kind == FailureKind::kRateLimited) time = TimeInHeader(reply);
  // A time that has passed is no wait; a quota that is still used up then is a person's matter.
  bool over = time && failure.kind == FailureKind::kQuota && *time <= now_ms;
  if (!time || now_ms <= 0 || over) return std::nullopt;
  return std::clamp<int64_t>(*time - now_ms, 0, kLongestRetryAfterMs);
}

}  // namespace muster
