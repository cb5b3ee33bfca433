#include "supervisor/crew/crew.h"

#include <signal.h>

#include <algorithm>
#include <cassert>

#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

// What a worker has to give up an item in that it was told to cancel.
constexpr milliseconds kCancelGrace{5'000};
// How finely the time spent on items is counted.
constexpr milliseconds kWatchEvery{100};
// Of its lease, what a launched worker hears nothing for at most.
constexpr int kLeaseParts = 3;

std::string LastLine(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return VisibleText(text.substr(text.rfind('\n') + 1));
}

}  // namespace

Crew::Crew(WorkerPool& pool, Outbox& outbox, const Guard& guard, Start start,
           std::vector<SquadPlan> squads)
    : pool_(pool), outbox_(outbox), guard_(guard), start_(std::move(start)) {
  for (SquadPlan& plan : squads) squads_.emplace_back(std::move(plan));
  told_failed_start_.resize(squads_.size());
}

// ---- counts ----

template <class Change>
void Crew::Alter(WorkerRecord& worker, const Change& change) {
  Count(worker, false);
  change();
  Count(worker, true);
}

void Crew::Count(const WorkerRecord& worker, bool in) {
  auto add = [in](size_t& count) { in ? ++count : --count; };
  Squad& squad = squads_[worker.squad];
  bool busy = worker.state == WorkerState::kBusy;
  bool free = worker.state == WorkerState::kStarting || worker.state == WorkerState::kIdle;
  if (busy) add(busy_);
  if (free && !worker.killed) add(available_);
  if (busy || (free && !worker.killed)) add(squad.staff);
  if (worker.killed) return;
  if (worker.state == WorkerState::kStarting) add(squad.starting);
  if (worker.state != WorkerState::kIdle) return;
  std::pair<size_t, WorkerId> place{worker.squad, worker.id};
  in ? void(idle_.insert(place)) : void(idle_.erase(place));
}

void Crew::Enter(WorkerRecord& worker, WorkerState next) {
  assert(MayFollow(worker.state, next));
  Alter(worker, [&] { worker.state = next; });
}

void Crew::Expect(WorkerRecord& worker, std::optional<std::string> lane) {
  if (worker.expects && --expected_[*worker.expects] == 0) expected_.erase(*worker.expects);
  worker.expects = std::move(lane);
  if (worker.expects) ++expected_[*worker.expects];
}

size_t Crew::Expected(const std::string& lane) const {
  auto found = expected_.find(lane);
  return found == expected_.end() ? 0 : found->second;
}

size_t Crew::size() const {
  size_t size = 0;
  for (const Squad& squad : squads_) size += squad.given_up() ? 0 : squad.size();
  return size;
}

int64_t Crew::restarts() const {
  int64_t restarts = 0;
  for (const Squad& squad : squads_) restarts += squad.restarts();
  return restarts;
}

// ---- coming ----

// The local squad as long as it can grow; of the launched ones the least manned.
Squad* Crew::SquadToGrow(Time now) {
  Squad* best = nullptr;
  for (Squad& squad : squads_) {
    if (!squad.MayStart(now)) continue;
    if (!squad.plan().launched()) return &squad;
    if (!best || squad.staff * best->size() < best->staff * squad.size()) best = &squad;
  }
  return best;
}

Result<void> Crew::StartOne(Squad& squad, Time now) {
  size_t index = IndexOf(squad);
  auto id = pool_.Spawn(index);
  if (!id) {
    squad.OnCannotStart(now);
    return Error{id.error()};
  }
  WorkerRecord& record = workers_[*id];
  record.id = *id;
  record.squad = index;
  record.name = squad.TakeName();
  record.started = record.last_heard = record.last_told = now;
  Count(record, true);
  watch_at_ = std::min(watch_at_, now + kWatchEvery);
  return {};
}

