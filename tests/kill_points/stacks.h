#pragma once

// Where in a program a stopped process is. The one file pair that names libunwind.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace muster::kill_points {

// Reads call stacks of stopped processes of one program, whose code is at the same addresses in all
// of them. Not to be used after the program was built anew.
class Stacks {
 public:
  Stacks();
  Stacks(const Stacks&) = delete;
  ~Stacks();

  // Return addresses, innermost first, at most 64; empty where it cannot be read.
  std::vector<uint64_t> Of(pid_t pid) const;
  // The same as names of functions, for people: "fsync < unixSync < … < main".
  std::string Names(pid_t pid) const;

 private:
  struct Space;
  std::unique_ptr<Space> space_;
};

}  // namespace muster::kill_points
