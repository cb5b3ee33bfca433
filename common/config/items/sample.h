#pragma once

#include <cstdint>
#include <string>

#include "common/json.h"

namespace muster {

// `n` elements of a list by chance, in the list's order; all of them if there are no more. The same
// seed and the same `whose` (item and field) choose the same ones on every machine; elements added
// at the end leave most of the choice as it was.
Json SampleOf(const Json& list, int64_t n, int64_t seed, const std::string& whose);

}  // namespace muster
