#include "tests/fake_provider/digest.h"

#include <openssl/sha.h>

#include <array>

namespace fake_provider {
namespace {

std::array<unsigned char, SHA256_DIGEST_LENGTH> Sha256(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : Sha256(bytes)) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

uint64_t Hash64(std::string_view bytes) {
  uint64_t hash = 0;
  auto digest = Sha256(bytes);
  for (int i = 0; i < 8; ++i) hash = hash << 8 | digest[i];
  return hash;
}

}  // namespace fake_provider
