#include "common/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

namespace muster {
namespace {

// One character of a text. `size` is its bytes, 0 where the bytes are not UTF-8.
struct Character {
  char32_t code = 0;
  size_t size = 0;
};

// The character that begins at `at`, which must be inside of `text`.
Character CharacterAt(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() - at < size) return {};
  char32_t code = lead & (0xff >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  bool overlong = code < (size == 2 ? 0x80u : size == 3 ? 0x800u : 0x10000u);
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {code, size};
}

// Where the ASCII that begins at `at` ends, rounded down to a multiple of eight bytes from there.
size_t AsciiAt(std::string_view text, size_t at) {
  for (uint64_t eight; text.size() - at >= sizeof eight; at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (eight & 0x8080808080808080) break;
  }
  return at;
}

// Both ends belong to it.
struct Range {
  char32_t first;
  char32_t last;
};

bool Contains(std::span<const Range> ranges, char32_t code) {
  auto after = std::upper_bound(ranges.begin(), ranges.end(), code,
                                [](char32_t c, const Range& range) { return c < range.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

// What has no shape of its own or changes how its neighbours are shown, in order.
constexpr Range kInvisible[] = {
    {0x00, 0x1f},        // C0
    {0x7f, 0x9f},        // DEL, C1
    {0xad, 0xad},        // soft hyphen
    {0x61c, 0x61c},      // Arabic letter mark
    {0x180e, 0x180e},    // Mongolian vowel separator
    {0x200b, 0x200f},    // zero width, left-to-right and right-to-left marks
    {0x2028, 0x202e},    // line and paragraph separators, bidirectional embedding
    {0x2060, 0x206f},    // word joiner, invisible operators, bidirectional isolates
    {0xfeff, 0xfeff},    // byte order mark
    {0xfff9, 0xfffb},    // interlinear annotation
    {0xe0000, 0xe007f},  // tags
};

// Characters that take no column of their own, the common ones, in order.
constexpr Range kCombining[] = {
    {0x300, 0x36f},     {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x670, 0x670},     {0x6d6, 0x6dc},   {0x6df, 0x6e4},   {0x900, 0x902},   {0x93a, 0x93a},
    {0x93c, 0x93c},     {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},
    {0xe47, 0xe4e},     {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20f0},
    {0x302a, 0x302d},   {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
    {0xe0100, 0xe01ef},
};

// East Asian wide and full-width characters and emoji, in order.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2fb},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393},
    {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d},
    {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596},
    {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc},
    {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff},
    {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

int ColumnsOfCharacter(char32_t code) {
  if (Contains(kCombining, code)) return 0;
  return Contains(kWide, code) ? 2 : 1;
}

std::string Escape(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  auto number = static_cast<uint32_t>(code);
  if (number < 0x80) return fmt::format("\\x{:02x}", number);
  return fmt::format(fmt::runtime(number < 0x10000 ? "\\u{:04x}" : "\\U{:08x}"), number);
}

// ---- names ----

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Folded(std::string_view name) {
  std::string folded;
  for (char c : name) {
    if (c != '_' && c != '-') folded.push_back(Lower(c));
  }
  return folded;
}

// Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`; a byte takes
// part in one swap at most.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

constexpr size_t kFar = SIZE_MAX;

// How far two folded names are apart: 0 the same, kFar no likely slip of one for the other.
size_t Distance(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  auto [shorter, longer] = std::minmax({a.size(), b.size()});
  size_t allowed = std::max<size_t>(longer / 3, 1);
  if (longer - shorter <= allowed && longer > 1) {
    size_t distance = EditDistance(a, b);
    if (distance <= allowed) return distance;
  }
  bool prefix = shorter >= 3 && (a.starts_with(b) || b.starts_with(a));
  return prefix ? kFar - 1 : kFar;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (size_t at = AsciiAt(text, 0); at < text.size(); at = AsciiAt(text, at)) {
    while (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80) ++at;
    if (at == text.size()) return true;
    size_t size = CharacterAt(text, at).size;
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string VisibleText(std::string_view text, bool keep_newlines) {
  std::string visible;
  visible.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    auto [code, size] = CharacterAt(text, at);
    bool kept = keep_newlines && (code == '\n' || code == '\t');
    if (size == 0) {
      visible += fmt::format("\\x{:02x}", static_cast<uint8_t>(text[at]));
    } else if (Contains(kInvisible, code) && !kept) {
      visible += Escape(code);
    } else {
      visible += text.substr(at, size);
    }
    at += std::max<size_t>(size, 1);
  }
  return visible;
}

int ColumnsOf(std::string_view text) {
  int columns = 0;
  for (size_t at = 0; at < text.size();) {
    auto [code, size] = CharacterAt(text, at);
    columns += size == 0 ? 1 : ColumnsOfCharacter(code);
    at += std::max<size_t>(size, 1);
  }
  return columns;
}

std::string FitColumns(std::string_view text, int columns) {
  if (columns <= 0) return "";
  size_t cut = 0;  // bytes that leave room for the "…"
  int used = 0;
  for (size_t at = 0; at < text.size();) {
    auto [code, size] = CharacterAt(text, at);
    used += size == 0 ? 1 : ColumnsOfCharacter(code);
    at += std::max<size_t>(size, 1);
    if (used < columns) cut = at;
    if (used > columns) return std::string(text.substr(0, cut)) + "…";
  }
  return std::string(text);
}

std::string FormatCount(int64_t count) {
  std::string digits = std::to_string(count);
  ptrdiff_t first = count < 0 ? 1 : 0;
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<size_t>(at), 1, ',');
  }
  return digits;
}

std::string NearestName(std::string_view name, const std::vector<std::string>& names) {
  constexpr size_t kLongest = 200;  // bytes; the work grows with their square
  std::string_view nearest;
  if (name.size() > kLongest) return "";
  std::string wanted = Folded(name);
  size_t best = wanted.empty() ? 0 : kFar;
  for (const std::string& each : names) {
    if (each.size() > kLongest) continue;
    size_t distance = Distance(wanted, Folded(each));
    if (distance >= best) continue;
    best = distance;
    nearest = each;
  }
  return std::string(nearest);
}

}  // namespace muster
