#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// A new process and our ends of its pipes, all close-on-exec and non-blocking.
struct Spawned {
  pid_t pid = 0;
  Fd pidfd;              // readable when it has ended; still needs waiting for
  Fd input;              // what we write reaches its stdin
  Fd output;             // its stdout
  Fd errors;             // its stderr
  bool carried = false;  // it is a launcher, and the worker elsewhere
};

// How a worker process comes to be.
class Spawner {
 public:
  virtual ~Spawner() = default;
  virtual Result<Spawned> Spawn() = 0;
  // Whether what it starts is a launcher (srun), which has helpers of its own to clear up with.
  virtual bool launches() const { return false; }
};

// fork + exec of a command line. The child has a session of its own (the terminal's Ctrl+C does not
// reach it), dies with us, and inherits nothing but its three pipes.
class ExecSpawner : public Spawner {
 public:
  explicit ExecSpawner(std::vector<std::string> command, bool launches = false)
      : command_(std::move(command)), launches_(launches) {}
  Result<Spawned> Spawn() override;
  bool launches() const override { return launches_; }

 private:
  std::vector<std::string> command_;
  const bool launches_;
};

}  // namespace muster
