#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/frame.h"
#include "supervisor/pool/spawner.h"
#include "supervisor/pool/worker_pool.h"

namespace muster {

// One worker process, passive: it never waits by itself; the pool owns the poll and tells it what
// is ready. Destroying it kills and reaps a process that still runs.
class WorkerProcess {
 public:
  using Time = std::chrono::steady_clock::time_point;

  WorkerProcess(WorkerId id, Spawned spawned) : id_(id), process_(std::move(spawned)) {}
  WorkerProcess(const WorkerProcess&) = delete;
  ~WorkerProcess();

  WorkerId id() const { return id_; }
  pid_t pid() const { return process_.pid; }
  int pidfd() const { return process_.pidfd.get(); }
  int input() const { return process_.input.get(); }
  int output() const { return process_.output.get(); }
  int errors() const { return process_.errors.get(); }

  // Outgoing bytes. Flush writes what the pipe takes; true when nothing is left.
  void Queue(std::string_view json);
  bool Flush();
  bool has_unsent() const { return sent_ < unsent_.size(); }
  // So much waits that it cannot be listening.
  bool reads_too_little() const;

  // Reads what its stdout holds and appends the messages in it. Misfits kill it.
  void ReadOutput(Time now, std::vector<PoolEvent>* events);
  void ReadErrors();

  // The stop timetable, in one place: what happens when, until it is gone.
  void Retire(Time now);
  void Kill(Time now, int signal, const std::string& why);
  // When the timetable goes on; acts on what is due.
  std::optional<Time> next_step() const { return next_step_; }
  void Step(Time now);

  // After it has ended: reaps it, drains its pipes, says how it went.
  WorkerLost Reap(Time now, std::vector<PoolEvent>* events);

 private:
  void Signal(int signal);
  void Deafen(Time now);
  void Take(FromWorker message, std::vector<PoolEvent>* events);

  WorkerId id_;
  Spawned process_;
  FrameDecoder decoder_;
  std::string unsent_;
  size_t sent_ = 0;
  std::string stderr_tail_;
  bool said_bye_ = false;
  std::string boot_failure_;
  std::string why_;  // set when we kill it
  bool close_when_sent_ = false;
  std::optional<Time> next_step_;
  int next_signal_ = 0;
  bool sent_kill_ = false;  // SIGKILL, by us
};

}  // namespace muster
