#pragma once

// Text that looks like an answer, made of the words of the prompt: for runs without a provider.

#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

// Numbers that are the same on every machine (splitmix64).
class MockRandom {
 public:
  explicit MockRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  // 0 … bound-1.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
  // 0 … 1, without 1.
  double Share() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// Some 80 to 400 words in sentences and paragraphs, from fragments of `prompt`.
std::string MakeMockText(std::string_view prompt, MockRandom& random);

}  // namespace muster
