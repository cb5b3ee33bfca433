#pragma once

#include "worker/replies/stream.h"

namespace muster {

// Streams of Anthropic's Messages API: named events, by which a message's blocks grow; usage comes
// at the start and, with the final counts, at the end.
extern const StreamForm kAnthropicStream;

}  // namespace muster
