#pragma once

#include <signal.h>
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

// A new child of ours; still needs waiting for.
struct NewProcess {
  pid_t pid = 0;
  Fd pidfd;
};

// What is to be 0, 1 and 2 of a new process.
struct StandardFds {
  int input = -1, output = -1, errors = -1;
};

// The pipes of a worker that is about to be started. Our ends are non-blocking; all close-on-exec.
struct WorkerPipes {
  Pipe input, output, errors;

  static Result<WorkerPipes> Make();
  StandardFds theirs() const { return {input.read.get(), output.write.get(), errors.write.get()}; }
  // Our ends, with the process that has the others now; theirs are closed here.
  Spawned SpawnedAs(NewProcess process) &&;
};

// fork + exec of a command line. The new program has a session of its own (the terminal's Ctrl+C
// does not reach it), dies with us by `death_signal`, and inherits nothing but these three.
Result<NewProcess> StartProgram(const std::vector<std::string>& command, StandardFds fds,
                                int death_signal = SIGKILL);

// The pidfd of a child of ours that nobody has waited for; kills and buries it where there is none
// to be had.
Result<NewProcess> OpenChild(pid_t pid);

// Kills a child of ours and waits until it is gone; whoever waits for all children may have buried
// it already. Where signals by pidfd are forbidden it is not waited for: its pipes tell it to go.
void KillAndBury(const Fd& pidfd);

// How a worker process comes to be.
class Spawner {
 public:
  virtual ~Spawner() = default;
  virtual Result<Spawned> Spawn() = 0;
  // Whether what it starts is a launcher (srun), which has helpers of its own to clear up with.
  virtual bool launches() const { return false; }
};

// Workers by StartProgram.
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
