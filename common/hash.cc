#include "common/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cassert>

namespace muster {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

// Found once and left to the process's end: looking for it takes longer than a short text does.
const EVP_MD* Method() {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  assert(kMethod);
  return kMethod;
}

Digest Sha256(std::string_view bytes) {
  Digest digest{};
  int made = EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, Method(), nullptr);
  assert(made == 1);
  (void)made;
  return digest;
}

std::string HexOf(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

}  // namespace

struct Sha256Sum::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256Sum::Sha256Sum() : state_(std::make_unique<State>()) {
  int begun = EVP_DigestInit_ex(state_->context, Method(), nullptr);
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
