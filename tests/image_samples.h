#pragma once

// Small pictures, and headers of large ones, for the tests of what is done with pictures.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base64.h"

namespace muster {

// Real pictures of 37 × 19 pixels, in base64.
inline constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAACUAAAATAQMAAAAtc1bwAAAAA1BMVEX/AAAZ4gk3AAAADElEQVQI12NgoDcAAAByAA"
    "HrnKPmAAAAAElFTkSuQmCC";
inline constexpr std::string_view kJpeg =
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI//////////////////////"
    "//////////////////////////////wAALCAATACUBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAA"
    "AAAAAAAAAAAAAAD/2gAIAQEAAD8AAAAAA//Z";
inline constexpr std::string_view kProgressiveJpeg =
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI//////////////////////"
    "//////////////////////////////wgALCAATACUBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAAAAEA"
    "Af/EABQQAQAAAAAAAAAAAAAAAAAAADD/2gAIAQEAAQUCf//EABQQAQAAAAAAAAAAAAAAAAAAADD/2gAIAQEABj8Cf/"
    "/EABQQAQAAAAAAAAAAAAAAAAAAADD/2gAIAQEAAT8hf//aAAgBAQAAABAAAf/EABQQAQAAAAAAAAAAAAAAAAAAADD/"
    "2gAIAQEAAT8Qf//Z";
inline constexpr std::string_view kGif =
    "R0lGODlhJQATAPAAAP8AAAAAACH5BAAAAAAALAAAAAAlABMAAAIYhI+py+0Po5y02ouz3rz7D4biSJbmiaYFADs=";
inline constexpr std::string_view kWebp =
    "UklGRkQAAABXRUJQVlA4IDgAAAAwAwCdASolABMAP83m7XA/uDIrJWgD8DmJZwDPoA8KmggAAP7UmUTHorX/bb34ea"
    "wEtsPNcBEAAA==";
inline constexpr std::string_view kLosslessWebp =
    "UklGRhwAAABXRUJQVlA4TA8AAAAvJIAEAAcQ/Y/+ByKi/wEA";
inline constexpr std::string_view kExtendedWebp =
    "UklGRl4AAABXRUJQVlA4WAoAAAAQAAAAJAAAEgAAQUxQSAoAAAABB9C/iAhERP8DVlA4IC4AAAAwAwCdASolABMAP8"
    "3m7XA/uDIrJWgD8DmJaQDPoA8KmggAAP7nhcnQTFHbgAAA";

inline std::string BytesOf(std::string_view base64) { return *DecodeBase64(base64); }

// `number` in `count` bytes, the most significant first; or last.
inline std::string BigBytes(int64_t number, int count) {
  std::string bytes;
  for (int i = count - 1; i >= 0; --i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}
inline std::string LittleBytes(int64_t number, int count) {
  std::string bytes = BigBytes(number, count);
  return {bytes.rbegin(), bytes.rend()};
}

// Headers of pictures of that size; nothing is behind them.
inline std::string PngOf(int64_t width, int64_t height) {
  return "\x89PNG\r\n\x1a\n" + BigBytes(13, 4) + "IHDR" + BigBytes(width, 4) + BigBytes(height, 4) +
         std::string("\x08\x02\0\0\0", 5) + BigBytes(0, 4);
}
inline std::string GifOf(int64_t width, int64_t height) {
  return "GIF89a" + LittleBytes(width, 2) + LittleBytes(height, 2) + std::string(3, '\0');
}
// A segment of a JPEG.
inline std::string JpegSegment(int marker, const std::string& content) {
  return "\xff" + BigBytes(marker, 1) + BigBytes(static_cast<int64_t>(content.size()) + 2, 2) +
         content;
}
inline std::string JpegFrame(int marker, int64_t width, int64_t height) {
  return JpegSegment(marker, "\x08" + BigBytes(height, 2) + BigBytes(width, 2) + "\x03");
}

}  // namespace muster
