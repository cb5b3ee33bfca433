// Formats as their standards have them: PNG (IHDR comes first), JPEG (ITU T.81: markers up to the
// frame header, SOF), GIF (logical screen), WebP (RFC 9649: VP8, VP8L and VP8X).

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include "common/fd.h"
#include "common/images.h"

namespace muster {
namespace {

constexpr int64_t kLongestSide = 65'535;  // pixels; more than JPEG, GIF and WebP can say
constexpr size_t kHead = 64;              // bytes; every header but JPEG's is in them
constexpr int kMostSegments = 10'000;     // of a JPEG before its frame header
constexpr size_t kStep = 256;             // bytes looked at for a JPEG's next marker
constexpr int64_t kMostGarbage = 65'536;  // bytes between a JPEG's segments

struct Picture {
  const char* media_type;
  int64_t width, height;
};

using Sniffed = Result<Picture>;

// A file that is open, read at any place. Fewer bytes come where it ends.
class OpenFile {
 public:
  OpenFile(Fd fd, int64_t size) : fd_(std::move(fd)), size_(size) {}

  int64_t size() const { return size_; }

  std::string At(int64_t offset, size_t count) const {
    std::string bytes(count, '\0');
    size_t filled = 0;
    while (filled < count) {
      ssize_t n = pread(fd_.get(), bytes.data() + filled, count - filled,
                        static_cast<off_t>(offset) + static_cast<off_t>(filled));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      filled += static_cast<size_t>(n);
    }
    bytes.resize(filled);
    return bytes;
  }

