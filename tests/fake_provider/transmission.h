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
  // kHang: the reply never ends. kStayOpen: it is out, but the connection takes no other request.
  enum class Then { kKeepOpen, kClose, kReset, kHang, kStayOpen };

  // So many bytes, then a pause.
  struct Burst {
    uint64_t bytes = 0;
    Clock::duration pause{};
  };

  Payload bytes;
  std::deque<Burst> bursts;  // what goes out first
  Burst drip = {};           // each one after those; 0 bytes: all that is left, at once
  Then then = Then::kKeepOpen;
};

}  // namespace fake_provider
