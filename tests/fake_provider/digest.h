#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fake_provider {

// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// The first 8 bytes of the SHA-256 of `bytes`: for choices that look random and never change.
uint64_t Hash64(std::string_view bytes);

}  // namespace fake_provider
