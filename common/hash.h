#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace muster {

// SHA-256 as 64 lower-case hex digits. The one place that names libcrypto.
std::string Sha256Hex(std::string_view bytes);

// The same of bytes that come in pieces.
class Sha256Sum {
 public:
  Sha256Sum();
  ~Sha256Sum();
  Sha256Sum(const Sha256Sum&) = delete;

  void Add(std::string_view bytes);
  std::string Hex();  // of all of them; the last thing it is asked

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 64 bits of it, for seeds that must be the same on every machine.
uint64_t StableHash(std::string_view bytes);

}  // namespace muster
