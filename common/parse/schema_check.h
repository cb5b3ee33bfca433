#pragma once

// Checks values against one node of a compiled schema.

#include <string>

#include "common/json.h"
#include "common/parse/schema_node.h"
#include "common/result.h"

namespace muster {

// The first mismatch as JsonSchema::Check says it.
Result<void> CheckAgainst(const SchemaNode& node, const Json& value);

// A value for a message: `"text…"`, `12`, `an array of 3`.
std::string ShownJson(const Json& value);

}  // namespace muster
