#include "worker/replies/sse.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

void SseDecoder::Feed(std::string_view bytes) {
  while (!bytes.empty() && !overlong_) {
    if (after_cr_ && bytes[0] == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    size_t end = bytes.find_first_of("\r\n");
    if (line_.size() + std::min(end, bytes.size()) > kMaxEventBytes) {
      overlong_ = true;
      return;
    }
    line_.append(bytes.substr(0, end));
    if (end == bytes.npos) return;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string line = std::move(line_);
    line_.clear();
    TakeLine(line);
  }
}

void SseDecoder::End() {
  if (overlong_) return;
  if (!line_.empty()) TakeLine(std::exchange(line_, {}));
  Dispatch();
}

void SseDecoder::TakeLine(std::string_view line) {
  if (at_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  at_start_ = false;
  if (line.empty()) return Dispatch();
  size_t colon = line.find(':');
  std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (data_.size() + value.size() >= kMaxEventBytes) overlong_ = true;
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
}

void SseDecoder::Dispatch() {
  std::string name = std::exchange(name_, {}), data = std::exchange(data_, {});
  if (std::exchange(has_data_, false) && !overlong_) on_event_(name, data);
}

void NdjsonDecoder::Feed(std::string_view bytes) {
  while (!bytes.empty() && !overlong_) {
    size_t end = bytes.find('\n');
    if (line_.size() + std::min(end, bytes.size()) > kMaxEventBytes) {
      overlong_ = true;
      return;
    }
    line_.append(bytes.substr(0, end));
    if (end == bytes.npos) return;
    bytes.remove_prefix(end + 1);
    TakeLine();
  }
}

void NdjsonDecoder::End() {
  if (!overlong_) TakeLine();
}

void NdjsonDecoder::TakeLine() {
  std::string line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t\r") != line.npos) on_line_(line);
}

}  // namespace muster
