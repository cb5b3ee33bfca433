#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "worker/replies/stream.h"

namespace muster {

// Streams of Google's Gemini API: every event is a response of its own, whose parts follow on those
// before; nothing says which is the last.
extern const StreamForm kGeminiStream;

// A stream's body in which a JSON text that stands between or after the events, as errors do that
// come once it has begun, is an event too: the first such text. nullopt: there is none, the body is
// as it should be.
std::optional<std::string> WithStrayEvent(std::string_view body);

}  // namespace muster
