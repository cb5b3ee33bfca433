#pragma once

#include "tests/fake_provider/action.h"
#include "tests/fake_provider/api.h"
#include "tests/fake_provider/books.h"
#include "tests/fake_provider/transmission.h"

namespace fake_provider {

// A reply ready to leave, with the outcome the books will show.
struct Parcel {
  Transmission transmission;
  Outcome when_delivered = Outcome::kSent;
  Outcome when_client_leaves = Outcome::kClientGone;
};

// Puts a reply into HTTP/1.1 and does to its bytes what the action says; a stream is chunked, each
// piece a chunk. `keep_alive` is what the client can take.
Parcel Pack(const ApiReply& reply, const Action& action, bool keep_alive);

}  // namespace fake_provider
