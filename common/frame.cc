#include "common/frame.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kHeader = 4;
constexpr size_t kShown = 64;      // bytes of garbage shown in an error
constexpr size_t kKept = 1 << 20;  // what an empty decoder holds on to after a large frame

size_t ReadLength(std::string_view header) {
  size_t length = 0;
  for (size_t i = 0; i < kHeader; ++i) length = length << 8 | static_cast<uint8_t>(header[i]);
  return length;
}

// The line that somebody printed where a frame should begin; empty: that is not what it was.
std::string_view LineIn(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  bool text = std::all_of(line.begin(), line.begin() + std::min(line.size(), kHeader), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\x1b';
  });
  return text ? line : std::string_view();
}

Error Broken(const char* what, std::string_view bytes) {
  return Fail("{}: \"{}\"", what, VisibleText(bytes.substr(0, kShown)));
}

}  // namespace

void AppendFrame(std::string_view json, std::string& out) {
  size_t length = json.size() + 1;
  assert(length <= kMaxFrame);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift));
  out.append(json);
  out.push_back('\n');
}

void FrameDecoder::Feed(std::string_view bytes) {
  if (broken_) return;
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
    if (buffer_.capacity() > kKept) buffer_.shrink_to_fit();
  } else if (start_ > buffer_.size() / 2) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  buffer_.append(bytes);
}

Result<std::optional<std::string>> FrameDecoder::Next() {
  if (broken_) return *broken_;
  std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.size() < kHeader) return std::optional<std::string>();
  size_t length = ReadLength(rest);
  if (length < 2 || length > kMaxFrame) {
    std::string_view line = LineIn(rest);
    broken_ = line.empty() ? Broken("not a frame (impossible length)", rest)
                           : Broken("text in place of a message", line);
    return *broken_;
  }
  if (rest.size() < kHeader + length) return std::optional<std::string>();
  std::string_view body = rest.substr(kHeader, length);
  if (body.back() != '\n') {
    broken_ = Broken("not a frame (no newline at its end)", rest);
    return *broken_;
  }
  start_ += kHeader + length;
  return std::optional<std::string>(body.substr(0, length - 1));
}

}  // namespace muster
