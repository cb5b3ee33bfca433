#include "common/hash.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

namespace muster {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest Sha256(std::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  std::string hex;
  for (unsigned char byte : Sha256(bytes)) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

uint64_t StableHash(std::string_view bytes) {
  Digest digest = Sha256(bytes);
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return value;
}

}  // namespace muster
