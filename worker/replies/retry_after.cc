// Retry-After is RFC 9110 (seconds or one of three date forms); retry-after-ms and fractions are
// what OpenAI's servers send and its SDKs read. Some servers leave out "GMT".

#include "worker/replies/retry_after.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

namespace muster {
namespace {

int64_t CappedMs(double ms) {
  return static_cast<int64_t>(std::ceil(std::min(ms, static_cast<double>(kLongestRetryAfterMs))));
}

// A number ≥ 0 that is the whole text.
std::optional<double> ReadNumber(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(number) || std::signbit(number)) return std::nullopt;
  return number;
}

bool IsUtc(std::string_view zone) {
  zone.remove_prefix(std::min(zone.find_first_not_of(' '), zone.size()));
  return zone.empty() || zone == "GMT" || zone == "UTC" || zone == "Z" || zone == "+0000";
}

// An HTTP date as milliseconds since 1970.
std::optional<int64_t> ReadDate(std::string_view text) {
  const std::string date(text);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S", "%a %b %e %H:%M:%S %Y"}) {
    std::tm time{};
    const char* end = strptime(date.c_str(), form, &time);
    if (end && IsUtc(end)) return static_cast<int64_t>(timegm(&time)) * 1000;
  }
  return std::nullopt;
}

std::optional<int64_t> ReadSecondsOrDate(std::string_view value, int64_t now_ms) {
  if (auto seconds = ReadNumber(value)) return CappedMs(*seconds * 1000);
  auto date = ReadDate(value);
  if (!date || now_ms <= 0) return std::nullopt;
  return std::clamp<int64_t>(*date - now_ms, 0, kLongestRetryAfterMs);
}

// ---- in the words of a message ----

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What follows the first `phrase` (lower case), whatever the case in `text`; nullopt without one.
std::optional<std::string_view> After(std::string_view text, std::string_view phrase) {
  auto at = std::search(text.begin(), text.end(), phrase.begin(), phrase.end(),
                        [](char a, char b) { return Lower(a) == b; });
  if (at == text.end()) return std::nullopt;
  return text.substr(static_cast<size_t>(at - text.begin()) + phrase.size());
}

// Letters, and whatever is not ASCII, as in "µs".
std::string TakeUnit(std::string_view& text) {
  std::string unit;
  auto is_letter = [](char c) { return (Lower(c) >= 'a' && Lower(c) <= 'z') || (c & 0x80); };
  while (!text.empty() && is_letter(text[0])) {
    unit += Lower(text[0]);
    text.remove_prefix(1);
  }
  return unit;
}

std::optional<double> MsOfUnit(std::string_view unit) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  constexpr Unit kUnits[] = {
      {"ns", 1e-6},        {"us", 1e-3},     {"\u00b5s", 1e-3}, {"\u03bcs", 1e-3}, {"ms", 1},
      {"milliseconds", 1}, {"s", 1e3},       {"sec", 1e3},      {"second", 1e3},   {"seconds", 1e3},
      {"m", 60e3},         {"min", 60e3},    {"minute", 60e3},  {"minutes", 60e3}, {"h", 3600e3},
      {"hour", 3600e3},    {"hours", 3600e3}};
  for (const Unit& each : kUnits) {
    if (each.name == unit) return each.ms;
  }
  return std::nullopt;
}

// Takes numbers with units off the front of `text` as far as they go: "1.2s", "2m52.8s",
// "37 seconds".
std::optional<int64_t> TakeSpan(std::string_view& text) {
  std::optional<double> sum;
  auto skip_spaces = [](std::string_view& in) {
    in.remove_prefix(std::min(in.find_first_not_of(' '), in.size()));
  };
  for (std::string_view rest = text;; text = rest) {
    skip_spaces(rest);
    if (rest.empty() || rest[0] < '0' || rest[0] > '9') break;
    double number = 0;
    auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc()) break;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    skip_spaces(rest);
    auto unit = MsOfUnit(TakeUnit(rest));
    if (!unit) break;
    sum = sum.value_or(0) + number * *unit;
  }
  return sum ? std::optional(CappedMs(*sum)) : std::nullopt;
}

}  // namespace

std::optional<int64_t> RetryAfterMs(const HttpReply& reply, int64_t now_ms) {
  for (const auto& [name, value] : reply.headers) {
    if (name != "retry-after-ms") continue;
    if (auto ms = ReadNumber(value)) return CappedMs(*ms);
  }
  for (const auto& [name, value] : reply.headers) {
    if (name != "retry-after") continue;
    if (auto ms = ReadSecondsOrDate(value, now_ms)) return ms;
  }
  return std::nullopt;
}

int64_t TimeOfReplyMs(const HttpReply& reply) {
  return ReadDate(reply.Header("date")).value_or(reply.received_ms);
}

std::optional<int64_t> SpanMs(std::string_view text) {
  if (auto seconds = ReadNumber(text)) return CappedMs(*seconds * 1000);
  auto ms = TakeSpan(text);
  return text.empty() ? ms : std::nullopt;
}

std::optional<int64_t> RetryAfterInText(std::string_view message) {
  for (std::string_view phrase : {"try again in", "retry after", "retry in"}) {
    if (auto rest = After(message, phrase)) {
      if (auto ms = TakeSpan(*rest)) return ms;
    }
  }
  return std::nullopt;
}

}  // namespace muster
