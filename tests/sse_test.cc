// The framings of streamed replies, whole and in pieces.

#include "worker/replies/sse.h"

#include <doctest/doctest.h>

#include <vector>

namespace muster {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

Events SseOf(std::string_view bytes, size_t piece) {
  Events events;
  SseDecoder decoder([&](auto name, auto data) { events.emplace_back(name, data); });
  for (size_t at = 0; at < bytes.size(); at += piece) decoder.Feed(bytes.substr(at, piece));
  decoder.End();
  return events;
}

Events LinesOf(std::string_view bytes, size_t piece) {
  Events events;
  NdjsonDecoder decoder([&](auto line) { events.emplace_back("", line); });
  for (size_t at = 0; at < bytes.size(); at += piece) decoder.Feed(bytes.substr(at, piece));
  decoder.End();
  return events;
}

struct Row {
  const char* bytes;
  Events events;
};

TEST_CASE("server-sent events are the standard's, however the bytes come") {
  const Row kRows[] = {
      {"data: a\n\n", {{"", "a"}}},
      {"data:a\n\n", {{"", "a"}}},
      {"data:  a\n\n", {{"", " a"}}},
      {"event: e\ndata: a\n\ndata: b\n\n", {{"e", "a"}, {"", "b"}}},
      {"data: a\ndata: b\n\n", {{"", "a\nb"}}},
      {"data\n\n", {{"", ""}}},
      {"data: a\r\n\r\ndata: b\r\rdata: c\n\n", {{"", "a"}, {"", "b"}, {"", "c"}}},
      {": OPENROUTER PROCESSING\n\ndata: a\n\n: x\n\n", {{"", "a"}}},
      {"\xef\xbb\xbf"
       "data: a\n\n",
       {{"", "a"}}},
      {"id: 3\nretry: 10\nunknown: x\ndata: a\n\n", {{"", "a"}}},
      {"event: only\n\ndata: a\n\n", {{"", "a"}}},
      {"data: {\"t\":\"é🙂\"}\n\n", {{"", "{\"t\":\"é🙂\"}"}}},
      // The end of the stream is the end of the event: servers stop without the empty line.
      {"data: a\n\ndata: [DONE]", {{"", "a"}, {"", "[DONE]"}}},
      {"data: a\n", {{"", "a"}}},
      {"\n\n\n", {}},
      {"", {}},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.bytes);
    for (size_t piece : {1, 2, 3, 7, 1'000}) CHECK(SseOf(row.bytes, piece) == row.events);
  }
}

TEST_CASE("JSON lines are every line that is not blank") {
  const Row kRows[] = {
      {"{\"a\":1}\n{\"b\":2}\n", {{"", "{\"a\":1}"}, {"", "{\"b\":2}"}}},
      {"{\"a\":1}\r\n\r\n  \n{\"b\":2}", {{"", "{\"a\":1}\r"}, {"", "{\"b\":2}"}}},
      {"\n", {}},
      {"", {}},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.bytes);
    for (size_t piece : {1, 2, 5, 1'000}) CHECK(LinesOf(row.bytes, piece) == row.events);
  }
}

TEST_CASE("an endless line or event ends its stream instead of filling the memory") {
  std::string piece(1 << 20, 'x');
  size_t events = 0;
  SseDecoder one_line([&](auto, auto) { ++events; });
  one_line.Feed("data: ");
  for (int i = 0; i < 20; ++i) one_line.Feed(piece);
  one_line.Feed("\n\ndata: a\n\n");
  one_line.End();
  SseDecoder many_lines([&](auto, auto) { ++events; });
  for (int i = 0; i < 20; ++i) many_lines.Feed("data: " + piece + "\n");
  many_lines.Feed("\ndata: a\n\n");
  many_lines.End();
  NdjsonDecoder lines([&](auto) { ++events; });
  for (int i = 0; i < 20; ++i) lines.Feed(piece);
  lines.Feed("\n{}\n");
  lines.End();
  CHECK(events == 0);
}

}  // namespace
}  // namespace muster
