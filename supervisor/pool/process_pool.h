#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "common/fd.h"
#include "supervisor/pool/spawner.h"
#include "supervisor/pool/worker_pool.h"
#include "supervisor/pool/worker_process.h"

namespace muster {

// Real worker processes, one epoll over their pipes and pidfds and over our signals. Destroying it
// leaves no process behind, also none that a worker left to us.
class ProcessPool : public WorkerPool {
 public:
  // Blocks SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCONT (each unless ignored: nohup) and SIGCHLD in
  // this process: they arrive as events, SIGCHLD as WorkerLost. Makes this process the reaper of
  // what its workers leave.
  // `spawners`: one a squad.
  static Result<std::unique_ptr<ProcessPool>> Create(
      std::vector<std::unique_ptr<Spawner>> spawners);
  ~ProcessPool() override;

  Result<WorkerId> Spawn(size_t squad) override;
  void Send(WorkerId worker, const ToWorker& message) override;
  void Kill(WorkerId worker, int signal, const std::string& why) override;
  void Wait(std::chrono::steady_clock::time_point until, std::vector<PoolEvent>* events) override;
  void AlsoWatch(int fd) override;
  size_t alive() const override { return workers_.size(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Channel : uint64_t { kSignals, kProcess, kOutput, kErrors, kInput, kControl };

  explicit ProcessPool(std::vector<std::unique_ptr<Spawner>> spawners)
      : spawners_(std::move(spawners)) {}
  Result<void> SetUp();
  bool Watch(int fd, uint32_t events, WorkerId worker, Channel channel);
  // Waits for events, till then at most; their number.
  int Poll(epoll_event* ready, Time until) const;
  void Handle(uint64_t tag, std::vector<PoolEvent>* events);
  void TakeSignals(std::vector<PoolEvent>* events);
  void ReapEnded(std::vector<PoolEvent>* events);
  void ReapWorker(WorkerId worker, std::vector<PoolEvent>* events);
  WorkerProcess* Find(WorkerId worker);
  void Follow(WorkerProcess& worker);
  void StepDue();

  std::vector<std::unique_ptr<Spawner>> spawners_;
  Fd epoll_, signals_;
  std::map<WorkerId, std::unique_ptr<WorkerProcess>> workers_;
  std::unordered_map<pid_t, WorkerId> by_pid_;
  std::set<std::pair<Time, WorkerId>> timetable_;    // who is on its way out, and its next step
  std::unordered_map<WorkerId, Time> in_timetable_;  // the same by worker
  WorkerId next_id_ = 1;
  bool control_came_ = false;  // in this Wait
};

}  // namespace muster
