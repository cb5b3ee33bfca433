#include "common/money.h"

#include <cstdlib>
#include <limits>

#include "common/result.h"

namespace muster {
namespace {

constexpr Picodollars kMost = std::numeric_limits<Picodollars>::max();
constexpr Picodollars kLeast = std::numeric_limits<Picodollars>::min();
constexpr int kDecimals = 12;  // digits after the point that a picodollar has

std::string WithThousands(uint64_t whole) {
  std::string digits = std::to_string(whole);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string FormatMagnitude(uint64_t amount) {
  constexpr uint64_t kDollar = kPicodollarsPerDollar;
  constexpr uint64_t kLeastShown = kDollar / 10'000;
  if (amount == 0) return "$0.00";
  if (amount < kLeastShown) return "<$0.0001";
  uint64_t shown = (amount + kLeastShown / 2) / kLeastShown;
  if (shown < 10'000) return fmt::format("$0.{:04}", shown);
  uint64_t cents = (amount + kDollar / 200) / (kDollar / 100);
  return fmt::format("${}.{:02}", WithThousands(cents / 100), cents % 100);
}

bool AllDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Reads digits as one number; false when it does not fit.
bool ReadDigits(std::string_view digits, Picodollars* value) {
  for (char digit : digits) {
    if (__builtin_mul_overflow(*value, 10, value)) return false;
    if (__builtin_add_overflow(*value, digit - '0', value)) return false;
  }
  return true;
}

}  // namespace

Picodollars AddMoney(Picodollars a, Picodollars b) {
  Picodollars sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? kMost : kLeast;
}

Picodollars PriceOf(int64_t tokens, Picodollars picodollars_each) {
  Picodollars price = 0;
  if (!__builtin_mul_overflow(tokens, picodollars_each, &price)) return price;
  return (tokens < 0) == (picodollars_each < 0) ? kMost : kLeast;
}

std::string FormatMoney(Picodollars amount) {
  if (amount >= 0) return FormatMagnitude(static_cast<uint64_t>(amount));
  return "-" + FormatMagnitude(-static_cast<uint64_t>(amount));
}

std::string ExactDollars(Picodollars amount) {
  std::string text =
      fmt::format("{}{}.{:012}", amount < 0 ? "-" : "", std::abs(amount / kPicodollarsPerDollar),
                  std::abs(amount % kPicodollarsPerDollar));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

Result<Picodollars> ParseDollars(std::string_view text) {
  std::string_view number = text;
  if (number.starts_with('$')) number.remove_prefix(1);
  size_t point = number.find('.');
  std::string_view whole = number.substr(0, point);
  std::string_view part = point == number.npos ? "0" : number.substr(point + 1);
  if (whole.empty() || part.empty() || !AllDigits(whole) || !AllDigits(part)) {
    return Fail("\"{}\" is not an amount in dollars: expected digits as in 2.50", text);
  }
  if (part.size() > kDecimals) {
    return Fail("\"{}\" has more than {} digits after the point", text, kDecimals);
  }
  std::string padded(part);
  padded.resize(kDecimals, '0');
  Picodollars amount = 0;
  if (!ReadDigits(whole, &amount) || !ReadDigits(padded, &amount)) {
    return Fail("\"{}\" is too much: at most {} can be counted", text, FormatMoney(kMost));
  }
  return amount;
}

}  // namespace muster
