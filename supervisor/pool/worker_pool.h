#pragma once

// The seam between deciding and processes. Above it nobody knows pipes, signals or process ids;
// below it nobody knows items, calls or money. One real implementation (process_pool.h), one fake
// in the tests.

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/protocol.h"
#include "common/result.h"

namespace muster {

// A worker process for as long as it lives; numbers are never used again.
using WorkerId = int64_t;

// A worker said something.
struct WorkerSaid {
  WorkerId worker = 0;
  FromWorker message;
};

// A worker process is gone, by itself or killed. Nothing more comes from it.
struct WorkerLost {
  WorkerId worker = 0;
  bool said_bye = false;      // and exited 0: the only clean end
  bool boot_failure = false;  // it says that starting it again will not help
  std::string how;          // "SIGSEGV", "exit code 3", "protocol: …", "killed: silent for 30 s"
  std::string stderr_tail;  // the end of what it printed
  int64_t peak_memory_kb = 0;
};

// A signal to this process: SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGCONT.
struct SignalCame {
  int signal = 0;
};

// The control socket has something to do: the descriptor given to AlsoWatch is readable.
struct ControlCame {};

using PoolEvent = std::variant<WorkerSaid, WorkerLost, SignalCame, ControlCame>;

class WorkerPool {
 public:
  virtual ~WorkerPool() = default;

  // Starts a process of that squad (the number of its plan). An error means that none can be
  // started (missing program, no descriptors left).
  virtual Result<WorkerId> Spawn(size_t squad) = 0;

  // Sends a message, or as much of it as its pipe takes; Wait() sends the rest. To a worker that is
  // gone it says nothing. `Stop` also begins the stop timetable (worker_process.cc): close its
  // input, TERM, KILL.
  virtual void Send(WorkerId worker, const ToWorker& message) = 0;

  // Kills a worker: first the signal, then, if it lives on, KILL. `why` becomes WorkerLost::how.
  virtual void Kill(WorkerId worker, int signal, const std::string& why) = 0;

  // Sends what is left to send and waits until something happens or `until`; appends what did.
  // Returns everything that is ready, so that a turn of the loop sees it all.
  virtual void Wait(std::chrono::steady_clock::time_point until,
                    std::vector<PoolEvent>* events) = 0;

  // From now on Wait() also watches this descriptor: as long as one of these is readable, every
  // Wait brings one ControlCame. It stays the caller's; closing it ends the watch.
  virtual void AlsoWatch(int fd) = 0;

  virtual size_t alive() const = 0;
};

// Time as the supervisor sees it; tests turn it by hand.
class Clock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
  virtual int64_t WallMs() const = 0;  // milliseconds since 1970, for the books
};

}  // namespace muster
