#include "tests/fake_provider/images.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace fake_provider {
namespace {

int ValueOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text.substr(0, text.size() - padding)) {
    int value = ValueOf(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((count += 6) < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

std::string_view ImageTypeOf(std::string_view bytes) {
  using std::string_view_literals::operator""sv;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "image/gif";
  if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv) {
    return "image/webp";
  }
  return "";
}

std::optional<InlineImage> ParseDataUri(std::string_view uri) {
  constexpr std::string_view kScheme = "data:", kCoding = ";base64,";
  size_t coding = uri.find(kCoding);
  if (!uri.starts_with(kScheme) || coding == std::string_view::npos) return std::nullopt;
  std::optional<std::string> bytes = DecodeBase64(uri.substr(coding + kCoding.size()));
  if (!bytes) return std::nullopt;
  return InlineImage{std::string(uri.substr(kScheme.size(), coding - kScheme.size())),
                     std::move(*bytes)};
}

std::string WhatIsWrong(const InlineImage& image) {
  std::string_view type = ImageTypeOf(image.bytes);
  if (type.empty()) return "the bytes are not a PNG, JPEG, GIF or WEBP image";
  if (type == image.media_type) return "";
  return fmt::format("the image is {}, not {}", type, image.media_type);
}

}  // namespace fake_provider
