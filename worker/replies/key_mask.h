#pragma once

#include <string>
#include <string_view>

namespace muster {

// Masks what looks like a key in a provider's words ("sk-…", "Bearer …", what follows "key
// provided: "): servers echo keys, also half-masked ones that exact comparison does not find.
std::string MaskKeys(std::string_view text);

}  // namespace muster
