#include "supervisor/supervisor.h"

#include <signal.h>
#include <string.h>

#include <algorithm>

#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTermGrace{9'000};    // TERM and HUP: gone within ten seconds
constexpr milliseconds kCommitAgain{1'000};  // while the disk is full
constexpr milliseconds kIdleWake{1'000};     // the view moves on even when nothing happens
constexpr milliseconds kBusyWake{100};
constexpr size_t kFailuresShown = 10;

}  // namespace

Supervisor::Supervisor(Parts parts, Selection selection, Start start, size_t workers)
    : config_(parts.config),
      books_(parts.books),
      governor_(parts.governor),
      pool_(parts.pool),
      clock_(parts.clock),
      progress_(parts.progress),
      crew_(pool_, outbox_, config_, std::move(start), workers),
      desk_(config_, books_, governor_, outbox_),
      queue_(books_.view(), std::move(selection)),
      outputs_(config_.output_dir, books_) {
  began_ = now_ = clock_.Now();
  for (int64_t count : books_.counts()) selected_ += count;
  Settle();
  desk_.notice = [this](const std::string& text, bool serious) {
    progress_.Notice(serious ? NoticeKind::kWarning : NoticeKind::kInfo, text);
  };
}

// One turn: decide, commit once, then send and show, then take in all that is ready. What a turn
// says or shows rests on its commit; while the disk is full the words wait.
SessionEnd Supervisor::Run() {
  for (;;) {
    Decide();
    CommitAndSend();
    Show();
    if (Finished()) break;
    TakeEvents();
  }
  end_.wall = std::chrono::duration_cast<milliseconds>(now_ - began_);
  if (commit_again_) end_.exit_code = kLedgerFailure;  // what waited for room is lost
  end_.counts = settled_.counts;
  end_.done = settled_.done;
  end_.failed = settled_.failed;
  return end_;
}

void Supervisor::TakeEvents() {
  events_.clear();
  pool_.Wait(NextWake(), &events_);
  now_ = clock_.Now();
  for (const PoolEvent& event : events_) {
    std::visit([this](const auto& e) { On(e); }, event);
  }
}

void Supervisor::Decide() {
  crew_.Watch(now_, [this](WorkerId worker) {
    auto counts = desk_.CountsOf(worker);
    return commit_again_ || (counts.waiting > 0 && counts.in_the_air == 0);
  });
  for (const auto& [id, worker] : crew_.workers()) {
    if (worker.killed || (worker.attempt && worker.attempt->cancelled)) desk_.Silence(id);
  }
  HandOut();
  if (!commit_again_) desk_.Grant(now_);  // what is granted is sent now, or the limits do not hold
  desk_.DeferLongWaits(now_, queue_.Ready(now_, crew_.size()));
  AdvanceMode();
}

void Supervisor::CommitAndSend() {
  if (end_.exit_code == kLedgerFailure) return;  // never retry after an I/O error
  if (commit_again_ && now_ < *commit_again_ && mode_ != Mode::kKilling) return;
  switch (books_.Commit()) {
    case CommitOutcome::kCommitted:
      if (commit_again_) progress_.Notice(NoticeKind::kInfo, "the ledger has room again");
      commit_again_.reset();
      Settle();
      WriteOutputs();
      outbox_.SendAll(pool_);
      ShowReports();
      return;
    case CommitOutcome::kNoSpace:
      if (!commit_again_) {
        progress_.Notice(NoticeKind::kError,
                         fmt::format("the ledger cannot grow ({}); no call is sent until it can",
                                     books_.last_error()));
      }
      commit_again_ = now_ + kCommitAgain;
      return;
    case CommitOutcome::kBroken:
      KillNow(kLedgerFailure, "the ledger cannot be written: " + books_.last_error());
      return;
  }
}

bool Supervisor::Finished() const {
  bool said_all = outbox_.empty() && reports_.empty() && books_.uncommitted() == 0;
  bool gone = pool_.alive() == 0;
  if (mode_ == Mode::kKilling) return gone;
  return mode_ == Mode::kStopping && gone && said_all;
}

Supervisor::Time Supervisor::NextWake() const {
  // What was decided but not committed because the turn before had its hands full goes first.
  bool calm = books_.uncommitted() == 0 || commit_again_ || mode_ == Mode::kKilling;
  Time wake = now_ + (calm ? (crew_.busy() > 0 ? kBusyWake : kIdleWake) : milliseconds(0));
  if (commit_again_) wake = std::min(wake, *commit_again_);
  // What is due already waits for something else: for a worker, for room on the disk, for an end.
  for (auto next :
       {governor_.NextChance(now_), crew_.NextDeadline(now_), queue_.NextDue(), drain_until_}) {
    if (next && *next > now_) wake = std::min(wake, *next);
  }
  return std::max(wake, now_);
}

// ---- events ----

void Supervisor::On(const WorkerSaid& said) {
  WorkerRecord* worker = crew_.Find(said.worker);
  if (!worker || worker->distrusted) return;
  worker->last_heard = now_;
  if (auto* hello = std::get_if<Hello>(&said.message)) {
    auto welcome = crew_.OnHello(said.worker, *hello);
    if (!welcome) KillNow(kBadInput, welcome.error());
    return;
  }
  auto fits = Dispatch(*worker, said.message);
  if (fits) return;
  worker->distrusted = true;
  crew_.Kill(*worker, SIGKILL, "protocol: " + fits.error());
}

// Messages about an item must be about the attempt that this worker has now.
Result<void> Supervisor::Dispatch(WorkerRecord& worker, const FromWorker& message) {
  if (std::holds_alternative<Alive>(message)) return {};
  Result<void> result;
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.attempt; }) {
          if (!worker.attempt || worker.attempt->row.id != m.item ||
              worker.attempt->row.attempts != m.attempt) {
            result = Fail("a message about item {} attempt {}, which it does not have",
                          VisibleText(m.item), m.attempt);
            return;
          }
        }
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, Call>) {
          result = desk_.OnCall({worker.id, worker.name, worker.attempt->row.extra_asks}, m);
        } else if constexpr (std::is_same_v<M, Called>) {
          result = desk_.OnCalled(worker.id, m, now_);
        } else if constexpr (std::is_same_v<M, Rejected>) {
          result = desk_.OnRejected(worker.id, m);
        } else if constexpr (std::is_same_v<M, Event>) {
          OnEvent(m);
        } else if constexpr (std::is_same_v<M, Done>) {
          result = OnDone(worker, m);
        }
      },
      message);
  return result;
}

