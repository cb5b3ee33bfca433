#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/crew/squad.h"
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
  bool cancelled = false;               // told to give up; killed if it does not
};

// A worker as the supervisor sees it. Its state is here and nowhere else; only the crew changes it.
struct WorkerRecord {
  WorkerId id = 0;
  size_t squad = 0;
  std::string name;  // its place in the squad, taken over by its replacement: w1, cluster/1
  std::string host;
  WorkerState state = WorkerState::kStarting;
  Clock::Time started, last_heard, last_told;
  std::optional<Attempt> attempt;      // while busy
  std::optional<std::string> expects;  // the lane of its item's first call, until it asks for one
  bool killed = false;                 // its end is on the way
  bool distrusted = false;             // it broke the protocol: nothing it says counts any more
};

// Who works: starts workers when there is something to do, replaces the lost with a back-off,
// ends the silent, the overdue and the overgrown. What it is asked in every turn costs the same
// for one worker and for a thousand.
class Crew {
 public:
  using Time = Clock::Time;

  // `start` is what every worker is told first; what differs between them is filled in here.
  Crew(WorkerPool& pool, Outbox& outbox, const Guard& guard, Start start,
       std::vector<SquadPlan> squads);

  // Called when a worker's item is to be given up, whether it obeys or is killed for it.
  std::function<void(WorkerId)> on_given_up;
  // For people: what goes wrong with workers that does not stop the run.
  std::function<void(const std::string&)> notice;

  // Starts workers until `want` (at most the crew's size) can take items. An error: none can be
  // started, of no squad, and none is left.
  Result<void> Recruit(size_t want, Time now);

  // The messages and the end of a worker, as far as the crew is concerned. OnHello's error says
  // why no worker can ever serve. OnLost gives back its record.
  Result<void> OnHello(WorkerId worker, const Hello& hello);
  std::optional<WorkerRecord> OnLost(const WorkerLost& lost, Time now);
  void OnItemEnded(WorkerRecord& worker, int64_t memory_kb);
  void OnAsked(WorkerRecord& worker);

  WorkerRecord* Find(WorkerId worker);
  WorkerRecord* FindIdle();  // local ones first
  void GiveItem(WorkerRecord& worker, ItemRow row, Time now);

  // So long nobody was watching: it counts neither as silence nor as time of an item.
  void PassOver(Time::duration standstill);
  // Kills who has been silent too long; cancels, then kills, whose item takes too long. `waits`
  // says whether a worker only waits for verdicts: such time does not count.
  void Watch(Time now, const std::function<bool(WorkerId)>& waits);
  void Kill(WorkerRecord& worker, int signal, const std::string& why);
  void CancelItem(WorkerRecord& worker);
  void RetireIdle();  // those who have nothing to do
  // Another size of a pool ("": the local one, or the only one) from now on; what it was. Who is
  // too many leaves at the end of his item.
  Result<size_t> Resize(std::string_view pool, size_t size);
  void KillAll();

  // No worker of that squad can ever serve. The error says why the run cannot go on without it.
  Result<void> GiveUp(size_t squad, const std::string& why);

  // No worker will come any more after too many deaths: why to stop, else empty. Squads among
  // several are given up alone, with a notice.
  std::string Storm(Time now);
  std::optional<Time> NextDeadline(Time now) const;

  size_t size() const;                    // of the squads not given up
  int64_t lost() const { return lost_; }  // workers that died
  int64_t restarts() const;               // workers begun after the first of their place
  size_t alive() const { return workers_.size(); }
  size_t busy() const { return busy_; }
  size_t available() const { return available_; }  // can take an item now or soon
  // Items on their way to ask for a first call of that lane.
  size_t Expected(const std::string& lane) const;
  const std::map<WorkerId, WorkerRecord>& workers() const { return workers_; }
  std::map<WorkerId, WorkerRecord>& workers() { return workers_; }

 private:
  const SquadPlan& PlanOf(const WorkerRecord& worker) const { return squads_[worker.squad].plan(); }
  // Changes what the counts below are made of.
  template <class Change>
  void Alter(WorkerRecord& worker, const Change& change);
  void Count(const WorkerRecord& worker, bool in);
  void Enter(WorkerRecord& worker, WorkerState next);

  Start StartFor(const WorkerRecord& worker, bool warm) const;
  Squad* SquadToGrow(Time now);
  Result<void> StartOne(Squad& squad, Time now);
  bool AnyLeft() const;
  size_t IndexOf(const Squad& squad) const { return static_cast<size_t>(&squad - squads_.data()); }
  void TellFailedStart(const WorkerRecord& worker, const WorkerLost& lost);
  void TellCannotStart(size_t squad, const std::string& why);
  void Expect(WorkerRecord& worker, std::optional<std::string> lane);
  void Retire(WorkerRecord& worker);
  Time WatchOne(WorkerRecord& worker, Time now, const std::function<bool(WorkerId)>& waits);
  Time WatchItem(WorkerRecord& worker, Time now, bool waits);

  WorkerPool& pool_;
  Outbox& outbox_;
  const Guard guard_;
  const Start start_;
  std::vector<Squad> squads_;
  std::vector<bool> told_failed_start_;  // by squad: since one of its workers last said hello
  int64_t lost_ = 0;
  std::map<WorkerId, WorkerRecord> workers_;
  Time watch_at_{};  // nobody can be overdue before

  // Counts over workers_.
  size_t busy_ = 0, available_ = 0;
  std::set<std::pair<size_t, WorkerId>> idle_;  // by squad
  std::unordered_map<std::string, size_t> expected_;
};

}  // namespace muster
