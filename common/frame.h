#pragma once

// Framing of the pipe protocol. It knows bytes and lengths, neither descriptors nor messages.
//
//     +----------------+---------------------------------+----+
//     | length, 4 bytes| UTF-8 JSON, one object          | \n |
//     | big-endian     |                                 |    |
//     +----------------+---------------------------------+----+
//                       `------------ length bytes ----------'
//
// The last byte is a newline and is counted: carriers that forward by lines (srun) hold back what
// has none.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// The largest frame either side sends or accepts, checked before anything is allocated.
inline constexpr size_t kMaxFrame = 16 * 1024 * 1024;

// Appends one frame that carries `json` (without its newline) to `out`. `json` must be smaller than
// kMaxFrame.
void AppendFrame(std::string_view json, std::string& out);

// Cuts a stream of bytes into frames. The same bytes give the same frames however they are split.
// After an error it stays in error.
class FrameDecoder {
 public:
  // Takes over more bytes of the stream.
  void Feed(std::string_view bytes);

  // The JSON of the next whole frame, nullopt when more bytes are needed, or an error that shows
  // the first bytes of what is no frame.
  Result<std::optional<std::string>> Next();

  size_t buffered() const { return buffer_.size() - start_; }

 private:
  std::string buffer_;
  size_t start_ = 0;  // of the bytes not yet handed out
  std::optional<Error> broken_;
};

}  // namespace muster
