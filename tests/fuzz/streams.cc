#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/targets.h"
#include "worker/replies/sse.h"

namespace muster::fuzz {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

// Feeds `bytes` in pieces of these sizes, again and again.
template <class Decoder>
void FeedIn(Decoder& decoder, std::string_view bytes, const std::vector<size_t>& sizes) {
  for (size_t i = 0; !bytes.empty(); ++i) {
    size_t size = std::min(sizes[i % sizes.size()], bytes.size());
    decoder.Feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  decoder.End();
}

Events Sse(std::string_view bytes, const std::vector<size_t>& sizes) {
  Events events;
  SseDecoder decoder([&](auto name, auto data) { events.emplace_back(name, data); });
  FeedIn(decoder, bytes, sizes);
  return events;
}

Events Lines(std::string_view bytes, const std::vector<size_t>& sizes) {
  Events events;
  NdjsonDecoder decoder([&](auto line) { events.emplace_back("", line); });
  FeedIn(decoder, bytes, sizes);
  return events;
}

}  // namespace

void FuzzStreams(std::string_view bytes) {
  const std::vector<size_t> whole{bytes.size() + 1}, single{1}, mixed{3, 1, 7, 2};
  Events sse = Sse(bytes, whole), lines = Lines(bytes, whole);
  Must(Sse(bytes, single) == sse && Sse(bytes, mixed) == sse, "pieces change the events");
  Must(Lines(bytes, single) == lines && Lines(bytes, mixed) == lines, "pieces change the lines");
}

}  // namespace muster::fuzz