Result<void> Crew::Recruit(size_t want, Time now) {
  want = std::min(want, size());
  std::map<size_t, std::string> failed;
  while (available_ + busy_ < want) {
    Squad* squad = SquadToGrow(now);
    if (!squad) break;
    if (auto one = StartOne(*squad, now); !one) failed[IndexOf(*squad)] = one.error();
  }
  if (failed.empty()) return {};
  bool none_can = std::all_of(squads_.begin(), squads_.end(), [](const Squad& squad) {
    return squad.given_up() || squad.cannot_start();
  });
  if (workers_.empty() && none_can) return Error{failed.begin()->second};
  for (const auto& [squad, why] : failed) TellCannotStart(squad, why);
  return {};
}

Result<void> Crew::OnHello(WorkerId worker, const Hello& hello) {
  WorkerRecord* record = Find(worker);
  if (!record || record->killed || record->state != WorkerState::kStarting) return {};
  if (hello.version != kProtocolVersion || hello.build != BuildId()) {
    std::string why = fmt::format(
        "worker and supervisor are of different builds ({} and {}); install them together",
        VisibleText(hello.build.substr(0, 32)), BuildId());
    Kill(*record, SIGTERM, why);
    return GiveUp(record->squad, why);
  }
  record->host = hello.host;
  told_failed_start_[record->squad] = false;
  outbox_.Add(worker, StartFor(*record, hello.warm));
  Enter(*record, WorkerState::kIdle);
  return {};
}

// Who is warm has the config and the keys; who is local stands in the same folder.
Start Crew::StartFor(const WorkerRecord& worker, bool warm) const {
  Start start;
  if (!warm) start = start_;
  start.worker = worker.name;
  start.run_dir = start_.run_dir;
  start.alive_every_ms = start_.alive_every_ms;
  start.lease_ms = PlanOf(worker).lease.count();
  start.verbose = start_.verbose;
  if (!PlanOf(worker).launched()) start.run_mark.clear();
  return start;
}

// ---- going ----

std::optional<WorkerRecord> Crew::OnLost(const WorkerLost& lost, Time now) {
  auto it = workers_.find(lost.worker);
  if (it == workers_.end()) return std::nullopt;
  Count(it->second, false);
  Expect(it->second, std::nullopt);
  WorkerRecord record = std::move(it->second);
  workers_.erase(it);
  Squad& squad = squads_[record.squad];
  squad.OnGone(record.name);
  if (lost.said_bye || record.state == WorkerState::kStopping) return record;
  ++lost_;
  squad.OnDeath(now);
  if (record.state == WorkerState::kStarting) TellFailedStart(record, lost);
  return record;
}

// Of a launched worker; once, until another of its squad comes up.
void Crew::TellFailedStart(const WorkerRecord& worker, const WorkerLost& lost) {
  const Squad& squad = squads_[worker.squad];
  if (!squad.plan().launched() || lost.boot_failure || squad.given_up()) return;
  if (told_failed_start_[worker.squad]) return;
  told_failed_start_[worker.squad] = true;
  std::string said = LastLine(lost.stderr_tail);
  bool prints = lost.how.starts_with("protocol: not a frame");
  notice(fmt::format("worker {} did not start: {}{}{}; it is tried again", worker.name, lost.how,
                     said.empty() ? "" : ": " + said,
                     prints ? "; start-up files there must not print anything" : ""));
}

// Of a pool once, whatever its nodes; local workers are told about when none is left.
void Crew::TellCannotStart(size_t squad, const std::string& why) {
  const SquadPlan& plan = squads_[squad].plan();
  if (!plan.launched() || told_failed_start_[squad]) return;
  for (size_t i = 0; i < squads_.size(); ++i) {
    if (squads_[i].plan().pool == plan.pool) told_failed_start_[i] = true;
  }
  notice(fmt::format("pool {}: {}; it is tried again", plan.pool, why));
}