void Supervisor::OnEvent(const Event& event) {
  if (event.kind == "step") progress_.StepEvent(event.item, event.step, event.text);
}

Result<void> Supervisor::OnDone(WorkerRecord& worker, const Done& done) {
  if (desk_.CountsOf(worker.id).in_the_air > 0 && !worker.attempt->cancelled) {
    return Fail("done with calls in the air");
  }
  if (done.outcome == Outcome::kInterrupted && !worker.attempt->cancelled &&
      !desk_.HasEnded(worker.id)) {
    return Fail("interrupted, though nothing was refused");
  }
  EndItem(worker, done);
  desk_.Close(worker.id, "cancelled");
  crew_.OnItemEnded(worker, done.memory_kb);
  return {};
}

void Supervisor::On(const WorkerLost& lost) {
  auto worker = crew_.OnLost(lost, now_);
  if (!worker) return;
  if (lost.boot_failure) {
    KillNow(kBadInput, fmt::format("a worker cannot start: {}", lost.how));
  }
  if (worker->attempt) LoseItem(std::move(*worker->attempt), *worker, lost);
  desk_.Close(lost.worker, "its worker was lost: " + lost.how);
  outbox_.Forget(lost.worker);
}

void Supervisor::On(const SignalCame& came) {
  if (came.signal == SIGCONT) return progress_.Resumed();
  int code = kSignalBase + came.signal;
  if (came.signal != SIGINT) {
    return Drain(code, fmt::format("stopped by SIG{}", sigabbrev_np(came.signal)), kTermGrace);
  }
  if (mode_ == Mode::kDraining) return KillNow(code, "stopped by Ctrl+C");
  if (mode_ == Mode::kStopping) return KillNow(end_.exit_code, "stopped by Ctrl+C");
  Drain(code, "stopped by Ctrl+C", std::nullopt);
}

// ---- items ----

void Supervisor::HandOut() {
  if (mode_ != Mode::kWorking || commit_again_) return;
  size_t wanted = crew_.busy() + queue_.Ready(now_, crew_.size());
  if (auto recruited = crew_.Recruit(wanted, now_); !recruited) {
    return KillNow(books_.session().tries == 0 ? kBadInput : kStopped, recruited.error());
  }
  while (WorkerRecord* worker = crew_.FindIdle()) {
    auto row = queue_.Next(now_);
    if (!row) return;
    auto fields = ParseJson(row->fields);
    int64_t attempt = books_.BeginAttempt(*row, worker->name);
    outbox_.Add(worker->id, Item{row->id, attempt, fields ? std::move(*fields) : Json::object()});
    progress_.ItemStarts(row->id, worker->name, attempt);
    crew_.GiveItem(*worker, std::move(*row), now_);
  }
}

