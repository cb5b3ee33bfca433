#include "common/json_reader.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "common/json_plain.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kFewKeys = 16;  // so many are compared with each other, more are sorted

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(uint32_t code, std::string& out) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f));
  } else {
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

// Goes through a text once. Every function leaves at_ behind what it took; false: give up.
class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool ReadAll(Json& value) {
    if (!ReadValue(value, 0)) return false;
    SkipSpace();
    return at_ == end_;
  }

 private:
  using Members = std::vector<std::pair<std::string, Json>>;

  bool ReadValue(Json& value, int depth) {
    SkipSpace();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return depth < kMaxJsonDepth && ReadObject(value, depth + 1);
      case '[':
        return depth < kMaxJsonDepth && ReadArray(value, depth + 1);
      case '"':
        return ReadText(value);
      case 't':
        return value = true, TakeWord("true");
      case 'f':
        return value = false, TakeWord("false");
      case 'n':
        return value = nullptr, TakeWord("null");
      default:
        return ReadNumber(value);
    }
  }

  // Members wait in one pile for all levels until their object is whole: growing an object would
  // copy all that is in it.
  bool ReadObject(Json& value, int depth) {
    size_t first = members_.size();
    ++at_;
    if (!Take('}')) {
      do {
        SkipSpace();
        std::string key;
        Json member;
        if (at_ == end_ || *at_ != '"' || !ReadString(key)) return false;
        if (!Take(':') || !ReadValue(member, depth)) return false;
        members_.emplace_back(std::move(key), std::move(member));
      } while (Take(','));
      if (!Take('}')) return false;
    }
    auto begin = members_.begin() + static_cast<ptrdiff_t>(first);
    if (HasTwice(begin, members_.end())) return false;
    Json::object_t object;
    object.reserve(members_.size() - first);
    for (auto it = begin; it != members_.end(); ++it) {
      object.emplace_back(std::move(it->first), std::move(it->second));
    }
    members_.erase(begin, members_.end());
    value = std::move(object);
    return true;
  }

  bool ReadArray(Json& value, int depth) {
    Json::array_t list;
    ++at_;
    if (!Take(']')) {
      do {
        if (!ReadValue(list.emplace_back(), depth)) return false;
      } while (Take(','));
      if (!Take(']')) return false;
    }
    value = std::move(list);
    return true;
  }

  static bool HasTwice(Members::const_iterator begin, Members::const_iterator end) {
    if (static_cast<size_t>(end - begin) <= kFewKeys) {
      for (auto one = begin; one != end; ++one) {
        for (auto other = begin; other != one; ++other) {
          if (one->first == other->first) return true;
        }
      }
      return false;
    }
    std::vector<std::string_view> keys;
    for (auto it = begin; it != end; ++it) keys.push_back(it->first);
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
  }

  bool ReadText(Json& value) {
    std::string text;
    if (!ReadString(text)) return false;
    value = std::move(text);
    return true;
  }

  bool ReadString(std::string& text) {
    for (++at_;;) {
      const char* from = at_;
      at_ += PlainBytes({at_, end_});
      text.append(from, at_);
      if (at_ == end_) return false;
      if (*at_ == '"') return ++at_, true;
      if (*at_ != '\\' || !ReadEscape(text)) return false;
    }
  }

  bool ReadEscape(std::string& text) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (++at_ == end_) return false;
    char letter = *at_++;
    if (letter == 'u') return ReadCode(text);
    size_t which = kLetters.find(letter);
    if (which == kLetters.npos) return false;
    text.push_back(kMeanings[which]);
    return true;
  }

  // What stands behind "\u"; of a character beyond U+FFFF both halves.
  bool ReadCode(std::string& text) {
    uint32_t code = 0, low = 0;
    if (!ReadHex(code) || (code >= 0xdc00 && code < 0xe000)) return false;
    if (code >= 0xd800 && code < 0xdc00) {
      if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return false;
      at_ += 2;
      if (!ReadHex(low) || low < 0xdc00 || low >= 0xe000) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    AppendUtf8(code, text);
    return true;
  }

  bool ReadHex(uint32_t& code) {
    if (end_ - at_ < 4) return false;
    auto [after, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc() || after != at_ + 4) return false;
    at_ += 4;
    return true;
  }

  bool ReadNumber(Json& value) {
    const char* from = at_;
    bool negative = *at_ == '-';
    if (negative) ++at_;
    const char* digits = at_;
    if (!TakeDigits() || (*digits == '0' && at_ - digits > 1)) return false;
    bool whole = true;
    if (at_ != end_ && *at_ == '.') {
      ++at_, whole = false;
      if (!TakeDigits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_, whole = false;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!TakeDigits()) return false;
    }
    return !whole     ? Convert<double>(from, value)
           : negative ? Convert<int64_t>(from, value)
                      : Convert<uint64_t>(from, value);
  }

  // What is too large or too small for a T is no plain case.
  template <class T>
  bool Convert(const char* from, Json& value) {
    T number{};
    auto [after, error] = std::from_chars(from, at_, number);
    if (error != std::errc() || after != at_) return false;
    value = number;
    return true;
  }

  bool TakeDigits() {
    const char* from = at_;
    while (at_ != end_ && IsDigit(*at_)) ++at_;
    return at_ != from;
  }

  bool TakeWord(std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool Take(char c) {
    SkipSpace();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  const char* at_;
  const char* end_;
  Members members_;  // of the objects that are not whole yet
};

}  // namespace

std::optional<Json> ReadPlainJson(std::string_view text) {
  if (!IsUtf8(text)) return std::nullopt;
  Json value;
  if (!Reader(text).ReadAll(value)) return std::nullopt;
  return value;
}

}  // namespace muster
