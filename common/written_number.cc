#include "common/written_number.h"

#include <array>
#include <charconv>
#include <cmath>

#include "common/affixes.h"

namespace muster {
namespace {

// Stand between a sign and its number.
constexpr std::array<std::string_view, 5> kCurrencies{"$", "€", "£", "¥", "₹"};
constexpr std::string_view kMinus = "−";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// A byte of a character beyond ASCII counts as a letter where a hyphen is told from a minus.
bool IsWordByte(char c) {
  return IsAsciiLetter(c) || IsDigit(c) || static_cast<unsigned char>(c) >= 0x80;
}

std::optional<double> ToDouble(const std::string& digits) {
  double value = 0;
  const char* end = digits.data() + digits.size();
  auto [last, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || last != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Reads one number behind `at` after the other.
class NumberScanner {
 public:
  explicit NumberScanner(std::string_view text) : text_(text) {}

  struct Found {
    WrittenNumber number;
    bool behind_letter = false;
  };

  // Nullopt at the end.
  std::optional<Found> Next() {
    while (at_ < text_.size()) {
      bool point = Peek() == '.' && IsDigit(Peek(1));
      if (!IsDigit(Peek()) && !point) {
        ++at_;
        continue;
      }
      size_t begin = at_;
      if (auto number = Take(begin)) return Found{Finished(begin, *number), BehindLetter(begin)};
    }
    return std::nullopt;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Behind(size_t begin, std::string_view what) const {
    return text_.substr(0, begin).ends_with(what);
  }
  std::string_view Rest() const { return text_.substr(at_); }

  std::string Digits() {
    size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // The length of what groups thousands here: a comma or a no-break space before three digits.
  size_t GroupMark() const {
    std::string_view mark =
        PrefixOf(Rest(), std::array<std::string_view, 4>{",", "\u00A0", "\u202F", "\u2009"});
    if (mark.empty()) return 0;
    bool three = IsDigit(Peek(mark.size())) && IsDigit(Peek(mark.size() + 1)) &&
                 IsDigit(Peek(mark.size() + 2)) && !IsDigit(Peek(mark.size() + 3));
    return three ? mark.size() : 0;
  }

  // Everything of a number that begins here but its sign; nullopt: it is none, and is passed.
  std::optional<double> Take(size_t begin) {
    std::string digits = Digits();
    if (!digits.empty() && digits.size() <= 3 && digits[0] != '0') {
      while (size_t mark = GroupMark()) {
        at_ += mark;
        digits += Digits();
      }
    }
    bool whole = true;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      digits += "." + Digits();
      whole = false;
    }
    if (SkipDotted()) return std::nullopt;
    if (digits[0] == '.') digits.insert(0, "0");
    digits += Exponent();
    auto value = ToDouble(digits);
    if (value && whole && !Behind(begin, "/")) value = Fraction(*value);
    return value ? TimesPowerOfTen(*value) : std::nullopt;
  }

  // The rest of 1.2.3; false: there is none.
  bool SkipDotted() {
    bool dotted = false;
    while (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      Digits();
      dotted = true;
    }
    return dotted;
  }

  // "e-3" where it is one.
  std::string Exponent() {
    if (Peek() != 'e' && Peek() != 'E') return "";
    size_t sign = Peek(1) == '-' || Peek(1) == '+' ? 1 : 0;
    if (!IsDigit(Peek(1 + sign))) return "";
    std::string minus = Peek(1) == '-' ? "-" : "";
    at_ += 1 + sign;
    return "e" + minus + Digits();
  }

  // 3/4, unless more follows (a date) or it divides by nothing.
  double Fraction(double above) {
    size_t begin = at_;
    if (Peek() != '/' || !IsDigit(Peek(1))) return above;
    ++at_;
    auto below = ToDouble(Digits());
    bool more = Peek() == '/' || (Peek() == '.' && IsDigit(Peek(1))) || IsAsciiLetter(Peek());
    if (below && *below != 0 && !more) return above / *below;
    at_ = begin;
    return above;
  }

  void SkipSpaces() {
    while (Peek() == ' ') ++at_;
  }

  // " × 10^-3".
  std::optional<double> TimesPowerOfTen(double value) {
    size_t begin = at_;
    SkipSpaces();
    std::string_view times =
        PrefixOf(Rest(), std::array<std::string_view, 5>{"×", "\\times", "·", "x", "*"});
    at_ += times.size();
    SkipSpaces();
    std::string_view power =
        PrefixOf(Rest(), std::array<std::string_view, 3>{"10^{", "10^", "10**"});
    if (times.empty() || power.empty()) return at_ = begin, value;
    at_ += power.size();
    std::string minus;
    std::string_view sign = PrefixOf(Rest(), std::array<std::string_view, 3>{"-", kMinus, "+"});
    if (sign == "-" || sign == kMinus) minus = "-";
    at_ += sign.size();
    auto scale = ToDouble("1e" + minus + Digits());
    if (Peek() == '}') ++at_;
    if (!scale) return at_ = begin, value;
    return value * *scale;
  }

  // Where the digits' sign ends, past a currency: "-$5".
  size_t SignEnd(size_t begin) const {
    std::string_view currency = SuffixOf(text_.substr(0, begin), kCurrencies);
    return begin - currency.size();
  }

  bool IsNegative(size_t begin) const {
    size_t end = SignEnd(begin);
    std::string_view minus =
        SuffixOf(text_.substr(0, end), std::array<std::string_view, 2>{"-", kMinus});
    if (minus.empty()) return false;
    size_t before = end - minus.size();
    return before == 0 || !IsWordByte(text_[before - 1]);
  }

  bool BehindLetter(size_t begin) const {
    return begin > 0 && (IsAsciiLetter(text_[begin - 1]) || text_[begin - 1] == '_');
  }

  WrittenNumber Finished(size_t begin, double value) {
    WrittenNumber number{IsNegative(begin) ? -value : value, false};
    size_t before = at_;
    SkipSpaces();
    if (Peek() == '\\') ++at_;  // LaTeX
    number.percent = Peek() == '%';
    at_ = number.percent ? at_ + 1 : before;
    return number;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<WrittenNumber> LastNumber(std::string_view text) {
  std::optional<WrittenNumber> last, last_glued;
  NumberScanner scanner(text);
  while (auto found = scanner.Next()) {
    (found->behind_letter ? last_glued : last) = found->number;
  }
  return last ? last : last_glued;
}

std::optional<double> WholeNumber(std::string_view text) {
  std::string digits(text.starts_with(kMinus) ? text.substr(kMinus.size()) : text);
  if (digits.empty() || !(IsDigit(digits.back()))) return std::nullopt;
  if (!IsDigit(digits[0]) && digits[0] != '-' && digits[0] != '.') return std::nullopt;
  auto value = ToDouble(digits);
  return value && text.starts_with(kMinus) ? std::optional(-*value) : value;
}

}  // namespace muster
