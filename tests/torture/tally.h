#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/torture/plan.h"

namespace muster::torture {

// What a campaign did and saw, over all its rounds.
struct Tally {
  std::array<int64_t, kDeedNames.size()> deeds{};  // carried out, by Deed
  int64_t starts = 0, rounds = 0, checks = 0;
  int64_t items_done = 0;
  int64_t asked = 0, billed = 0, answered = 0, unknown = 0;
  int64_t bill = 0, spent = 0, unknown_cost = 0;  // picodollars
  int64_t worst_lost = 0;                         // calls made unknown by one kill
  int64_t lost_to_kills = 0;                  // of the unknown ones, the rest are broken replies
  std::chrono::microseconds slowest_gone{0};  // from a supervisor's end to nobody left
  std::chrono::microseconds slowest_interrupt{0}, slowest_second_interrupt{0}, slowest_term{0};

  int64_t kills() const {
    int64_t sum = 0;
    for (size_t i = 0; i < deeds.size(); ++i) sum += IsKill(static_cast<Deed>(i)) ? deeds[i] : 0;
    return sum;
  }

  // Whether the kills say little, because hardly any came while a call was in the air: a build that
  // starts in the usual time loses seven calls in ten kills.
  bool Hollow() const { return kills() >= 50 && lost_to_kills * 10 < kills(); }

  std::vector<std::string> Table() const;
};

}  // namespace muster::torture