bool Crew::AnyLeft() const {
  return std::any_of(squads_.begin(), squads_.end(),
                     [](const Squad& squad) { return !squad.given_up(); });
}

Result<void> Crew::GiveUp(size_t squad, const std::string& why) {
  if (squads_[squad].given_up()) return {};
  squads_[squad].GiveUp();
  const SquadPlan& plan = squads_[squad].plan();
  std::string told = plan.launched() ? fmt::format("pool {}: {}", plan.pool, why) : why;
  if (!AnyLeft() || !plan.launched()) return Error{told};
  notice(told + "; the run goes on without it");
  return {};
}

void Crew::OnItemEnded(WorkerRecord& worker, int64_t memory_kb) {
  worker.attempt.reset();
  Expect(worker, std::nullopt);
  if (worker.state == WorkerState::kBusy) Enter(worker, WorkerState::kIdle);
  Squad& squad = squads_[worker.squad];
  squad.OnItemEnded();
  if (worker.state != WorkerState::kIdle) return;
  bool too_large = memory_kb > guard_.worker_memory_mb * 1024;
  if (too_large || squad.staff > squad.size()) Retire(worker);
}

void Crew::OnAsked(WorkerRecord& worker) { Expect(worker, std::nullopt); }

void Crew::Retire(WorkerRecord& worker) {
  bool launching = worker.state == WorkerState::kStarting && PlanOf(worker).launched();
  Enter(worker, WorkerState::kStopping);
  // A launcher that still waits for its turn hears nothing.
  if (launching) return pool_.Kill(worker.id, SIGTERM, "killed: it was not needed any more");
  outbox_.Add(worker.id, Stop{});
}

Result<size_t> Crew::Resize(std::string_view pool, size_t size) {
  std::vector<size_t> found;
  for (size_t i = 0; i < squads_.size(); ++i) {
    if (squads_[i].plan().pool == pool) found.push_back(i);
  }
  if (found.empty() && pool.empty() && squads_.size() == 1) found.push_back(0);
  if (found.empty()) {
    return Fail("there is no pool of {} workers", pool.empty() ? "local" : VisibleText(pool));
  }
  size_t before = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    before += squads_[found[i]].size();
    squads_[found[i]].Resize(ShareOf(size, found.size(), i));
  }
  for (auto& [id, worker] : workers_) {
    const Squad& squad = squads_[worker.squad];
    bool idle = worker.state == WorkerState::kIdle && !worker.killed;
    if (idle && squad.staff > squad.size()) Retire(worker);
  }
  return before;
}

void Crew::Kill(WorkerRecord& worker, int signal, const std::string& why) {
  Alter(worker, [&] { worker.killed = true; });  // its state stays: this death counts
  if (worker.attempt && on_given_up) on_given_up(worker.id);
  // TERM is the signal that launchers act upon; a core file of one is of no use.
  if (signal == SIGABRT && PlanOf(worker).launched()) signal = SIGTERM;
  pool_.Kill(worker.id, signal, why);
}

void Crew::CancelItem(WorkerRecord& worker) {
  worker.attempt->cancelled = true;
  if (on_given_up) on_given_up(worker.id);
  outbox_.Add(worker.id, Cancel{worker.attempt->row.id, worker.attempt->row.attempts});
}

void Crew::RetireIdle() {
  for (auto& [id, worker] : workers_) {
    if (worker.state != WorkerState::kIdle && worker.state != WorkerState::kStarting) continue;
    Retire(worker);
  }
}

void Crew::KillAll() {
  for (auto& [id, worker] : workers_) {
    if (worker.state != WorkerState::kStopping) Enter(worker, WorkerState::kStopping);
    pool_.Kill(id, SIGKILL, "killed: the run was stopped");
  }
}

std::string Crew::Storm(Time now) {
  for (size_t i = 0; i < squads_.size(); ++i) {
    if (squads_[i].given_up()) continue;
    std::string storm = squads_[i].Storm(now);
    if (storm.empty()) continue;
    if (auto rest = GiveUp(i, storm); !rest) return rest.error();
  }
  return "";
}

