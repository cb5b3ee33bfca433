#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/kill_points/point.h"
#include "tests/kill_points/tracer.h"

namespace muster::kill_points {

using Stack = std::vector<uint64_t>;

// One system call that a start of muster made.
struct Seen {
  Role role = Role::kSupervisor;
  const SystemCall* call = nullptr;
  int64_t count = 0;
  Arguments arguments{};
  bool waits = true;  // its descriptor, if it has one, is a blocking one
  Stack stack;
};

// All system calls of one start of muster, and what can be done to them.
struct Census {
  std::vector<Seen> calls;
  std::map<std::pair<Role, std::string_view>, int64_t> Counts() const;
};

// What a campaign is about.
enum class Kind { kKills, kErrors };

// A point and the place in the program that it strikes, if the start goes as the census did.
struct Candidate {
  Point point;
  const Stack* stack = nullptr;
};

// Every point of that kind: first, in an order that the seed decides, one for each way of striking
// each distinct call stack, then the rest. `distinct`: how many the first part has.
std::vector<Candidate> CandidatesOf(const Census& census, Phase phase, Kind kind, Role role,
                                    uint64_t seed, size_t* distinct);

}  // namespace muster::kill_points
