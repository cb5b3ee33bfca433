#include "tests/fake_provider/meshy_image.h"

#include <zlib.h>

#include <cstdint>
#include <optional>

#include "tests/fake_provider/images.h"

namespace fake_provider::meshy {
namespace {

constexpr uint32_t kMostPixelsASide = 16'384;

uint32_t BigEndian(std::string_view bytes) {
  uint32_t number = 0;
  for (char byte : bytes.substr(0, 4)) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

struct PngHead {
  uint32_t width = 0, height = 0;
  int depth = 0;
  int channels = 0;  // 0: a colour type that does not exist
  bool interlaced = false;
};

PngHead ReadHead(std::string_view data) {
  constexpr int kChannels[] = {1, 0, 3, 1, 2, 0, 4};
  size_t colour = static_cast<uint8_t>(data[9]);
  return {.width = BigEndian(data),
          .height = BigEndian(data.substr(4)),
          .depth = static_cast<uint8_t>(data[8]),
          .channels = colour < std::size(kChannels) ? kChannels[colour] : 0,
          .interlaced = data[12] != 0};
}

// So many bytes the rows take, each after the byte that says how it is filtered.
size_t BytesOfRows(const PngHead& head) {
  size_t row = (size_t{head.width} * head.depth * head.channels + 7) / 8;
  return head.height * (row + 1);
}

std::string WhatIsWrongWithRows(const PngHead& head, std::string_view packed) {
  uLongf size = BytesOfRows(head);
  std::string rows(size, '\0');
  int rc = uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                      reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  return rc == Z_OK && size == rows.size() ? "" : "its pixels do not decode";
}

std::string WhatIsWrongWithPng(std::string_view bytes) {
  constexpr size_t kSignature = 8, kHeadBytes = 13, kAroundData = 12;
  std::optional<PngHead> head;
  std::string packed;
  bool ended = false;
  for (std::string_view rest = bytes.substr(kSignature); !ended;) {
    if (rest.size() < kAroundData) return "the PNG is cut short";
    size_t length = BigEndian(rest);
    if (length > rest.size() - kAroundData) return "the PNG is cut short";
    std::string_view kind = rest.substr(4, 4), data = rest.substr(8, length);
    uLong sum = crc32(0, reinterpret_cast<const Bytef*>(kind.data()), length + 4);
    if (sum != BigEndian(rest.substr(8 + length))) return "a checksum of the PNG is wrong";
    if (!head && (kind != "IHDR" || length != kHeadBytes)) return "the PNG has no header";
    if (kind == "IHDR") head = ReadHead(data);
    if (kind == "IDAT") packed += data;
    ended = kind == "IEND";
    rest.remove_prefix(length + kAroundData);
  }
  bool fits = head->width > 0 && head->width <= kMostPixelsASide && head->height > 0 &&
              head->height <= kMostPixelsASide && head->channels > 0;
  if (!fits) return "the PNG's header makes no sense";
  return head->interlaced ? "" : WhatIsWrongWithRows(*head, packed);
}

// A JPEG is a row of segments up to the start of its scan, then data, then the end.
std::string WhatIsWrongWithJpeg(std::string_view bytes) {
  bool has_frame = false;
  for (std::string_view rest = bytes.substr(2);;) {
    if (rest.size() < 4 || rest[0] != '\xff') return "the JPEG is cut short";
    uint8_t marker = static_cast<uint8_t>(rest[1]);
    size_t length = static_cast<uint8_t>(rest[2]) << 8 | static_cast<uint8_t>(rest[3]);
    if (length < 2 || length + 2 > rest.size()) return "the JPEG is cut short";
    has_frame |= marker >= 0xc0 && marker <= 0xc2;
    if (marker == 0xda) break;
    rest.remove_prefix(length + 2);
  }
  if (!has_frame) return "the JPEG has no frame";
  return bytes.ends_with("\xff\xd9") ? "" : "the JPEG is cut short";
}

}  // namespace

std::string WhatIsWrongWithPicture(std::string_view bytes) {
  std::string_view type = ImageTypeOf(bytes);
  if (type == "image/png") return WhatIsWrongWithPng(bytes);
  if (type == "image/jpeg") return WhatIsWrongWithJpeg(bytes);
  return "only .jpg, .jpeg and .png are taken";
}

}  // namespace fake_provider::meshy
