#pragma once

#include <cstdint>

namespace muster {

// Tokens of one call or of a sum of calls, in one vocabulary for every provider: `input` includes
// `cached` (read from a prompt cache) and `cache_write` (written to it), which includes
// `cache_write_1h` (to be kept for an hour, at a price of its own); `output` includes `reasoning`.
// Where the usage of a call is not known, there is no Usage at all (std::optional).
struct Usage {
  int64_t input = 0;
  int64_t cached = 0;
  int64_t cache_write = 0;
  int64_t output = 0;
  int64_t reasoning = 0;
  int64_t cache_write_1h = 0;

  int64_t total() const { return input + output; }

  Usage& operator+=(const Usage& other) {
    input += other.input;
    cached += other.cached;
    cache_write += other.cache_write;
    cache_write_1h += other.cache_write_1h;
    output += other.output;
    reasoning += other.reasoning;
    return *this;
  }
  bool operator==(const Usage&) const = default;
};

// A count above this in one reply is absurd: the usage of that reply is unknown.
inline constexpr int64_t kMostTokensOfOneCall = 100'000'000;

}  // namespace muster
