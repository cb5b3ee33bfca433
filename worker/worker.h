#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "worker/caller.h"
#include "worker/command/command.h"
#include "worker/http.h"
#include "worker/item_run.h"
#include "worker/link.h"
#include "worker/task.h"
#include "worker/timers.h"

namespace muster {

// What a fork server has read once for all the workers forked from it (fork_server.h).
struct Inherited {
  Config config;
  Json keys;  // as in Start
};

// A worker apart from where its messages come from: one item at a time, one loop. The pipe
// (pipe_worker.h) and the foreground (standalone.h) drive it.
class Worker {
 public:
  // `inherited`, which must outlive this, is what a start without a config means; nullptr: such a
  // start is an error.
  explicit Worker(Link& link, const Inherited* inherited = nullptr)
      : link_(link), inherited_(inherited), caller_(link, http_, commands_, timers_) {}

  // Takes one message; an error means it does not fit and the worker should exit.
  Result<void> Handle(ToWorker message);

  // Waits until a descriptor of `read_fds` can be read, something in the air moves, or `until`;
  // moves everything on that can be. Says `done` when the item ends.
  void Turn(const std::vector<int>& read_fds, std::chrono::steady_clock::time_point until,
            std::vector<bool>* readable);

  // Before this process ends itself with _exit: what its commands have started must not outlive it.
  void KillCommands() { commands_.KillAll(); }

  bool busy() const { return run_ != nullptr; }
  const Config* config() const { return config_; }
  std::chrono::milliseconds alive_every() const { return alive_every_; }
  std::chrono::milliseconds lease() const { return lease_; }

 private:
  Result<void> Begin(Start start);
  Result<void> TakeConfig(const Start& start);
  Result<void> BeginItem(Item item);
  Result<void> OnVerdict(int64_t call, ToWorker verdict);
  Result<void> CancelItem(const Cancel& cancel);
  void ReportIfEnded();
  int64_t MemoryKb();  // resident, of this process

  Link& link_;
  const Inherited* inherited_;
  HttpClient http_;
  CommandRunner commands_;
  Timers timers_;
  Caller caller_;
  std::optional<Config> own_config_;
  const Config* config_ = nullptr;  // our own or the inherited one; nullptr until the start
  std::string run_dir_;
  bool verbose_ = false;
  std::chrono::milliseconds alive_every_{5'000};
  std::chrono::milliseconds lease_{0};
  // The item at hand. The task is destroyed before the run it belongs to.
  std::unique_ptr<ItemRun> run_;
  std::optional<Task<Done>> task_;
  bool cancelled_ = false;  // the last one was, and no other has come yet
  // As they were when last looked at.
  int64_t memory_kb_ = 0, peak_memory_kb_ = 0;
  int64_t memory_uses_ = 0;  // how often they were asked for
};

}  // namespace muster
