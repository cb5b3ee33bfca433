#pragma once

// What the claude program's own words for its failures mean.

#include <cstdint>
#include <string_view>

#include "common/protocol.h"
#include "worker/providers/claude_code/transcript.h"

namespace muster {

// The meaning of a result that reports an error. `now_ms`: since 1970, when it was printed; 0: not
// known, and no wait is computed. Says nothing of usage: billing is kNo or kUnknown.
Failure ReadClaudeFailure(const Transcript& transcript, int64_t now_ms);

// Of a result without an error that is no answer to the request; `why` begins in lower case.
Failure ReadClaudeLack(const Transcript& transcript, std::string_view why);

// What it said on stderr without a result: an option that it does not know, no prompt, anything.
Failure ReadClaudeComplaint(std::string_view errors, int exit_code);

}  // namespace muster
