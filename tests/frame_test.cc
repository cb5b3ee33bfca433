#include "common/frame.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace muster {
namespace {

using Frames = std::vector<std::string>;

std::string Header(uint32_t length) {
  std::string header;
  for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<char>(length >> shift));
  return header;
}

std::string StreamOf(const Frames& frames) {
  std::string stream;
  for (const std::string& frame : frames) AppendFrame(frame, stream);
  return stream;
}

// All frames that are whole by now; fails the test on an error.
void TakeAll(FrameDecoder& decoder, Frames& frames) {
  for (;;) {
    auto next = decoder.Next();
    REQUIRE_MESSAGE(next.ok(), next.error());
    if (!next->has_value()) return;
    frames.push_back(**next);
  }
}

const Frames kFrames = {"{}",
                        R"({"type":"alive"})",
                        "{\"text\":\"\u00e9\u20ac\U0001f600\"}",
                        std::string("line\nfeed\0nul", 13),
                        std::string(300, 'x'),
                        "0"};

TEST_CASE("a frame is its length in four bytes, the text and a newline") {
  std::string stream = "before";
  AppendFrame("{}", stream);
  CHECK(stream == std::string("before\0\0\0\x03{}\n", 13));
}

TEST_CASE("every split of a stream in two gives the same frames") {
  std::string stream = StreamOf(kFrames);
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    FrameDecoder decoder;
    Frames frames;
    decoder.Feed(std::string_view(stream).substr(0, cut));
    TakeAll(decoder, frames);
    decoder.Feed(std::string_view(stream).substr(cut));
    TakeAll(decoder, frames);
    CHECK(frames == kFrames);
    CHECK(decoder.buffered() == 0);
  }
}

TEST_CASE("pieces of any one size give the same frames, taken at once or at the end") {
  std::string stream = StreamOf(kFrames) + StreamOf(kFrames);
  Frames twice = kFrames;
  twice.insert(twice.end(), kFrames.begin(), kFrames.end());
  for (size_t size = 1; size <= stream.size(); ++size) {
    CAPTURE(size);
    FrameDecoder eager, patient;
    Frames frames, late;
    for (size_t at = 0; at < stream.size(); at += size) {
      eager.Feed(std::string_view(stream).substr(at, size));
      patient.Feed(std::string_view(stream).substr(at, size));
      TakeAll(eager, frames);
    }
    TakeAll(patient, late);
    CHECK(frames == twice);
    CHECK(late == twice);
  }
}

TEST_CASE("pieces of random sizes give the same frames") {
  std::mt19937 random(7);
  Frames expected;
  for (size_t i = 0; i < 200; ++i) expected.push_back(std::string(1 + random() % 5000, 'a'));
  std::string stream = StreamOf(expected);
  FrameDecoder decoder;
  Frames frames;
  for (size_t at = 0; at < stream.size();) {
    size_t size = std::min<size_t>(1 + random() % 9000, stream.size() - at);
    decoder.Feed(std::string_view(stream).substr(at, size));
    if (random() % 3 == 0) TakeAll(decoder, frames);
    at += size;
  }
  TakeAll(decoder, frames);
  CHECK(frames == expected);
}

TEST_CASE("the beginning of a frame is no frame and no error") {
  std::string stream = StreamOf({"{\"type\":\"alive\"}"});
  for (size_t size = 0; size < stream.size(); ++size) {
    FrameDecoder decoder;
    decoder.Feed(std::string_view(stream).substr(0, size));
    Frames frames;
    TakeAll(decoder, frames);
    CHECK(frames.empty());
    CHECK(decoder.buffered() == size);
  }
}

