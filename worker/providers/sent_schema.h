#pragma once

// A response schema as an API takes it. Whatever is left out here, the answer must meet the whole
// schema all the same: it is checked where it is parsed.

#include "common/json.h"

namespace muster {

// Anthropic's: an object says that it has no further members, and what its servers refuse to
// enforce (bounds of numbers, lengths, numbers of elements) is left out.
Json SchemaForAnthropic(const Json& schema);

// Whether OpenAI's strict mode takes it as it is: every object names all of its members as required
// and allows no further ones, and nothing is combined by allOf, oneOf or not.
bool FitsStrictMode(const Json& schema);

}  // namespace muster
