#include <optional>
#include <string>
#include <vector>

#include "common/frame.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

// What a stream of bytes holds.
struct Stream {
  std::vector<std::string> frames;
  std::string error;  // why there are no more; empty: they are only not there yet
  size_t left = 0;    // bytes that wait for more
};

// Takes every frame that is there.
void Drain(FrameDecoder& decoder, Stream& stream) {
  while (stream.error.empty()) {
    auto frame = decoder.Next();
    if (!frame) {
      stream.error = frame.error();
    } else if (*frame) {
      stream.frames.push_back(**std::move(frame));
    } else {
      return;
    }
  }
}

// The bytes in pieces of so many: `size` and, in turn, 1. Frames are taken as they come, or at the
// end.
Stream Decode(std::string_view bytes, size_t size, bool as_they_come) {
  Stream stream;
  FrameDecoder decoder;
  for (bool single = false; !bytes.empty(); single = !single) {
    size_t part = std::min(single ? 1 : size, bytes.size());
    size_t before = decoder.buffered();
    decoder.Feed(bytes.substr(0, part));
    bytes.remove_prefix(part);
    Must(decoder.buffered() == before + (stream.error.empty() ? part : 0), "bytes kept in vain");
    if (!as_they_come) continue;
    Drain(decoder, stream);
    Must(!stream.error.empty() || decoder.buffered() < kMaxFrame + 4, "more waits than a frame");
  }
  Drain(decoder, stream);
  stream.left = decoder.buffered();
  return stream;
}

// The same by the drawing in frame.h: the frames up to the first that is none.
Stream ReadByTheBook(std::string_view bytes) {
  Stream stream;
  while (bytes.size() >= 4) {
    size_t length = 0;
    for (char byte : bytes.substr(0, 4)) length = length * 256 + static_cast<unsigned char>(byte);
    if (length < 2 || length > kMaxFrame) {
      stream.error = "length";
      break;
    }
    if (bytes.size() - 4 < length) break;
    if (bytes[3 + length] != '\n') {
      stream.error = "no newline";
      break;
    }
    stream.frames.emplace_back(bytes.substr(4, length - 1));
    bytes.remove_prefix(4 + length);
  }
  stream.left = bytes.size();
  return stream;
}

std::string_view BeforeQuote(std::string_view error) { return error.substr(0, error.find('"')); }

// What was decoded, written again, is what came.
void CheckWritten(const Stream& stream, std::string_view bytes) {
  std::string written;
  for (const std::string& frame : stream.frames) AppendFrame(frame, written);
  Must(bytes.substr(0, written.size()) == written, "frames that were not sent");
  Must(written.size() + stream.left == bytes.size(), "bytes were lost");
}

// Any texts, cut at the bytes that follow a zero, arrive as they were sent.
void CheckSent(std::string_view bytes, size_t size) {
  std::vector<std::string> texts;
  std::string sent;
  while (!bytes.empty()) {
    size_t end = std::min(bytes.find('\0'), bytes.size());
    if (end > 0) {
      texts.emplace_back(bytes.substr(0, end));
      AppendFrame(texts.back(), sent);
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  Stream arrived = Decode(sent, size, true);
  Must(arrived.error.empty() && arrived.left == 0 && arrived.frames == texts, "other frames");
}

}  // namespace

void FuzzFrames(std::string_view bytes) {
  if (bytes.empty()) return;
  size_t size = static_cast<unsigned char>(bytes[0]) + 1;
  bytes.remove_prefix(1);
  if (size % 8 == 0) return CheckSent(bytes, size);
  Stream whole = Decode(bytes, bytes.size() + 1, false), parts = Decode(bytes, size, true);
  Stream expected = ReadByTheBook(bytes);
  Must(whole.frames == expected.frames && parts.frames == expected.frames, "other frames");
  Must(whole.left == expected.left, "another rest");
  Must(whole.error.empty() == expected.error.empty(), "another end");
  Must(BeforeQuote(whole.error) == BeforeQuote(parts.error), "pieces change the error");
  Must(whole.error.size() < 500 && parts.error.size() < 500, "an endless error");
  CheckWritten(whole, bytes);
}

}  // namespace muster::fuzz
