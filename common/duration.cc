#include "common/duration.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/text.h"

namespace muster {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kLongest = 36'525 * kDay;

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr Unit kUnits[] = {{"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", 1}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Takes the longest run of characters that are `kind` off the front of `rest`.
template <class Kind>
std::string_view Take(std::string_view& rest, Kind kind) {
  auto end = std::find_if_not(rest.begin(), rest.end(), kind);
  std::string_view taken = rest.substr(0, static_cast<size_t>(end - rest.begin()));
  rest.remove_prefix(taken.size());
  return taken;
}

// A decimal number of units as milliseconds.
Result<int64_t> Amount(std::string_view whole, std::string_view fraction, int64_t unit) {
  int64_t ms = 0;
  for (char digit : whole) {
    ms = ms * 10 + (digit - '0') * unit;
    if (ms > kLongest) return Fail("longer than 100 years");
  }
  for (char digit : fraction) {
    if (digit != '0' && unit % 10 != 0) return Fail("finer than a millisecond");
    unit = unit % 10 == 0 ? unit / 10 : 1;
    ms += (digit - '0') * unit;
  }
  return ms;
}

// One number with its unit off the front of `rest`. `longest` is the length of the unit that may
// come; it becomes that of the unit found.
Result<int64_t> TakePart(std::string_view& rest, int64_t& longest) {
  std::string_view whole = Take(rest, IsDigit);
  std::string_view fraction;
  if (!whole.empty() && rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = Take(rest, IsDigit);
    if (fraction.empty()) return Fail("a digit is missing after the point");
  }
  if (whole.empty()) return Fail("not a duration; write it as in 90s, 5m or 1h30m");
  std::string_view name = Take(rest, IsLetter);
  if (name.empty())
    return Fail("the unit of {} is missing; the units are d, h, m, s and ms", whole);
  auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                           [&](const Unit& each) { return each.name == name; });
  if (unit == std::end(kUnits)) {
    return Fail("unknown unit \"{}\"; the units are d, h, m, s and ms", name);
  }
  if (unit->ms >= longest) return Fail("each unit once and the longer ones first, as in 1h30m");
  longest = unit->ms;
  return Amount(whole, fraction, unit->ms);
}

bool IsNumber(std::string_view text) {
  return std::any_of(text.begin(), text.end(), IsDigit) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || c == '.'; });
}

}  // namespace

std::string FormatDuration(std::chrono::milliseconds duration) {
  bool negative = duration.count() < 0;
  auto ms = static_cast<uint64_t>(duration.count());
  if (negative) ms = 0 - ms;
  std::string_view sign = negative ? "-" : "";
  if (ms < 1'000) return fmt::format("{}{} ms", sign, ms);
  uint64_t tenths = (ms + 50) / 100;
  if (tenths < 600) return fmt::format("{}{}.{} s", sign, tenths / 10, tenths % 10);
  uint64_t seconds = (ms + 500) / 1'000;
  if (seconds < 3'600) return fmt::format("{}{}m{:02}s", sign, seconds / 60, seconds % 60);
  uint64_t minutes = (seconds + 30) / 60;
  return fmt::format("{}{}h{:02}m", sign, minutes / 60, minutes % 60);
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  std::string shown = VisibleText(text.substr(0, 40));
  if (IsNumber(text)) return Fail("{}: say the unit, as in {}s", shown, shown);
  if (text.starts_with('-')) return Fail("{}: a duration cannot be negative", shown);
  if (text.empty()) return Fail("an empty text is no duration; write it as in 90s, 5m or 1h30m");
  int64_t total = 0;
  int64_t longest = INT64_MAX;
  for (std::string_view rest = text; !rest.empty();) {
    auto part = TakePart(rest, longest);
    if (!part) return Fail("{}: {}", shown, part.error());
    total += *part;
    if (total > kLongest) return Fail("{}: longer than 100 years", shown);
  }
  return std::chrono::milliseconds(total);
}

}  // namespace muster
