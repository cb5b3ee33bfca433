#pragma once

// `extra:`, the raw fields that a step adds to its requests.

#include "common/json.h"
#include "common/result.h"

namespace muster {

// Merges `extra` into a request's body: objects are merged, anything else replaces, null removes
// (RFC 7396). Fields that would make a call cost what the books do not know of, or its reply one
// that this program does not read, are an error that names the field and what to use instead.
Result<void> MergeExtra(const Json& extra, Json& body);

}  // namespace muster
