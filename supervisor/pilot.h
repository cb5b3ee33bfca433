#pragma once

// --pilot: a few items first; then what the rest will take, and a question.

#include <cstdint>
#include <optional>

#include "supervisor/queue.h"

namespace muster {

// The selection cut off after `count` items that are still to do; nullopt: that would be all.
std::optional<Selection> PilotOf(const LedgerView& view, const Selection& selection, int64_t count);

// Asks on the terminal; without one, or when a signal comes, the answer is no.
bool AskWhetherToGoOn();

}  // namespace muster