TEST_CASE("the largest frame passes") {
  std::string largest(kMaxFrame - 1, 'x');
  std::string stream = StreamOf({largest, "{}"});
  FrameDecoder decoder;
  Frames frames;
  for (size_t at = 0; at < stream.size(); at += 65'536) {
    decoder.Feed(std::string_view(stream).substr(at, 65'536));
    TakeAll(decoder, frames);
  }
  REQUIRE(frames.size() == 2);
  CHECK(frames[0] == largest);
  CHECK(frames[1] == "{}");
}

TEST_CASE("an impossible length is an error as soon as its four bytes are there") {
  for (uint32_t length : {0u, 1u, uint32_t{kMaxFrame} + 1, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    CAPTURE(length);
    FrameDecoder decoder;
    decoder.Feed(Header(length).substr(0, 3));
    auto early = decoder.Next();
    REQUIRE(early.ok());
    CHECK_FALSE(early->has_value());
    decoder.Feed(Header(length).substr(3));
    auto next = decoder.Next();
    REQUIRE_FALSE(next.ok());
    CHECK(next.error().find("impossible length") != std::string::npos);
  }
}

TEST_CASE("a possible length that is announced takes no memory before its bytes come") {
  FrameDecoder decoder;
  decoder.Feed(Header(kMaxFrame));
  auto next = decoder.Next();
  REQUIRE(next.ok());
  CHECK_FALSE(next->has_value());
  CHECK(decoder.buffered() == 4);
}

TEST_CASE("what somebody printed into the stream is shown in the error, made visible") {
  FrameDecoder decoder;
  decoder.Feed("Traceback \x1b[31m(most recent call last):\n  File \"x\"");
  auto next = decoder.Next();
  REQUIRE_FALSE(next.ok());
  CHECK(next.error().find("Traceback \\x1b[31m(most recent") != std::string::npos);
  CHECK(next.error().find('\x1b') == std::string::npos);
  CHECK(next.error().find('\n') == std::string::npos);
}

TEST_CASE("a line that was printed before a frame is told as such, without what follows") {
  for (const char* line : {"Welcome to node7", "hi", "\tindented"}) {
    CAPTURE(line);
    FrameDecoder decoder;
    decoder.Feed(std::string(line) + "\n" + StreamOf({"{\"type\":\"alive\"}"}));
    auto next = decoder.Next();
    REQUIRE_FALSE(next.ok());
    CHECK(next.error().starts_with("text in place of a message: \""));
    CHECK(next.error().find("alive") == std::string::npos);
  }
}

TEST_CASE("a megabyte of garbage gives a short error") {
  FrameDecoder decoder;
  decoder.Feed(std::string(1 << 20, '\xff'));
  auto next = decoder.Next();
  REQUIRE_FALSE(next.ok());
  CHECK(next.error().size() < 1'000);
}

TEST_CASE("a frame that does not end in a newline is an error") {
  FrameDecoder decoder;
  decoder.Feed(Header(3) + "{} ");
  auto next = decoder.Next();
  REQUIRE_FALSE(next.ok());
  CHECK(next.error().find("no newline") != std::string::npos);
}

TEST_CASE("the frames before an error are handed out, and after it none ever is") {
  std::string stream = StreamOf({"{}", "[]"}) + "garbage!" + StreamOf({"{}"});
  for (size_t size : {stream.size(), size_t{1}, size_t{5}}) {
    CAPTURE(size);
    FrameDecoder decoder;
    Frames frames;
    size_t errors = 0;
    std::string first_error;
    for (size_t at = 0; at < stream.size(); at += size) {
      decoder.Feed(std::string_view(stream).substr(at, size));
      for (int i = 0; i < 4; ++i) {
        auto next = decoder.Next();
        if (!next.ok()) {
          if (errors++ == 0) first_error = next.error();
          CHECK(next.error() == first_error);
        } else if (next->has_value()) {
          frames.push_back(**next);
        }
      }
    }
    CHECK(frames == Frames{"{}", "[]"});
    CHECK(errors > 0);
    decoder.Feed(StreamOf({"{}"}));
    CHECK_FALSE(decoder.Next().ok());
  }
}

TEST_CASE("no stream of random bytes does harm") {
  std::mt19937 random(11);
  for (int round = 0; round < 2'000; ++round) {
    FrameDecoder decoder;
    std::string stream = StreamOf({"{}", "[1,2,3]"});
    for (int i = 0; i < 3; ++i) stream[random() % stream.size()] = static_cast<char>(random());
    size_t fed = 0, taken = 0;
    for (char byte : stream) {
      decoder.Feed(std::string_view(&byte, 1));
      ++fed;
      auto next = decoder.Next();
      if (!next.ok()) break;
      if (next->has_value()) taken += (*next)->size() + 5;
    }
    CHECK(taken <= fed);
  }
}

}  // namespace
}  // namespace muster
