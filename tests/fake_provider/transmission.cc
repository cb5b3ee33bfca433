#include "tests/fake_provider/transmission.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace fake_provider {
namespace {

const std::string& Spaces() {
  static const std::string spaces(256u << 10, ' ');
  return spaces;
}

}  // namespace

void Payload::Append(std::string text) {
  if (text.empty()) return;
  size_ += text.size();
  segments_.push_back(Segment{std::move(text), 0});
}

void Payload::AppendSpaces(uint64_t count) {
  if (count == 0) return;
  size_ += count;
  segments_.push_back(Segment{"", count});
}

void Payload::Append(Payload other) {
  assert(other.consumed_ == 0);
  size_ += other.size_;
  std::move(other.segments_.begin(), other.segments_.end(), std::back_inserter(segments_));
}

void Payload::Truncate(uint64_t size) {
  assert(consumed_ == 0);
  while (size_ > size) {
    Segment& last = segments_.back();
    uint64_t excess = std::min(size_ - size, last.size());
    size_ -= excess;
    if (excess == last.size()) {
      segments_.pop_back();
    } else if (last.text.empty()) {
      last.spaces -= excess;
    } else {
      last.text.resize(last.text.size() - excess);
    }
  }
}

std::string_view Payload::Peek(uint64_t limit) const {
  if (segments_.empty()) return {};
  const Segment& first = segments_.front();
  uint64_t count = std::min(limit, first.size() - consumed_);
  if (!first.text.empty()) return std::string_view(first.text).substr(consumed_, count);
  return std::string_view(Spaces()).substr(0, count);
}

void Payload::Consume(uint64_t count) {
  assert(count <= size_);
  size_ -= count;
  consumed_ += count;
  if (!segments_.empty() && consumed_ == segments_.front().size()) {
    segments_.pop_front();
    consumed_ = 0;
  }
}

Payload Payload::Chunked(uint64_t chunk_bytes) const {
  Payload chunked;
  for (const Segment& segment : segments_) {
    if (segment.text.empty()) {
      chunked.Append(fmt::format("{:x}\r\n", segment.spaces));
      chunked.AppendSpaces(segment.spaces);
      chunked.Append("\r\n");
      continue;
    }
    for (uint64_t at = 0; at < segment.text.size(); at += chunk_bytes) {
      std::string part = segment.text.substr(at, chunk_bytes);
      chunked.Append(fmt::format("{:x}\r\n{}\r\n", part.size(), part));
    }
  }
  chunked.Append("0\r\n\r\n");
  return chunked;
}

}  // namespace fake_provider
