// After OpenAI's and Anthropic's API references. Observed of others: bare seconds as the reset, and
// -1 or 0 as limits that are none (Azure); negative remainders (OpenAI).

#include "worker/replies/limit_headers.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "worker/replies/retry_after.h"

namespace muster {
namespace {

// The value of a header; nullopt where it is missing or contradicts itself.
std::optional<std::string_view> Only(const HttpReply& reply, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [each, value] : reply.headers) {
    if (each != name) continue;
    if (found && *found != value) return std::nullopt;
    found = value;
  }
  return found;
}

// A whole number that is all of the text.
std::optional<int64_t> ReadWhole(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::clamp(number, -kMostOfALimit, kMostOfALimit);
}

// Limit and remainder from the headers of these names.
std::optional<LimitSeen> ReadLimit(const HttpReply& reply, LimitUnit unit,
                                   const std::string& limit_name,
                                   const std::string& remaining_name) {
  auto limit_text = Only(reply, limit_name), remaining_text = Only(reply, remaining_name);
  if (!limit_text || !remaining_text) return std::nullopt;
  auto limit = ReadWhole(*limit_text), remaining = ReadWhole(*remaining_text);
  if (!limit || *limit <= 0 || !remaining) return std::nullopt;
  return LimitSeen{unit, *limit, std::min(*remaining, *limit), std::nullopt};
}

std::optional<LimitSeen> ReadOpenAi(const HttpReply& reply, LimitUnit unit,
                                    const std::string& name) {
  const std::string prefix = "x-ratelimit-";
  auto seen = ReadLimit(reply, unit, prefix + "limit-" + name, prefix + "remaining-" + name);
  if (!seen) return std::nullopt;
  if (auto reset = Only(reply, prefix + "reset-" + name)) seen->full_in_ms = SpanMs(*reset);
  return seen;
}

// ---- RFC 3339 ----

// Takes digits and the mark that ends them off the front of `text`; the number, -1 without one.
int TakeNumber(std::string_view& text, size_t digits, std::string_view mark) {
  int number = 0;
  if (text.size() < digits) return -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  bool all = error == std::errc() && end == text.data() + digits && number >= 0;
  text.remove_prefix(digits);
  if (!all || !text.starts_with(mark)) return -1;
  text.remove_prefix(mark.size());
  return number;
}

// "Z", "+00:00", "-05:30" as minutes east of Greenwich; of all of the text.
std::optional<int> ReadZone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = TakeNumber(text, 2, ":"), minutes = TakeNumber(text, 2, "");
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return sign * (60 * hours + minutes);
}

// "2025-08-21T12:40:59Z" as milliseconds since 1970; fractions of a second are rounded up.
std::optional<int64_t> ReadTime(std::string_view text) {
  int year = TakeNumber(text, 4, "-"), month = TakeNumber(text, 2, "-");
  int day = TakeNumber(text, 2, "T"), hour = TakeNumber(text, 2, ":");
  int minute = TakeNumber(text, 2, ":"), second = TakeNumber(text, 2, "");
  if (std::min({year, month, day, hour, minute, second}) < 0) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  int fraction = 0;
  if (text.starts_with('.')) {
    size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end < 2) return std::nullopt;
    fraction = text.substr(1, end - 1).find_first_not_of('0') != text.npos;
    text.remove_prefix(end);
  }
  auto zone = ReadZone(text);
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!zone || !date.ok()) return std::nullopt;
  int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  int64_t minutes = (days * 24 + hour) * 60 + minute - *zone;
  return (minutes * 60 + second + fraction) * 1000;
}

}  // namespace

std::vector<LimitSeen> OpenAiLimits(const HttpReply& reply) {
  std::vector<LimitSeen> limits;
  if (auto seen = ReadOpenAi(reply, LimitUnit::kRequests, "requests")) limits.push_back(*seen);
  auto tokens = ReadOpenAi(reply, LimitUnit::kTokens, "tokens");
  auto of_project = ReadOpenAi(reply, LimitUnit::kTokens, "project-tokens");
  if (!tokens || (of_project && of_project->remaining < tokens->remaining)) tokens = of_project;
  if (tokens) limits.push_back(*tokens);
  return limits;
}

std::vector<LimitSeen> AnthropicLimits(const HttpReply& reply) {
  struct Unit {
    LimitUnit unit;
    const char* name;
  };
  constexpr Unit kUnits[] = {{LimitUnit::kRequests, "requests"},
                             {LimitUnit::kTokens, "tokens"},
                             {LimitUnit::kInputTokens, "input-tokens"},
                             {LimitUnit::kOutputTokens, "output-tokens"}};
  const int64_t now_ms = TimeOfReplyMs(reply);
  std::vector<LimitSeen> limits;
  for (const Unit& each : kUnits) {
    const std::string prefix = std::string("anthropic-ratelimit-") + each.name;
    auto seen = ReadLimit(reply, each.unit, prefix + "-limit", prefix + "-remaining");
    if (!seen) continue;
    auto reset = Only(reply, prefix + "-reset");
    auto time = reset ? ReadTime(*reset) : std::nullopt;
    if (time && now_ms > 0) {
      seen->full_in_ms = std::clamp<int64_t>(*time - now_ms, 0, kLongestRetryAfterMs);
    }
    limits.push_back(*seen);
  }
  return limits;
}

}  // namespace muster
