#pragma once

// What a process passes on its way to be traced: it waits until the tracer has it, then asks the
// kernel (seccomp) to stop it at some system calls, and only at those, so that everything else runs
// at full speed. What it starts inherits that.

#include <linux/filter.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "common/fd.h"
#include "common/result.h"

namespace muster::kill_points {

class Gate {
 public:
  // `calls`: the numbers of the system calls to stop at.
  static Result<std::unique_ptr<Gate>> Make(const std::vector<int64_t>& calls);
  Gate(const Gate&) = delete;

  // In the child, between fork and exec: system calls only.
  void Pass() const;
  // In the tracer, once it has the process.
  void Open() { pipe_.write.Reset(); }

 private:
  Gate() = default;

  Pipe pipe_;
  std::vector<sock_filter> filter_;
};

}  // namespace muster::kill_points
