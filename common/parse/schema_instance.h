#pragma once

// Values that meet a schema: what the mock provider answers where structured output is asked for.

#include <cstdint>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// A small value that the schema's own validator lets pass: all required members and, near the top,
// the others too; one or two elements where more are not asked for. The same for the same schema
// and seed, on every machine. An error when the schema is not understood, cannot be met, or is met
// only by what was not found (a pattern beyond pattern_sample.h, exclusions by `not`).
Result<Json> InstanceOf(const Json& schema, uint64_t seed);

}  // namespace muster