void Supervisor::EndItem(WorkerRecord& worker, const Done& done) {
  Attempt& attempt = *worker.attempt;
  if (attempt.cancelled && done.outcome == Outcome::kInterrupted) {
    WorkerLost overdue;
    overdue.how = "took longer than " + FormatDuration(config_.guard.item_time);
    return LoseItem(std::move(attempt), worker, overdue);
  }
  switch (done.outcome) {
    case Outcome::kDone:
      if (auto kept = KeepOutputs(done); !kept) {
        return Finish(attempt, worker, ItemStatus::kFailed, kept.error());
      }
      return Finish(attempt, worker, ItemStatus::kDone, "");
    case Outcome::kFailed:
      return Finish(attempt, worker, ItemStatus::kFailed, done.reason);
    case Outcome::kInterrupted:
      if (auto until = desk_.DeferredUntil(worker.id)) return Park(attempt, worker, *until);
      return GiveBack(attempt, worker, done.reason);
  }
}

Result<void> Supervisor::KeepOutputs(const Done& done) {
  for (const OutputText& output : done.outputs) {
    if (auto fits = outputs_.Check(output); !fits) return fits;
    auto owner = books_.view().OutputOwner(output.path);
    for (const PendingOutput& pending : outputs_to_write_) {
      if (pending.output.path == output.path) owner = pending.item;
    }
    if (owner && *owner != done.item) {
      return Fail("output {} is already item {}'s; let its path contain {{{{item.id}}}}",
                  VisibleText(output.path), VisibleText(*owner));
    }
  }
  for (const OutputText& output : done.outputs) {
    books_.AddOutput(done.item, output);
    outputs_to_write_.push_back({done.item, output});
  }
  return {};
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
    ++end_.failed;
    if (end_.failures.size() < kFailuresShown) end_.failures.emplace_back(report.id, reason);
  }
  reports_.push_back(std::move(report));
}

void Supervisor::GiveBack(Attempt& attempt, const WorkerRecord& worker, const std::string& reason) {
  books_.EndAttempt(attempt.row, "interrupted", reason);
  books_.SetStatus(attempt.row, ItemStatus::kPending, reason);
  reports_.push_back(ReportOf(attempt, worker, ItemStatus::kPending, reason));
}

void Supervisor::Park(Attempt& attempt, const WorkerRecord& worker, Time until) {
  std::string reason = "its lane is closed";
  books_.EndAttempt(attempt.row, "deferred", reason);
  books_.SetStatus(attempt.row, ItemStatus::kWaiting, reason);
  reports_.push_back(ReportOf(attempt, worker, ItemStatus::kWaiting, reason));
  queue_.Park(std::move(attempt.row), until);
}

void Supervisor::LoseItem(Attempt attempt, const WorkerRecord& worker, const WorkerLost& lost) {
  ItemRow& row = attempt.row;
  bool stopped_by_us = worker.state == WorkerState::kStopping;
  std::string outcome = fmt::format("worker-lost({})", lost.how);
  std::string evidence =
      fmt::format("peak memory {} KB\n{}", lost.peak_memory_kb, lost.stderr_tail);
  books_.EndAttempt(row, outcome, evidence);
  if (!stopped_by_us) ++row.worker_deaths;
  if (row.worker_deaths >= config_.guard.worker_deaths) {
    std::string reason =
        fmt::format("its worker died {} times, the last time by {}", row.worker_deaths, lost.how);
    books_.SetStatus(row, ItemStatus::kQuarantined, reason);
    ++end_.failed;
    if (end_.failures.size() < kFailuresShown) end_.failures.emplace_back(row.id, reason);
    reports_.push_back(ReportOf(attempt, worker, ItemStatus::kQuarantined, reason));
    return;
  }
  books_.SetStatus(row, ItemStatus::kPending, outcome);
  ItemReport report = ReportOf(attempt, worker, ItemStatus::kPending, "worker lost: " + lost.how);
  report.will_retry = mode_ == Mode::kWorking;
  reports_.push_back(std::move(report));
  if (mode_ == Mode::kWorking) queue_.Return(std::move(row));
}

// ---- stopping ----

