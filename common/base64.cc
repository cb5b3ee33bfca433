#include "common/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace muster {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(kAlphabet.size() == 64);

constexpr uint8_t kNoDigit = 0xff;

// The value of every byte as a digit.
constexpr auto kDigits = [] {
  std::array<uint8_t, 256> digits{};
  for (auto& digit : digits) digit = kNoDigit;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}();

// Up to three bytes, left-aligned in 24 bits.
uint32_t Group(std::string_view bytes) {
  uint32_t group = 0;
  for (size_t i = 0; i < 3; ++i) {
    group = group << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0u);
  }
  return group;
}

size_t PaddingOf(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    std::string_view part = bytes.substr(at, 3);
    uint32_t group = Group(part);
    for (size_t i = 0; i < 4; ++i) {
      text.push_back(i <= part.size() ? kAlphabet[group >> (18 - 6 * i) & 63] : '=');
    }
  }
  return text;
}

Result<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return Fail("not base64: {} characters, which is no multiple of 4", text.size());
  }
  size_t padding = PaddingOf(text);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0;  // of the low bits of `bits` not yet written
  for (size_t i = 0; i < text.size() - padding; ++i) {
    uint8_t digit = kDigits[static_cast<uint8_t>(text[i])];
    if (digit == kNoDigit) return Fail("not base64: bad character at offset {}", i);
    bits = (bits << 6 | digit) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xff));
  }
  if ((bits & ((1u << count) - 1)) != 0) return Fail("not base64: unused bits at its end are set");
  return bytes;
}

}  // namespace muster
