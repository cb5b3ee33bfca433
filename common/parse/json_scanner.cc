#include "common/parse/json_scanner.h"

#include <algorithm>
#include <vector>

#include "common/parse/latex_commands.h"

namespace muster {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static_assert(kMostJsonMembers == 10'000, "and in the message below");
constexpr char kValue[] = "a value";

// Reads one value; used once. Reading functions return false after setting what was expected.
class Scanner {
 public:
  Scanner(std::string_view text, size_t from, const JsonMending& mending)
      : text_(text), at_(from), mending_(mending) {}

  JsonScan Run();

 private:
  // An open { or [: what has come of it, and thus what may come next.
  struct Open {
    bool object;
    size_t members = 0;
    bool comma = true;  // one has come since the last element, or there was none yet
  };

  bool Step();
  bool Value();
  bool Close();
  bool Name();
  bool Number();
  bool Literal(std::string_view word);
  bool String();
  bool Escape();
  bool UnicodeEscape();
  bool LatexAt() const;
  bool RawBreak();

  bool Want(const char* expected) {
    scan_.expected = expected;
    return false;
  }
  // NUL, which fits nowhere, after the end.
  char Here(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void SkipSpace() {
    while (IsSpace(Here())) ++at_;
  }
  void Copy(size_t bytes) {
    scan_.json += text_.substr(at_, bytes);
    at_ += bytes;
  }
  bool HexAt(size_t at) const {
    return at + 4 <= text_.size() && std::all_of(&text_[at], &text_[at] + 4, IsHex);
  }

  std::string_view text_;
  size_t at_;
  const JsonMending& mending_;
  std::vector<Open> open_;
  JsonScan scan_;
};

JsonScan Scanner::Run() {
  SkipSpace();
  bool ok = Value();
  while (ok && !open_.empty()) ok = Step();
  scan_.ok = ok;
  scan_.end = at_;
  return std::move(scan_);
}

// The next thing inside of what is open.
bool Scanner::Step() {
  SkipSpace();
  Open& open = open_.back();
  if (Here() == (open.object ? '}' : ']')) return Close();
  if (Here() == ',') {
    bool early = open.comma;
    if (early && !mending_.commas) return Want(open.object ? "a name in quotes" : kValue);
    open.comma = true;
    ++at_;
    return true;
  }
  if (!open.comma) return Want(open.object ? "a comma or }" : "a comma or ]");
  if (open.members > 0) scan_.json += ',';
  ++open.members;
  open.comma = false;
  if (!open.object) {
    scan_.begun = scan_.begun || Here() == '"' || Here() == '{' || Here() == '[';
    return Value();
  }
  if (open.members > kMostJsonMembers) return Want("no more than 10000 members");
  return Name() && Value();
}

bool Scanner::Close() {
  const Open& open = open_.back();
  if (open.comma && open.members > 0 && !mending_.commas) {
    return Want(open.object ? "a name in quotes" : kValue);
  }
  // [,] has commas but no elements.
  open_.pop_back();
  Copy(1);
  return true;
}

bool Scanner::Value() {
  switch (Here()) {
    case '{':
    case '[':
      if (open_.size() >= static_cast<size_t>(kMaxJsonDepth)) return Want("no deeper nesting");
      open_.push_back({Here() == '{'});
      Copy(1);
      return true;
    case '"':
      return String();
    case 't':
      return Literal("true");
    case 'f':
      return Literal("false");
    case 'n':
      return Literal("null");
    default:
      return Here() == '-' || IsDigit(Here()) ? Number() : Want(kValue);
  }
}

bool Scanner::Name() {
  if (Here() != '"') return Want("a name in quotes");
  if (!String()) return false;
  SkipSpace();
  if (Here() != ':') return Want("a colon");
  Copy(1);
  SkipSpace();
  scan_.begun = true;
  return true;
}

bool Scanner::Literal(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return Want(kValue);
  Copy(word.size());
  return IsLetter(Here()) || IsDigit(Here()) ? Want("the end of the word") : true;
}

bool Scanner::Number() {
  auto digits = [&] {
    if (!IsDigit(Here())) return Want("a digit");
    while (IsDigit(Here())) Copy(1);
    return true;
  };
  if (Here() == '-') Copy(1);
  if (Here() == '0') {
    Copy(1);
    if (IsDigit(Here())) return Want("no digit after a leading 0");
  } else if (!digits()) {
    return false;
  }
  if (Here() == '.') {
    Copy(1);
    if (!digits()) return false;
  }
  if (Here() == 'e' || Here() == 'E') {
    Copy(1);
    if (Here() == '+' || Here() == '-') Copy(1);
    if (!digits()) return false;
  }
  return IsLetter(Here()) ? Want("the end of the number") : true;
}

bool Scanner::String() {
  Copy(1);
  while (at_ < text_.size()) {
    size_t plain = at_;
    while (plain < text_.size() && text_[plain] != '"' && text_[plain] != '\\' &&
           static_cast<unsigned char>(text_[plain]) >= 0x20) {
      ++plain;
    }
    Copy(plain - at_);
    if (at_ >= text_.size()) break;
    if (Here() == '"') {
      Copy(1);
      return true;
    }
    if (!(Here() == '\\' ? Escape() : RawBreak())) return false;
  }
  return Want("the end of the string");
}

bool Scanner::RawBreak() {
  const char* quoted = Here() == '\n'   ? "\\n"
                       : Here() == '\r' ? "\\r"
                       : Here() == '\t' ? "\\t"
                                        : nullptr;
  if (!quoted) return Want("no control character in a string");
  if (!mending_.fences) return Want("no raw line break or tab in a string");
  scan_.json += quoted;
  ++at_;
  return true;
}

// At a backslash inside of a string.
bool Scanner::Escape() {
  char next = Here(1);
  if (next == 'u' && HexAt(at_ + 2)) return UnicodeEscape();
  if (mending_.latex && LatexAt()) {
    scan_.json += "\\\\";
    ++at_;
    return true;
  }
  if (next == '\0' || std::string_view("\"\\/bfnrt").find(next) == std::string_view::npos) {
    return Want(at_ + 1 < text_.size() ? "an escape that JSON has" : "the end of the string");
  }
  Copy(2);
  return true;
}

bool Scanner::UnicodeEscape() {
  auto unit = [&](size_t at) { return std::stoi(std::string(text_.substr(at, 4)), nullptr, 16); };
  int first = unit(at_ + 2);
  bool low = first >= 0xdc00 && first <= 0xdfff, high = first >= 0xd800 && first <= 0xdbff;
  if (high) {
    bool paired = Here(6) == '\\' && Here(7) == 'u' && HexAt(at_ + 8);
    int second = paired ? unit(at_ + 8) : 0;
    low = second < 0xdc00 || second > 0xdfff;
  }
  if (low) return Want("both halves of a surrogate pair");
  Copy(high ? 12 : 6);
  return true;
}

// Whether the backslash here begins a LaTeX command; the rule stands in the head comment.
bool Scanner::LatexAt() const {
  char next = Here(1);
  if (at_ + 1 >= text_.size() || next == '"' || next == '\\' || next == '/') return false;
  if (next == 'b' || next == 'f' || next == 'r') return IsLetter(Here(2));
  if (next != 'n' && next != 't') return true;
  constexpr size_t kLongest = 24;  // letters; longer than any command
  size_t letters = 0;
  while (letters < kLongest && IsLetter(Here(1 + letters))) ++letters;
  return IsLatexOverEscape(text_.substr(at_ + 1, letters));
}

}  // namespace

JsonScan ScanJson(std::string_view text, size_t from, const JsonMending& mending) {
  return Scanner(text, from, mending).Run();
}

}  // namespace muster