void Supervisor::Drain(int exit_code, const std::string& why, std::optional<Milliseconds> grace) {
  bool ending = mode_ == Mode::kDraining || mode_ == Mode::kStopping;
  if (grace && ending && !drain_until_) drain_until_ = now_ + *grace;
  if (mode_ != Mode::kWorking) return;
  mode_ = Mode::kDraining;
  end_.exit_code = exit_code;
  end_.stopped_by = why;
  if (grace) drain_until_ = now_ + *grace;
  desk_.RefuseFromNowOn(why);
  crew_.RetireIdle();
  auto stake = desk_.AtStake();
  progress_.Notice(NoticeKind::kInfo,
                   fmt::format("{}: finishing {} calls in the air{}{}", why, desk_.in_the_air(),
                               stake ? " (at most " + FormatMoney(*stake) + " at stake)" : "",
                               grace ? "" : "; Ctrl+C again stops at once"));
}

void Supervisor::KillNow(int exit_code, const std::string& why) {
  if (mode_ == Mode::kKilling) return;
  mode_ = Mode::kKilling;
  end_.exit_code = exit_code;
  end_.stopped_by = why;
  progress_.Notice(exit_code == kLedgerFailure ? NoticeKind::kError : NoticeKind::kWarning, why);
  crew_.KillAll();
}

// Also in an earlier session.
bool Supervisor::AnyFailed() const {
  auto count = [this](ItemStatus status) { return books_.counts()[static_cast<size_t>(status)]; };
  return count(ItemStatus::kFailed) + count(ItemStatus::kQuarantined) > 0;
}

void Supervisor::AdvanceMode() {
  if (mode_ == Mode::kKilling) return;
  if (drain_until_ && now_ >= *drain_until_) return KillNow(end_.exit_code, end_.stopped_by);
  if (std::string storm = crew_.Storm(now_); !storm.empty() && mode_ != Mode::kStopping) {
    return KillNow(kStopped, storm);
  }
  bool none_in_the_air = desk_.in_the_air() <= outbox_.unsent_calls();
  if (commit_again_ && mode_ == Mode::kDraining && none_in_the_air) {
    return KillNow(kLedgerFailure, "the ledger cannot grow: " + books_.last_error());
  }
  bool nothing_left = crew_.busy() == 0 && (mode_ == Mode::kDraining || queue_.Empty());
  if (mode_ == Mode::kStopping || !nothing_left) return;
  if (mode_ == Mode::kWorking) {
    auto stopped = governor_.StoppedLanes();
    end_.exit_code = !stopped.empty() ? kStopped : AnyFailed() ? kSomeFailed : kAllDone;
    if (!stopped.empty()) end_.stopped_by = stopped.front();
  }
  mode_ = Mode::kStopping;
  crew_.RetireIdle();
}

// ---- after the commit ----

void Supervisor::Settle() {
  settled_ = {books_.counts(), books_.run(), books_.session(), end_.done, end_.failed};
}

void Supervisor::WriteOutputs() {
  for (const PendingOutput& pending : outputs_to_write_) {
    const OutputText& output = pending.output;
    auto written = outputs_.Write(pending.item, output.output, output.path, output.text);
    if (written || outputs_behind_) continue;
    outputs_behind_ = true;
    progress_.Notice(NoticeKind::kError,
                     written.error() +
                         "; outputs are behind the ledger and will be written by the "
                         "next run of the same command");
  }
  outputs_to_write_.clear();
}

void Supervisor::ShowReports() {
  for (ItemReport& report : reports_) {
    report.totals = books_.view().ItemTotals(report.id);
    progress_.ItemEnds(report);
  }
  reports_.clear();
}

void Supervisor::Show() { progress_.Refresh(TakeSnapshot()); }

Snapshot Supervisor::TakeSnapshot() const {
  Snapshot snapshot;
  snapshot.counts = settled_.counts;
  snapshot.selected = selected_;
  snapshot.in_the_air = static_cast<int64_t>(desk_.in_the_air());
  snapshot.workers_busy = static_cast<int64_t>(crew_.busy());
  snapshot.workers = static_cast<int64_t>(crew_.alive());
  snapshot.totals = settled_.run;
  snapshot.session = settled_.session;
  snapshot.ended_now = settled_.done + settled_.failed;
  snapshot.elapsed = std::chrono::duration_cast<milliseconds>(now_ - began_);
  if (commit_again_) {
    snapshot.waits = {"every call is waiting: the ledger cannot grow"};
  } else {
    snapshot.waits = governor_.WhyWaiting(now_);
  }
  if (mode_ == Mode::kDraining) {
    snapshot.stopping =
        fmt::format("{}: finishing {} calls in the air", end_.stopped_by, desk_.in_the_air());
  }
  return snapshot;
}

}  // namespace muster
