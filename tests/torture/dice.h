#pragma once

#include <cstdint>
#include <initializer_list>

namespace muster::torture {

// Random numbers that the seeds alone determine (SplitMix64): the same campaign takes the same
// decisions on every machine.
class Dice {
 public:
  explicit Dice(std::initializer_list<uint64_t> seeds) {
    for (uint64_t seed : seeds) state_ = Next() ^ seed;
  }

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  int64_t Between(int64_t least, int64_t most) {  // both included
    return least + static_cast<int64_t>(Next() % static_cast<uint64_t>(most - least + 1));
  }
  bool Percent(int64_t chance) { return Between(1, 100) <= chance; }

 private:
  uint64_t state_ = 0;
};

}  // namespace muster::torture
