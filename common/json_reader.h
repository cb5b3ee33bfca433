#pragma once

#include <optional>
#include <string_view>

#include "common/json.h"

namespace muster {

// The quick way through a text that is plainly JSON: no state machine, no copies, objects made in
// one piece. nullopt: perhaps it is none (or has a number no integer holds) and ParseJson looks
// again, slowly, and says what is wrong. What this takes, nlohmann takes for the same value.
std::optional<Json> ReadPlainJson(std::string_view text);

}  // namespace muster
