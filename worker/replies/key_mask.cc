#include "worker/replies/key_mask.h"

#include <algorithm>
#include <cstddef>

namespace muster {
namespace {

constexpr size_t kShortestKey = 6;   // bytes after the prefix; "sk-learn" is none
constexpr size_t kLongestWord = 20;  // letters alone, up to here, are a word: "authentication"
constexpr std::string_view kMark = "[key removed]";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsWord(char c) { return (Lower(c) >= 'a' && Lower(c) <= 'z') || (c >= '0' && c <= '9'); }

// Bytes of keys, and the stars that servers put in their stead.
bool IsKeyByte(char c) {
  return IsWord(c) || std::string_view("-_.*+/=~").find(c) != std::string_view::npos;
}

bool IsPlainWord(std::string_view text) {
  return text.size() <= kLongestWord &&
         std::ranges::all_of(text, [](char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; });
}

// Replaces the key after every `prefix` (lower case, found in any case at the start of a word);
// the prefix itself stays. A plain word is a key only where `words_too`.
void MaskAfter(std::string& text, std::string_view prefix, bool words_too) {
  auto same = [](char a, char b) { return Lower(a) == b; };
  size_t from = 0;
  while (true) {
    auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
                             prefix.begin(), prefix.end(), same);
    if (found == text.end()) return;
    auto start = static_cast<size_t>(found - text.begin());
    size_t key = start + prefix.size(), end = key;
    while (end < text.size() && IsKeyByte(text[end])) ++end;
    from = key;
    if ((start > 0 && IsWord(text[start - 1])) || end - key < kShortestKey) continue;
    if (!words_too && IsPlainWord(std::string_view(text).substr(key, end - key))) continue;
    text.replace(key, end - key, kMark);
    from = key + kMark.size();
  }
}

}  // namespace

std::string MaskKeys(std::string_view text) {
  std::string masked(text);
  MaskAfter(masked, "key provided: ", true);
  MaskAfter(masked, "bearer ", false);
  MaskAfter(masked, "sk-", true);
  return masked;
}

}  // namespace muster
