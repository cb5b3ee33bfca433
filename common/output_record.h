#pragma once

// What an item adds to an output, before it is in a file. Rows travel as JSON {"columns": [names],
// "rows": [[texts or JSON values]]}; the supervisor makes lines of them (supervisor/outputs/).

#include <cstddef>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/protocol.h"
#include "common/result.h"

namespace muster {

// The record of output `index` for an item whose context is complete (AddItemEnd, and either its
// steps or AddMissingSteps). Paths are rendered with safe names.
//
// Columns: an expression's value; a name without dots is looked for in the row first, where it may
// be missing (an empty value), then in the context. "item.*" stands for every field that is text, a
// number, true or false.
Result<OutputText> MakeRecord(const Config& config, size_t index, const Json& context);

}  // namespace muster
