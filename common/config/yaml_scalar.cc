#include <algorithm>
#include <charconv>
#include <system_error>

#include "common/config/yaml.h"

// The rules of the YAML 1.2 core schema, section 10.3.2, with one difference: .inf and .nan are
// refused because JSON has no such numbers.

namespace muster {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsMadeOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

std::string_view SkipSign(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool IsFloat(std::string_view text) {
  text = SkipSign(text);
  if (size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    if (!IsMadeOf(SkipSign(text.substr(e + 1)), kDigits)) return false;
    text = text.substr(0, e);
  }
  size_t point = text.find('.');
  if (point == std::string_view::npos) return IsMadeOf(text, kDigits);
  std::string_view whole = text.substr(0, point), fraction = text.substr(point + 1);
  if (whole.empty()) return IsMadeOf(fraction, kDigits);
  return IsMadeOf(whole, kDigits) && (fraction.empty() || IsMadeOf(fraction, kDigits));
}

template <class Number, class... How>
Result<Json> ParseNumber(std::string_view digits, std::string_view written, How... how) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  Number number{};
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, how...);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Fail("the number {} is too large or too small; put it in quotes if it is text", written);
  }
  return Json(number);
}

}  // namespace

Result<Json> ResolvePlainScalar(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return Json(nullptr);
  if (IsOneOf(text, {"true", "True", "TRUE"})) return Json(true);
  if (IsOneOf(text, {"false", "False", "FALSE"})) return Json(false);
  if (IsMadeOf(SkipSign(text), kDigits)) return ParseNumber<int64_t>(text, text);
  if (text.starts_with("0o") && IsMadeOf(text.substr(2), "01234567")) {
    return ParseNumber<int64_t>(text.substr(2), text, 8);
  }
  if (text.starts_with("0x") && IsMadeOf(text.substr(2), "0123456789abcdefABCDEF")) {
    return ParseNumber<int64_t>(text.substr(2), text, 16);
  }
  if (IsFloat(text)) return ParseNumber<double>(text, text);
  if (IsOneOf(SkipSign(text), {".inf", ".Inf", ".INF"}) ||
      IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return Fail("{} is no number here; put it in quotes if it is text", text);
  }
  return Json(text);
}

}  // namespace muster
