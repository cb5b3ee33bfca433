// From handing an item out to its end: the part of the supervisor's loop that is about items.

#include <algorithm>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/outputs/error_records.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr size_t kFailuresShown = 10;

}  // namespace

void Supervisor::HandOut() {
  if (mode_ != Mode::kWorking || commit_again_) return;
  auto has_room = [this](const std::string& lane) { return HasRoom(lane); };
  size_t wanted = crew_.busy() + queue_.Ready(now_, crew_.size(), has_room);
  if (auto recruited = crew_.Recruit(wanted, now_); !recruited) {
    return KillNow(books_.session().tries == 0 ? kBadInput : kStopped, recruited.error());
  }
  while (WorkerRecord* worker = crew_.FindIdle()) {
    auto row = queue_.Next(now_, has_room);
    if (!row) return;
    auto fields = ParseJson(row->fields);
    int64_t attempt = books_.BeginAttempt(*row, worker->name, worker->host);
    outbox_.Add(worker->id, Item{row->id, attempt, fields ? std::move(*fields) : Json::object()});
    progress_.ItemStarts(row->id, worker->name, attempt);
    crew_.GiveItem(*worker, std::move(*row), now_);
  }
}

// A lane has room for an item while more calls of it could go than items already on their way to
// ask for one.
bool Supervisor::HasRoom(const std::string& lane) {
  if (governor_.paused()) return false;
  if (lane.empty()) return true;
  auto room = governor_.Room(lane, now_);
  return !room || *room > static_cast<int64_t>(crew_.Expected(lane));
}

// What is left waits for lanes that are stopped.
bool Supervisor::NothingCanGo() {
  auto lanes = queue_.Lanes();
  return std::all_of(lanes.begin(), lanes.end(),
                     [this](const std::string& lane) { return governor_.IsStopped(lane); });
}

void Supervisor::EndItem(WorkerRecord& worker, const Done& done) {
  Attempt& attempt = *worker.attempt;
  bool by_hand = cancelled_.erase(attempt.row.id) > 0;
  if (by_hand && done.outcome == Outcome::kInterrupted) {
    return Finish(attempt, worker, ItemStatus::kFailed, "cancelled");
  }
  if (attempt.cancelled && done.outcome == Outcome::kInterrupted) {
    WorkerLost overdue;
    overdue.how = "took longer than " + FormatDuration(config_.guard.item_time);
    return LoseItem(std::move(attempt), worker, overdue);
  }
  switch (done.outcome) {
    case Outcome::kDone:
      if (auto kept = KeepOutputs(attempt.row, done); !kept) {
        return Finish(attempt, worker, ItemStatus::kFailed, kept.error());
      }
      return Finish(attempt, worker, ItemStatus::kDone, "");
    case Outcome::kFailed:
      return Finish(attempt, worker, ItemStatus::kFailed, done.reason);
    case Outcome::kInterrupted:
      if (auto lane = desk_.DeferredFor(worker.id)) return Park(attempt, worker, *lane);
      return GiveBack(attempt, worker, done.reason);
  }
}

// All of a done item's outputs and its result, or nothing.
Result<void> Supervisor::KeepOutputs(const ItemRow& row, const Done& done) {
  for (const OutputText& output : done.outputs) {
    if (auto fits = outputs_.Check(row.id, output); !fits) return fits;
  }
  for (const OutputText& output : done.outputs) {
    books_.AddOutput(row.id, output);
    outputs_.Expect(row.id, row.position, output);
  }
  books_.Add(record::Result{row.id, DumpJson(done.result)});
  return {};
}

// A record that cannot be made is said, and is no reason to stop.
void Supervisor::KeepErrorRecords(const ItemRow& row, const std::string& reason) {
  ErrorRecords records = MakeErrorRecords(config_, books_.view(), row, reason);
  for (const OutputText& output : records.outputs) {
    auto fits = output.text.empty() ? Result<void>() : outputs_.Check(row.id, output);
    if (!fits) records.problems.push_back(fits.error());
    if (!fits) continue;
    books_.AddOutput(row.id, output);
    outputs_.Expect(row.id, row.position, output);
  }
  for (const std::string& problem : records.problems) {
    progress_.Notice(NoticeKind::kWarning, problem);
  }
}

ItemReport Supervisor::ReportOf(const Attempt& attempt, const WorkerRecord& worker,
                                ItemStatus status, const std::string& reason) const {
  auto counts = desk_.CountsOf(worker.id);
  ItemReport report;
  report.id = attempt.row.id;
  report.status = status;
  report.reason = reason;
  report.worker = worker.name;
  report.attempt = attempt.row.attempts;
  report.calls_made = counts.made;
  report.calls_replayed = counts.replayed;
  report.took = std::chrono::duration_cast<milliseconds>(now_ - attempt.began);
  // Of a first attempt all is known here; what others made is asked for when it is shown.
  bool all_here = status == ItemStatus::kDone && attempt.row.attempts == 1;
  if (all_here && counts.in_the_air == 0) report.totals = desk_.TotalsOf(worker.id);
  return report;
}