 private:
  Fd fd_;
  int64_t size_;
};

int64_t Big(std::string_view bytes) {
  int64_t number = 0;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

int64_t Little(std::string_view bytes) {
  int64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

Error Cut(const char* what) { return Fail("the {} ends inside its header", what); }

Sniffed SniffPng(std::string_view head) {
  if (head.size() < 26) return Cut("PNG");
  if (Big(head.substr(8, 4)) != 13 || head.substr(12, 4) != "IHDR") {
    return Fail("the PNG does not begin with its header (IHDR)");
  }
  return Picture{"image/png", Big(head.substr(16, 4)), Big(head.substr(20, 4))};
}

Sniffed SniffGif(std::string_view head) {
  if (head.size() < 10) return Cut("GIF");
  return Picture{"image/gif", Little(head.substr(6, 2)), Little(head.substr(8, 2))};
}

Sniffed SniffWebp(std::string_view head, int64_t size) {
  if (head.size() < 30) return Cut("WebP");
  if (Little(head.substr(4, 4)) + 8 > size) {
    return Fail("the WebP is cut: it says it has {} bytes, the file has {}",
                Little(head.substr(4, 4)) + 8, size);
  }
  constexpr const char* kType = "image/webp";
  std::string_view kind = head.substr(12, 4);
  if (kind == "VP8X") {
    return Picture{kType, Little(head.substr(24, 3)) + 1, Little(head.substr(27, 3)) + 1};
  }
  if (kind == "VP8L" && head[20] == 0x2f) {
    int64_t bits = Little(head.substr(21, 4));
    return Picture{kType, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  if (kind == "VP8 " && (head[20] & 1) == 0 && head.substr(23, 3) == "\x9d\x01\x2a") {
    return Picture{kType, Little(head.substr(26, 2)) & 0x3fff, Little(head.substr(28, 2)) & 0x3fff};
  }
  return Fail("the WebP begins with no picture");
}

// Where the next marker's second byte is: behind fill bytes, and behind bytes that belong to
// nothing, which decoders skip too. nullopt: none comes.
std::optional<int64_t> NextMarker(const OpenFile& file, int64_t from) {
  bool after_ff = false;
  for (int64_t at = from; at - from < kMostGarbage; at += kStep) {
    std::string bytes = file.At(at, kStep);
    for (size_t i = 0; i < bytes.size(); ++i) {
      bool ff = bytes[i] == '\xff';
      if (after_ff && !ff && bytes[i] != '\0') return at + static_cast<int64_t>(i);
      after_ff = ff;
    }
    if (bytes.size() < kStep) break;
  }
  return std::nullopt;
}

bool IsFrameHeader(unsigned char marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

bool StandsAlone(unsigned char marker) {
  return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

// Metadata before the frame header can be megabytes long: it is stepped over, not read.
Sniffed SniffJpeg(const OpenFile& file) {
  int64_t at = 2;
  for (int i = 0; i < kMostSegments; ++i) {
    auto found = NextMarker(file, at);
    if (!found) return Fail("the JPEG ends before it says its size");
    std::string segment = file.At(*found, 8);  // marker, length (2), precision, height, width
    auto marker = static_cast<unsigned char>(segment[0]);
    at = *found + 1;
    if (StandsAlone(marker)) continue;
    if (marker >= 0xd8 && marker <= 0xda) return Fail("the JPEG has no frame header");
    if (segment.size() < 3) return Cut("JPEG");
    int64_t length = Big(std::string_view(segment).substr(1, 2));
    if (length < 2) return Fail("the JPEG is damaged: a segment has a length of {}", length);
    if (!IsFrameHeader(marker)) {
      at += length;
      continue;
    }
    if (segment.size() < 8) return Cut("JPEG");
    std::string_view sides = std::string_view(segment).substr(4);
    return Picture{"image/jpeg", Big(sides.substr(2, 2)), Big(sides.substr(0, 2))};
  }
  return Fail("the JPEG has more than {} segments before its frame header", kMostSegments);
}

// Kinds of files that are mistaken for pictures that models take.
const char* OtherKind(std::string_view head) {
  struct Kind {
    size_t at;
    std::string_view bytes;
    const char* name;
  };
  constexpr Kind kKinds[] = {{0, "BM", "a BMP"},
                             {0, "%PDF", "a PDF"},
                             {0, {"II*\0", 4}, "a TIFF"},
                             {0, {"MM\0*", 4}, "a TIFF"},
                             {4, "ftypavif", "an AVIF"},
                             {4, "ftyphei", "a HEIC"},
                             {4, "ftypmif1", "a HEIF"},
                             {0, "<svg", "an SVG"},
                             {0, "<?xml", "XML, perhaps an SVG"},
                             {0, "glTF", "a 3D model"},
                             {0, "version https://git-lfs", "a pointer of Git LFS (git lfs pull)"}};
  for (const Kind& kind : kKinds) {
    if (head.size() > kind.at && head.substr(kind.at).starts_with(kind.bytes)) return kind.name;
  }
  return nullptr;
}

Sniffed Sniff(const OpenFile& file) {
  std::string head = file.At(0, kHead);
  std::string_view view = head;
  if (view.empty()) return Fail("the file is empty");
  if (view.starts_with("\x89PNG\r\n\x1a\n")) return SniffPng(view);
  if (view.starts_with("\xff\xd8\xff")) return SniffJpeg(file);
  if (view.starts_with("GIF87a") || view.starts_with("GIF89a")) return SniffGif(view);
  if (view.starts_with("RIFF") && view.size() >= 12 && view.substr(8, 4) == "WEBP") {
    return SniffWebp(view, file.size());
  }
  const char* kind = OtherKind(view);
  return Fail("it is {}; expected a PNG, JPEG, GIF or WebP", kind ? kind : "no picture");
}

// Devices and pipes are not opened: that alone can have effects, or wait.
Result<OpenFile> OpenRegular(const std::string& path) {
  if (path.find('\0') != path.npos) return Fail("its name has a zero byte");
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Fail("no such file") : Fail("{}", ErrnoText(errno));
  }
  if (S_ISDIR(info.st_mode)) return Fail("it is a folder; a glob names the files in it");
  if (!S_ISREG(info.st_mode)) return Fail("it is not a regular file");
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd || fstat(fd.get(), &info) != 0) return Fail("{}", ErrnoText(errno));
  if (!S_ISREG(info.st_mode)) return Fail("it is not a regular file");
  return OpenFile(std::move(fd), static_cast<int64_t>(info.st_size));
}

}  // namespace

Result<ImageFile> SniffImage(const std::string& path) {
  auto file = OpenRegular(path);
  if (!file) return Error{file.error()};
  Sniffed seen = Sniff(*file);
  if (!seen) return Error{seen.error()};
  if (seen->width < 1 || seen->height < 1 || seen->width > kLongestSide ||
      seen->height > kLongestSide) {
    return Fail("it says that it has {} × {} pixels; expected 1 to {} each way", seen->width,
                seen->height, kLongestSide);
  }
  return ImageFile{path, seen->media_type, file->size(), seen->width, seen->height};
}

Result<std::string> ReadImage(const ImageFile& image) {
  auto bytes = ReadFile(image.path, static_cast<size_t>(image.bytes));
  if (!bytes) return bytes;
  if (static_cast<int64_t>(bytes->size()) != image.bytes) {
    return Fail("{} was changed while it was read", image.path);
  }
  return bytes;
}

}  // namespace muster
