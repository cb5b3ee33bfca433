#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "tests/fake_provider/loop.h"

namespace fake_provider {

// Bytes on their way out, taken from the front. Long runs of spaces are kept as a count, so that a
// reply of gigabytes costs no memory.
class Payload {
 public:
  void Append(std::string text);
  void AppendSpaces(uint64_t count);
  void Append(Payload other);

  uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Keeps the first `size` bytes; does nothing when there are fewer.
  void Truncate(uint64_t size);

  // Some of the next bytes, at most `limit`; empty only at the end. Valid until the next change.
  std::string_view Peek(uint64_t limit) const;
  void Consume(uint64_t count);

  // The same bytes as an HTTP chunked body. Runs of spaces become one chunk each.
  Payload Chunked(uint64_t chunk_bytes) const;

 private:
  // Either text or, when the text is empty, that many spaces.
  struct Segment {
    std::string text;
    uint64_t spaces = 0;
    uint64_t size() const { return text.empty() ? spaces : text.size(); }
  };

  std::deque<Segment> segments_;
  uint64_t consumed_ = 0;  // bytes already taken from the first segment
  uint64_t size_ = 0;      // bytes left
};

// How one reply leaves: its bytes, their pace, and what becomes of the connection afterwards.
struct Transmission {
  enum class Then { kKeepOpen, kClose, kReset, kHang };

  Payload bytes;
  uint64_t drip_bytes = 0;  // at most so many at a time; 0: no pacing
  Clock::duration drip_every{};
  Then then = Then::kKeepOpen;
};

}  // namespace fake_provider
