#include "supervisor/crew.h"

#include <signal.h>

#include <algorithm>
#include <cassert>

#include "common/duration.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

// A lost worker's replacement waits, doubling from the first to the last of these.
constexpr milliseconds kFirstRestartDelay{100};
constexpr milliseconds kMostRestartDelay{5'000};
// More deaths than so many per worker and a few (two items that kill their workers are no storm)
// within a minute, with no item ended, are a storm.
constexpr size_t kStormDeaths = 3;
constexpr size_t kStormSpare = 4;
constexpr milliseconds kStormWindow{60'000};
// What a worker has to give up an item in that it was told to cancel.
constexpr milliseconds kCancelGrace{5'000};

}  // namespace

void WorkerRecord::Enter(WorkerState next) {
  assert(MayFollow(state, next));
  state = next;
}

Crew::Crew(WorkerPool& pool, Outbox& outbox, const Config& config, Start start, size_t size)
    : pool_(pool), outbox_(outbox), guard_(config.guard), start_(std::move(start)), size_(size) {
  for (size_t slot = 1; slot <= size; ++slot) free_slots_.insert(static_cast<int64_t>(slot));
}

std::string Crew::TakeName() {
  int64_t slot = *free_slots_.begin();
  free_slots_.erase(free_slots_.begin());
  restarts_ += slot <= highest_slot_;
  highest_slot_ = std::max(highest_slot_, slot);
  return fmt::format("w{}", slot);
}

Result<void> Crew::Recruit(size_t want, Time now) {
  want = std::min(want, size_);
  while (available() + busy() < want && !free_slots_.empty() && now >= no_recruit_before_) {
    auto id = pool_.Spawn();
    if (!id && workers_.empty()) return Error{id.error()};
    if (!id) {
      no_recruit_before_ = now + kMostRestartDelay;
      return {};
    }
    WorkerRecord& record = workers_[*id];
    record.id = *id;
    record.name = TakeName();
    record.last_heard = now;
  }
  return {};
}

Result<void> Crew::OnHello(WorkerId worker, const Hello& hello) {
  WorkerRecord* record = Find(worker);
  if (!record || record->killed || record->state != WorkerState::kStarting) return {};
  if (hello.version != kProtocolVersion || hello.build != BuildId()) {
    return Fail("worker and supervisor are of different builds ({} and {}); install them together",
                hello.build.substr(0, 32), BuildId());
  }
  record->host = hello.host;
  start_.worker = record->name;
  outbox_.Add(worker, start_);
  record->Enter(WorkerState::kIdle);
  return {};
}

std::optional<WorkerRecord> Crew::OnLost(const WorkerLost& lost, Time now) {
  auto it = workers_.find(lost.worker);
  if (it == workers_.end()) return std::nullopt;
  WorkerRecord record = std::move(it->second);
  workers_.erase(it);
  int64_t slot = std::stoll(record.name.substr(1));
  if (slot <= static_cast<int64_t>(size_)) free_slots_.insert(slot);
  if (lost.said_bye || record.state == WorkerState::kStopping) return record;
  ++lost_;
  deaths_.push_back(now);
  restart_delay_ = std::clamp(restart_delay_ * 2, kFirstRestartDelay, kMostRestartDelay);
  no_recruit_before_ = now + restart_delay_;
  return record;
}

void Crew::OnItemEnded(WorkerRecord& worker, int64_t memory_kb) {
  worker.attempt.reset();
  if (worker.state == WorkerState::kBusy) worker.Enter(WorkerState::kIdle);
  deaths_.clear();
  restart_delay_ = milliseconds(0);
  if (worker.state != WorkerState::kIdle) return;
  bool too_large = memory_kb > guard_.worker_memory_mb * 1024;
  if (too_large || available() + busy() > size_) Retire(worker);
}

void Crew::Retire(WorkerRecord& worker) {
  worker.Enter(WorkerState::kStopping);
  outbox_.Add(worker.id, Stop{});
}

void Crew::Resize(size_t size) {
  auto before = static_cast<int64_t>(size_), after = static_cast<int64_t>(size);
  size_ = size;
  for (int64_t slot = after + 1; slot <= before; ++slot) free_slots_.erase(slot);
  for (int64_t slot = before + 1; slot <= after; ++slot) {
    bool taken = std::any_of(workers_.begin(), workers_.end(), [slot](const auto& worker) {
      return worker.second.name == fmt::format("w{}", slot);
    });
    if (!taken) free_slots_.insert(slot);
  }
  for (auto& [id, worker] : workers_) {
    if (available() + busy() <= size_) return;
    if (worker.state == WorkerState::kIdle && !worker.killed) Retire(worker);
  }
}

WorkerRecord* Crew::Find(WorkerId worker) {
  auto it = workers_.find(worker);
  return it == workers_.end() ? nullptr : &it->second;
}

WorkerRecord* Crew::FindIdle() {
  for (auto& [id, record] : workers_) {
    if (record.state == WorkerState::kIdle && !record.killed) return &record;
  }
  return nullptr;
}

void Crew::GiveItem(WorkerRecord& worker, ItemRow row, Time now) {
  worker.Enter(WorkerState::kBusy);
  worker.attempt.emplace();
  worker.attempt->row = std::move(row);
  worker.attempt->began = worker.attempt->clocked = now;
}

void Crew::Watch(Time now, const std::function<bool(WorkerId)>& waits) {
  for (auto& [id, worker] : workers_) {
    if (worker.state == WorkerState::kStopping || worker.killed) continue;
    if (now - worker.last_heard > guard_.worker_silence) {
      Kill(worker, SIGABRT, "killed: silent for " + FormatDuration(guard_.worker_silence));
    } else if (worker.attempt) {
      WatchItem(worker, now, waits(id));
    }
  }
}

void Crew::WatchItem(WorkerRecord& worker, Time now, bool waits) {
  Attempt& attempt = *worker.attempt;
  auto passed = std::chrono::duration_cast<milliseconds>(now - attempt.clocked);
  attempt.clocked += passed;
  if (!waits || attempt.cancelled) attempt.worked += passed;
  if (attempt.worked <= guard_.item_time) return;
  std::string why = "took longer than " + FormatDuration(guard_.item_time);
  if (!attempt.cancelled) {
    attempt.cancelled = true;
    outbox_.Add(worker.id, Cancel{attempt.row.id, attempt.row.attempts});
  } else if (attempt.worked > guard_.item_time + kCancelGrace) {
    Kill(worker, SIGABRT, "killed: " + why);
  }
}

void Crew::Kill(WorkerRecord& worker, int signal, const std::string& why) {
  worker.killed = true;  // its state stays: this death counts
  pool_.Kill(worker.id, signal, why);
}

void Crew::RetireIdle() {
  for (auto& [id, worker] : workers_) {
    if (worker.state != WorkerState::kIdle && worker.state != WorkerState::kStarting) continue;
    Retire(worker);
  }
}

void Crew::KillAll() {
  for (auto& [id, worker] : workers_) {
    if (worker.state != WorkerState::kStopping) worker.Enter(WorkerState::kStopping);
    pool_.Kill(id, SIGKILL, "killed: the run was stopped");
  }
}

std::string Crew::Storm(Time now) {
  while (!deaths_.empty() && now - deaths_.front() > kStormWindow) deaths_.pop_front();
  if (deaths_.size() <= kStormDeaths * size_ + kStormSpare) return "";
  return fmt::format("{} workers died within a minute and no item was finished", deaths_.size());
}

std::optional<Crew::Time> Crew::NextDeadline(Time now) const {
  std::optional<Time> next;
  auto consider = [&next](Time when) { next = next ? std::min(*next, when) : when; };
  if (no_recruit_before_ > now) consider(no_recruit_before_);
  for (const auto& [id, worker] : workers_) {
    if (worker.state == WorkerState::kStopping || worker.killed) continue;
    consider(worker.last_heard + guard_.worker_silence + milliseconds(1));
    if (worker.attempt)
      consider(now + std::max(guard_.item_time - worker.attempt->worked, milliseconds(10)));
  }
  return next;
}

size_t Crew::available() const {
  return static_cast<size_t>(std::count_if(workers_.begin(), workers_.end(), [](const auto& w) {
    bool may = w.second.state == WorkerState::kStarting || w.second.state == WorkerState::kIdle;
    return may && !w.second.killed;
  }));
}

size_t Crew::CountIn(WorkerState state) const {
  return static_cast<size_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [state](const auto& w) { return w.second.state == state; }));
}

}  // namespace muster
