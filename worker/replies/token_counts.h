#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/json.h"

namespace muster {

// A count of tokens in a reply. A member that is missing or null counts 0, as does one of an object
// that is; nullopt where it is no count of tokens: negative, of another type, or absurd.
std::optional<int64_t> TokenCount(const Json* object, std::string_view name);

}  // namespace muster
