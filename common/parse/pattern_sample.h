#pragma once

// Texts that match a regular expression, for mock answers.

#include <cstdint>
#include <optional>
#include <string>

#include "common/parse/pattern.h"

namespace muster {

// A text of `least` to `most` characters that the pattern matches, or nullopt when none was found.
// Knows what schemas have: literals, classes, groups, alternatives, repetitions and anchors; what
// it makes is always tried against the pattern itself.
std::optional<std::string> SampleOf(const Pattern& pattern, uint64_t least, uint64_t most,
                                    uint64_t seed);

}  // namespace muster
