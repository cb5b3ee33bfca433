#include "common/score_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/affixes.h"

namespace muster {
namespace {

constexpr std::array<std::string_view, 8> kBlanks{" ",      "\t",     "\n",     "\r",
                                                  "\u00A0", "\u202F", "\u2009", "\uFEFF"};
// Signs that change what a word means (+ # - % $) are no marks.
constexpr std::array<std::string_view, 31> kMarks{
    ".", ",", ";", ":", "!", "?", "\"", "'", "`", "*", "_", "(", ")",  "[",  "]", "{",
    "}", "<", ">", "“", "”", "‘", "’",  "„", "«", "»", "‹", "›", "。", "、", "…"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// A byte of a character beyond ASCII counts as a letter where words are told apart.
bool IsWordByte(char c) {
  return IsAsciiLetter(c) || IsDigit(c) || static_cast<unsigned char>(c) >= 0x80;
}

// ---- case ----

// Lower case of one character of two bytes; other ones have none here.
uint32_t LowerOf(uint32_t c) {
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9)) return c + 32;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  bool pairs_even =
      (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481);
  if (pairs_even && c != 0x130 && c % 2 == 0) return c + 1;
  bool pairs_odd = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  return pairs_odd && c % 2 == 1 ? c + 1 : c;
}

std::string LowerCase(std::string_view text) {
  std::string lower;
  for (size_t i = 0; i < text.size(); ++i) {
    auto first = static_cast<unsigned char>(text[i]);
    auto second = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if (first >= 0xC3 && first <= 0xD1 && (second & 0xC0) == 0x80) {
      uint32_t c = LowerOf((first & 0x1Fu) << 6 | (second & 0x3Fu));
      lower += static_cast<char>(0xC0 | c >> 6);
      lower += static_cast<char>(0x80 | (c & 0x3F));
      ++i;
    } else {
      lower += static_cast<char>(first >= 'A' && first <= 'Z' ? first + 32 : first);
    }
  }
  return lower;
}

// Without what stands in one of the lists at its ends.
template <class... Lists>
std::string_view Stripped(std::string_view text, const Lists&... lists) {
  for (size_t before = text.size() + 1; before != text.size();) {
    before = text.size();
    (text.remove_prefix(PrefixOf(text, lists).size()), ...);
    (text.remove_suffix(SuffixOf(text, lists).size()), ...);
  }
  return text;
}

// ---- lists ----

// "- ", "• ", "2. ", "3) " before an element of a list.
std::string_view WithoutBullet(std::string_view line) {
  line = TrimBlanks(line);
  for (std::string_view bullet : {"- ", "* ", "• ", "– "}) {
    if (line.starts_with(bullet)) return TrimBlanks(line.substr(bullet.size()));
  }
  size_t digits = 0;
  while (digits < line.size() && IsDigit(line[digits])) ++digits;
  std::string_view rest = line.substr(digits);
  bool numbered = digits > 0 && digits <= 3 && (rest.starts_with(". ") || rest.starts_with(") "));
  return numbered ? TrimBlanks(rest.substr(2)) : line;
}

// ---- yes and no ----

std::optional<bool> Meaning(std::string_view word) {
  for (std::string_view yes : {"yes", "true", "y", "1"}) {
    if (word == yes) return true;
  }
  for (std::string_view no : {"no", "false", "n", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::vector<std::string> WordsOf(const std::string& text) {
  std::vector<std::string> words(1);
  for (char c : text) {
    if (IsWordByte(c) || c == '\'') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool IsNegation(const std::string& word) { return word == "not" || word.ends_with("n't"); }

}  // namespace

std::string_view TrimBlanks(std::string_view text) { return Stripped(text, kBlanks); }

std::string PlainWords(std::string_view text) {
  std::string_view bare = Stripped(text, kBlanks, kMarks);
  return LowerCase(bare.empty() ? TrimBlanks(text) : bare);
}

std::vector<std::string> ListedElements(std::string_view text) {
  std::vector<std::string> elements;
  if (PlainWords(text) == "none") return elements;
  while (!text.empty()) {
    size_t end = std::min(text.find_first_of(",;\n"), text.size());
    std::string_view element = WithoutBullet(text.substr(0, end));
    // "[]" and "." are marks around nothing.
    if (!Stripped(element, kBlanks, kMarks).empty()) elements.emplace_back(element);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return elements;
}

std::optional<bool> YesOrNo(std::string_view text) {
  std::string plain = PlainWords(text);
  if (auto meaning = Meaning(plain)) return meaning;
  std::vector<std::string> words = WordsOf(plain);
  if (words.size() < 2) return std::nullopt;
  auto first = Meaning(words.front()), last = Meaning(words.back());
  if (IsNegation(words[words.size() - 2])) last = std::nullopt;
  if (first && last && *first != *last) return std::nullopt;
  return first ? first : last;
}

}  // namespace muster