void Supervisor::Finish(Attempt& attempt, const WorkerRecord& worker, ItemStatus status,
                        const std::string& reason) {
  ItemReport report = ReportOf(attempt, worker, status, reason);
  books_.EndAttempt(attempt.row, std::string(Name(status)), "");
  books_.SetStatus(attempt.row, status, reason, std::max<int64_t>(report.took.count(), 1));
  if (status == ItemStatus::kDone) {
    ++end_.done;
    end_.work += report.took;
  } else {
    NoteFailure(report.id, reason);
    KeepErrorRecords(attempt.row, reason);
  }
  reports_.push_back(std::move(report));
}

void Supervisor::NoteFailure(const std::string& item, const std::string& reason) {
  ++end_.failed;
  if (end_.failures.size() < kFailuresShown) end_.failures.emplace_back(item, reason);
}

void Supervisor::GiveBack(Attempt& attempt, const WorkerRecord& worker, const std::string& reason) {
  books_.EndAttempt(attempt.row, "interrupted", reason);
  books_.SetStatus(attempt.row, ItemStatus::kPending, reason);
  // Why the run stops is said once, not for every item.
  bool known = mode_ == Mode::kDraining || !governor_.why_stop().empty();
  reports_.push_back(ReportOf(attempt, worker, ItemStatus::kPending, known ? "" : reason));
}

void Supervisor::Park(Attempt& attempt, const WorkerRecord& worker, const std::string& lane) {
  std::string reason = lane + " has no room";
  books_.EndAttempt(attempt.row, "deferred", reason);
  books_.SetStatus(attempt.row, ItemStatus::kWaiting, reason);
  reports_.push_back(ReportOf(attempt, worker, ItemStatus::kWaiting, reason));
  queue_.Park(std::move(attempt.row), lane);
}

void Supervisor::LoseItem(Attempt attempt, const WorkerRecord& worker, const WorkerLost& lost) {
  ItemRow& row = attempt.row;
  if (cancelled_.erase(row.id) > 0) {
    return Finish(attempt, worker, ItemStatus::kFailed, "cancelled");
  }
  bool stopped_by_us = worker.state == WorkerState::kStopping;
  std::string outcome = fmt::format("worker-lost({})", lost.how);
  std::string evidence =
      fmt::format("peak memory {} KB\n{}", lost.peak_memory_kb, lost.stderr_tail);
  books_.EndAttempt(row, outcome, evidence);
  // One that cannot start has not begun the item.
  if (!stopped_by_us && !lost.boot_failure) ++row.worker_deaths;
  if (row.worker_deaths >= config_.guard.worker_deaths) {
    std::string reason =
        fmt::format("its worker died {} times, the last time by {}", row.worker_deaths, lost.how);
    books_.SetStatus(row, ItemStatus::kQuarantined, reason);
    NoteFailure(row.id, reason);
    KeepErrorRecords(row, reason);
    reports_.push_back(ReportOf(attempt, worker, ItemStatus::kQuarantined, reason));
    return;
  }
  books_.SetStatus(row, ItemStatus::kPending, outcome);
  ItemReport report = ReportOf(attempt, worker, ItemStatus::kPending, "worker lost: " + lost.how);
  report.will_retry = mode_ == Mode::kWorking;
  reports_.push_back(std::move(report));
  if (mode_ == Mode::kWorking) queue_.Return(std::move(row));
}

// ---- after the commit ----

void Supervisor::WriteOutputs() { TellOutputs(outputs_.Write()); }

void Supervisor::TellOutputs(const Result<void>& written) {
  if (written || outputs_behind_) return;
  outputs_behind_ = true;
  progress_.Notice(NoticeKind::kError,
                   written.error() +
                       "; outputs are behind the ledger and will be written by the "
                       "next run of the same command");
}

// What earlier sessions committed and did not write.
void Supervisor::RepairOutputs() {
  auto repaired = outputs_.Repair();
  if (!repaired) progress_.Notice(NoticeKind::kError, repaired.error());
}

// After the last commit. A session that was told to end at once leaves this to the next.
void Supervisor::FinishOutputs() {
  if (mode_ == Mode::kKilling || end_.exit_code == kLedgerFailure) return;
  auto finished = outputs_.Finish();
  if (finished && outputs_behind_) {  // there may be room again
    auto repaired = outputs_.Repair();
    if (!repaired) finished = Error{repaired.error()};
    outputs_behind_ = false;
  }
  if (!finished) {
    outputs_behind_ = false;  // said once more: it is the last word about it
    TellOutputs(finished);
    if (end_.exit_code == kAllDone) end_.exit_code = kSomeFailed;
  }
  (void)books_.Commit();  // what is lost of this is found out again
}

void Supervisor::ShowReports() {
  for (ItemReport& report : reports_) {
    if (report.totals.tries == 0) report.totals = books_.view().ItemTotals(report.id);
    progress_.ItemEnds(report);
  }
  reports_.clear();
}

}  // namespace muster
