#pragma once

#include <cstdint>

#include "tests/fake_provider/answers.h"

namespace fake_provider {

// Picodollars (10^-12 dollars) per token, the same for every model.
struct Prices {
  int64_t input = 1'250'000;
  int64_t cached = 125'000;
  int64_t cache_write = 1'562'500;
  int64_t cache_write_1h = 2'500'000;
  int64_t output = 10'000'000;
};

inline int64_t PicodollarsOf(const Usage& usage, const Prices& prices) {
  int64_t plain = usage.input - usage.cached - usage.cache_write;
  return plain * prices.input + usage.cached * prices.cached +
         (usage.cache_write - usage.cache_write_1h) * prices.cache_write +
         usage.cache_write_1h * prices.cache_write_1h + usage.output * prices.output;
}

}  // namespace fake_provider
