#pragma once

#include <sys/types.h>

#include <string>

#include "common/fd.h"

namespace muster {

// A process beside the worker that waits for the worker's end, however that comes about, and then
// kills all that the worker's programs have started and that is still there: the kernel ends only
// the programs themselves with a worker that is killed. It knows them by their mark
// (leftovers.h). Ends within moments of the worker; destroying the object ends it at once.
class Keeper {
 public:
  Keeper() = default;
  Keeper(const Keeper&) = delete;
  ~Keeper();

  // `marks`: what the marks of this process's programs begin with. Where no process can be made
  // there is none.
  void Start(const std::string& marks);

  pid_t pid() const { return pid_; }  // 0: there is none

 private:
  pid_t pid_ = 0;  // not waited for by waits for children of the usual kind
  Fd lifeline_;    // nobody else has it: it closes with this process
};

}  // namespace muster
