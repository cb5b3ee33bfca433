#include "common/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cassert>

namespace muster {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest Sha256(std::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::string HexOf(const Digest& digest) {
  std::string hex;
  for (unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

}  // namespace

struct Sha256Sum::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256Sum::Sha256Sum() : state_(std::make_unique<State>()) {
  int begun = EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
  assert(begun == 1);
  (void)begun;
}

Sha256Sum::~Sha256Sum() = default;

void Sha256Sum::Add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256Sum::Hex() {
  Digest digest{};
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  return HexOf(digest);
}

std::string Sha256Hex(std::string_view bytes) { return HexOf(Sha256(bytes)); }

uint64_t StableHash(std::string_view bytes) {
  Digest digest = Sha256(bytes);
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return value;
}

}  // namespace muster
