#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

// SHA-256 as 64 lower-case hex digits. The one place that names libcrypto.
std::string Sha256Hex(std::string_view bytes);

// 64 bits of it, for seeds that must be the same on every machine.
uint64_t StableHash(std::string_view bytes);

}  // namespace muster
