#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/ledger/view.h"
#include "supervisor/outbox.h"
#include "supervisor/pool/worker_pool.h"
#include "supervisor/states.h"

namespace muster {

// One item in one worker's hands.
struct Attempt {
  ItemRow row;
  Clock::Time began;
  Clock::Time clocked;                  // up to when `worked` is counted
  std::chrono::milliseconds worked{0};  // without the time spent waiting for verdicts
  bool asked = false;                   // for a call; until then its lane expects it
  bool cancelled = false;               // told to give up; killed if it does not
};

// A worker as the supervisor sees it. Its state is here and nowhere else.
struct WorkerRecord {
  WorkerId id = 0;
  std::string name;  // w1, w2, …: its slot, taken over by its replacement
  std::string host;
  WorkerState state = WorkerState::kStarting;
  Clock::Time last_heard;
  std::optional<Attempt> attempt;  // while busy
  bool killed = false;             // its end is on the way
  bool distrusted = false;         // it broke the protocol: nothing it says counts any more

  void Enter(WorkerState next);
};

// Who works: starts workers when there is something to do, replaces the lost with a back-off,
// ends the silent, the overdue and the overgrown.
class Crew {
 public:
  using Time = Clock::Time;

  // `start` is what every worker is told first; its `worker` is filled in here.
  Crew(WorkerPool& pool, Outbox& outbox, const Config& config, Start start, size_t size);

  // Starts workers until `want` (at most the crew's size) can take items. An error: none can be
  // started and none is left.
  Result<void> Recruit(size_t want, Time now);

  // The messages and the end of a worker, as far as the crew is concerned. OnHello's error says
  // why this worker can never serve. OnLost gives back its record.
  Result<void> OnHello(WorkerId worker, const Hello& hello);
  std::optional<WorkerRecord> OnLost(const WorkerLost& lost, Time now);
  void OnItemEnded(WorkerRecord& worker, int64_t memory_kb);

  WorkerRecord* Find(WorkerId worker);
  WorkerRecord* FindIdle();
  void GiveItem(WorkerRecord& worker, ItemRow row, Time now);

  // Kills who has been silent too long; cancels, then kills, whose item takes too long. `waits`
  // says whether a worker only waits for verdicts: such time does not count.
  void Watch(Time now, const std::function<bool(WorkerId)>& waits);
  void Kill(WorkerRecord& worker, int signal, const std::string& why);
  void RetireIdle();  // those who have nothing to do
  // Another size from now on. Who is too many leaves at the end of his item.
  void Resize(size_t size);
  void KillAll();

  // Too many deaths and nothing done in between: why to stop, else empty.
  std::string Storm(Time now);
  std::optional<Time> NextDeadline(Time now) const;

  size_t size() const { return size_; }
  int64_t lost() const { return lost_; }          // workers that died
  int64_t restarts() const { return restarts_; }  // workers begun after the first of their slot
  size_t alive() const { return workers_.size(); }
  size_t busy() const { return CountIn(WorkerState::kBusy); }
  // Those that can take an item now or soon.
  size_t available() const;
  std::map<WorkerId, WorkerRecord>& workers() { return workers_; }
  const std::map<WorkerId, WorkerRecord>& workers() const { return workers_; }

 private:
  size_t CountIn(WorkerState state) const;
  void Retire(WorkerRecord& worker);
  void WatchItem(WorkerRecord& worker, Time now, bool waits);
  std::string TakeName();

  WorkerPool& pool_;
  Outbox& outbox_;
  const Guard guard_;
  Start start_;
  size_t size_;
  int64_t lost_ = 0, restarts_ = 0;
  int64_t highest_slot_ = 0;  // ever taken
  std::map<WorkerId, WorkerRecord> workers_;
  std::set<int64_t> free_slots_;
  std::deque<Time> deaths_;  // since an item ended well, at most a minute old
  Time no_recruit_before_{};
  std::chrono::milliseconds restart_delay_{0};
};

}  // namespace muster
