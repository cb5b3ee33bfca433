#include "tests/fake_provider/stream_shape.h"

#include <utility>

namespace fake_provider {
namespace {

using Pieces = std::vector<std::string>;

// One bit of junk before every piece, in turn.
Pieces WithJunk(const Pieces& pieces, const Pieces& junk) {
  Pieces mixed;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!junk.empty()) mixed.push_back(junk[i % junk.size()]);
    mixed.push_back(pieces[i]);
  }
  return mixed;
}

// JSON has no line feeds of its own: each one ends a line of the framing.
void ReplaceLineEnds(Pieces& pieces, const std::string& line_end) {
  for (std::string& piece : pieces) {
    std::string replaced;
    for (char c : piece) c == '\n' ? replaced += line_end : replaced += c;
    piece = std::move(replaced);
  }
}

}  // namespace

void Shape(const Api& api, const Call& call, const StreamWishes& wishes, ApiReply& reply) {
  if (reply.pieces.empty()) return;
  Pieces& pieces = reply.pieces;
  auto stop_after = [&](std::optional<uint64_t> count) {
    if (count && *count < pieces.size()) pieces.resize(*count);
  };
  stop_after(wishes.cut_after);
  stop_after(wishes.hang_after);
  stop_after(wishes.error_after);
  if (wishes.error_after) {
    pieces.push_back(api.StreamError(wishes.error, call, pieces.size()));
  }
  if (wishes.junk) pieces = WithJunk(pieces, api.StreamJunk(call));
  if (wishes.line_end != "\n") ReplaceLineEnds(pieces, wishes.line_end);
  reply.body.clear();
  for (const std::string& piece : pieces) reply.body += piece;
}

}  // namespace fake_provider