// ---- at work ----

WorkerRecord* Crew::Find(WorkerId worker) {
  auto it = workers_.find(worker);
  return it == workers_.end() ? nullptr : &it->second;
}

WorkerRecord* Crew::FindIdle() { return idle_.empty() ? nullptr : Find(idle_.begin()->second); }

void Crew::GiveItem(WorkerRecord& worker, ItemRow row, Time now) {
  Enter(worker, WorkerState::kBusy);
  Expect(worker, row.lane);
  worker.attempt.emplace();
  worker.attempt->row = std::move(row);
  worker.attempt->began = worker.attempt->clocked = now;
  watch_at_ = std::min(watch_at_, now + kWatchEvery);
}

// Looks at all of them, but only when somebody can be overdue, and now and then to count time.
void Crew::Watch(Time now, const std::function<bool(WorkerId)>& waits) {
  if (now < watch_at_) return;
  Time next = busy_ > 0 ? now + kWatchEvery : Time::max();
  for (auto& [id, worker] : workers_) {
    if (worker.state == WorkerState::kStopping || worker.killed) continue;
    next = std::min(next, WatchOne(worker, now, waits));
  }
  watch_at_ = next;
}

void Crew::PassOver(Time::duration standstill) {
  for (auto& [id, worker] : workers_) {
    worker.last_heard += standstill;
    if (worker.attempt) worker.attempt->clocked += standstill;
  }
}

// Until when nothing happens to it.
Crew::Time Crew::WatchOne(WorkerRecord& worker, Time now,
                          const std::function<bool(WorkerId)>& waits) {
  const SquadPlan& plan = PlanOf(worker);
  bool launching = worker.state == WorkerState::kStarting && plan.launched();
  milliseconds patience = launching ? plan.start_within : guard_.worker_silence;
  if (now - worker.last_heard > patience) {
    Kill(worker, SIGABRT,
         fmt::format("killed: {} {}", launching ? "did not report within" : "silent for",
                     FormatDuration(patience)));
    return Time::max();
  }
  Time next = worker.last_heard + patience + milliseconds(1);
  if (plan.launched() && !launching) {
    // Not by way of the outbox: it waits for commits, and a lease does not.
    if (now - worker.last_told >= plan.lease / kLeaseParts) {
      pool_.Send(worker.id, Alive{});
      worker.last_told = now;
    }
    next = std::min(next, worker.last_told + plan.lease / kLeaseParts);
  }
  return worker.attempt ? std::min(next, WatchItem(worker, now, waits(worker.id))) : next;
}

Crew::Time Crew::WatchItem(WorkerRecord& worker, Time now, bool waits) {
  Attempt& attempt = *worker.attempt;
  auto passed = std::chrono::duration_cast<milliseconds>(now - attempt.clocked);
  attempt.clocked += passed;
  if (!waits || attempt.cancelled) attempt.worked += passed;
  auto left = guard_.item_time - attempt.worked;
  if (left >= milliseconds(0)) return now + std::max(left, milliseconds(10));
  std::string why = "took longer than " + FormatDuration(guard_.item_time);
  if (!attempt.cancelled) {
    CancelItem(worker);
  } else if (-left > kCancelGrace) {
    Kill(worker, SIGABRT, "killed: " + why);
  }
  return now + kWatchEvery;
}

std::optional<Crew::Time> Crew::NextDeadline(Time now) const {
  std::optional<Time> next;
  auto consider = [&next](Time when) { next = next ? std::min(*next, when) : when; };
  for (const Squad& squad : squads_) {
    if (!squad.given_up() && squad.next_start() > now) consider(squad.next_start());
  }
  if (!workers_.empty() && watch_at_ < Time::max()) consider(watch_at_);
  return next;
}

}  // namespace muster
