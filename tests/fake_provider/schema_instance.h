#pragma once

#include <string>

#include "tests/fake_provider/json.h"

namespace fake_provider {

// A value that fits a JSON Schema, the same for the same schema and seed: what a model with
// structured output answers. Knows type (also in upper case, as Gemini writes it, and lists of
// them), properties, required, items, prefixItems, enum, const, anyOf, oneOf, allOf, $ref into the
// schema itself, minimum and maximum (exclusive ones too), multipleOf, lengths, item counts, and
// the common formats; a pattern is not followed. What refers to itself ends at the shortest that
// still fits.
Json InstanceOf(const Json& schema, const std::string& seed);

}  // namespace fake_provider
