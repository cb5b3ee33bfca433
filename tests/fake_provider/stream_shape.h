#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// What a script wants of a streamed answer: see struct Action. Does nothing to other replies.
struct StreamWishes {
  std::optional<uint64_t> cut_after;  // pieces, as are the two below
  std::optional<uint64_t> hang_after;
  std::optional<uint64_t> error_after;
  std::string error = "overloaded";
  bool end = false;  // a cut stream ends like a whole one
  bool stay_open = false;
  bool junk = false;
  std::string line_end = "\n";
  uint64_t split = 0;  // bytes a write; 0: as many as there are
  int64_t every_ms = 0;
};

// Does to the pieces of a stream what can be said before it is framed: junk, the error, where it
// stops, how its lines end.
void Shape(const Api& api, const Call& call, const StreamWishes& wishes, ApiReply& reply);

}  // namespace fake_provider
