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
  Fd pidfd;   // readable when it has ended; still needs waiting for
  Fd input;   // what we write reaches its stdin
  Fd output;  // its stdout
  Fd errors;  // its stderr
};

// How a worker process comes to be.
class Spawner {
 public:
  virtual ~Spawner() = default;
  virtual Result<Spawned> Spawn() = 0;
};

// fork + exec of a command line. The child has a session of its own (the terminal's Ctrl+C does not
// reach it), dies with us, and inherits nothing but its three pipes.
class ExecSpawner : public Spawner {
 public:
  explicit ExecSpawner(std::vector<std::string> command) : command_(std::move(command)) {}
  Result<Spawned> Spawn() override;

 private:
  std::vector<std::string> command_;
};

}  // namespace muster
