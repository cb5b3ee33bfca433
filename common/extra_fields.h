#pragma once

// `extra:`, the raw fields that a step adds to its requests.

#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// A field of `extra` that cannot be used; one inside another is named with a dot
// ("generationConfig.maxOutputTokens").
struct RefusedField {
  std::string field;
  std::string why;  // "cannot be used; use the step's max_tokens"
};

// The first field of `extra` that would make a call of `api` cost what the books do not know of, or
// its reply one that this program does not read; nullopt: all of them can go. The same names mean
// the same to every API; `api` matters where there is no request to add to (claude-code).
std::optional<RefusedField> FindRefusedField(const Json& extra, std::string_view api = "");

// Merges `extra` into a request's body: objects are merged, anything else replaces, null removes
// (RFC 7396). A field that FindRefusedField finds is an error that names it and what to use
// instead.
Result<void> MergeExtra(const Json& extra, Json& body);

}  // namespace muster
