#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// RFC 4648 with padding, on one line.
std::string EncodeBase64(std::string_view bytes);

// Strict: padding is required, no blanks or line ends, unused bits must be zero. Any bytes thus
// have exactly one text. The error names the offset.
Result<std::string> DecodeBase64(std::string_view text);

}  // namespace muster
