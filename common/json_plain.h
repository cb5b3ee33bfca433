#pragma once

// What reading and writing JSON strings have in common.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace muster {

// Whether a byte of a JSON string stands for itself: no control character, quote or backslash.
constexpr bool IsPlain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// How many bytes there are before the first that does not stand for itself. Looks at eight at once:
// a byte below n shows in the top bit of (byte - n) where it did not have that bit itself.
inline size_t PlainBytes(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x80 * kOnes;
  auto any_below = [](uint64_t bytes, uint64_t n) { return (bytes - n * kOnes) & ~bytes & kTops; };
  size_t at = 0;
  for (uint64_t eight; text.size() - at >= sizeof eight; at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (any_below(eight, 0x20) | any_below(eight ^ '"' * kOnes, 1) |
        any_below(eight ^ '\\' * kOnes, 1)) {
      break;
    }
  }
  while (at < text.size() && IsPlain(text[at])) ++at;
  return at;
}

}  // namespace muster
