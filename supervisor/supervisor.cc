#include "supervisor/supervisor.h"

#include <signal.h>
#include <string.h>

#include <algorithm>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/progress/lines.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTermGrace{9'000};    // TERM and HUP: gone within ten seconds
constexpr milliseconds kCommitAgain{1'000};  // while the disk is full
constexpr milliseconds kIdleWake{1'000};     // the view moves on even when nothing happens
constexpr milliseconds kBusyWake{100};
// A wait that ends so much too late: this process was stopped (Ctrl+Z), or its machine was.
constexpr milliseconds kStandstill{500};

// "14:05", or "2 Jan 14:05" on another day; local time.
std::string TimeOfDay(int64_t wall_ms) {
  auto seconds = static_cast<time_t>(wall_ms / 1000);
  time_t today = time(nullptr);
  tm then{}, now{};
  localtime_r(&seconds, &then);
  localtime_r(&today, &now);
  char text[64];
  bool same_day = then.tm_yday == now.tm_yday && then.tm_year == now.tm_year;
  size_t size = strftime(text, sizeof text, same_day ? "%H:%M" : "%e %b %H:%M", &then);
  return std::string(text, size);
}

}  // namespace

Supervisor::Supervisor(Parts parts, Selection selection, Start start, std::vector<SquadPlan> squads)
    : config_(parts.config),
      books_(parts.books),
      governor_(parts.governor),
      pool_(parts.pool),
      clock_(parts.clock),
      progress_(parts.progress),
      control_(parts.control),
      crew_(pool_, outbox_, config_.guard, std::move(start), std::move(squads)),
      desk_(config_, books_, governor_, outbox_),
      queue_(books_.view(), std::move(selection)),
      outputs_(config_, books_) {
  began_ = now_ = clock_.Now();
  for (int64_t count : books_.counts()) selected_ += count;
  Settle();
  desk_.notice = [this](const std::string& text) { progress_.Notice(NoticeKind::kInfo, text); };
  crew_.on_given_up = [this](WorkerId worker) { desk_.Silence(worker); };
  crew_.notice = [this](const std::string& text) {
    books_.Note(text);
    progress_.Notice(NoticeKind::kWarning, text);
  };
  governor_.notice = [this](const std::string& text) {
    books_.Note(text);
    progress_.Notice(NoticeKind::kWarning, text);
  };
  outputs_.OnNotice([this](const std::string& text) {
    books_.Note(text);
    progress_.Notice(NoticeKind::kWarning, text);
  });
  governor_.tell_time = [this](Time time) {
    auto ahead = std::chrono::duration_cast<milliseconds>(time - now_);
    return TimeOfDay(clock_.WallMs() + ahead.count());
  };
  if (control_) pool_.AlsoWatch(control_->fd());
}

// One turn: decide, commit once, then send and show, then take in all that is ready. What a turn
// says or shows rests on its commit; while the disk is full the words wait.
SessionEnd Supervisor::Run() {
  RepairOutputs();
  for (;;) {
    Decide();
    CommitAndSend();
    Show();
    if (Finished()) break;
    TakeEvents();
  }
  FinishOutputs();
  end_.wall = std::chrono::duration_cast<milliseconds>(now_ - began_);
  bool lost = commit_again_ && !last_room_;  // what waited for room
  if (lost) end_.exit_code = kLedgerFailure;
  end_.counts = settled_.counts;
  end_.done = settled_.done;
  end_.failed = settled_.failed;
  return end_;
}

void Supervisor::TakeEvents() {
  events_.clear();
  Time wake = NextWake();
  pool_.Wait(wake, &events_);
  now_ = clock_.Now();
  if (now_ > wake + kStandstill) crew_.PassOver(now_ - wake);
  for (const PoolEvent& event : events_) {
    std::visit([this](const auto& e) { On(e); }, event);
  }
}

void Supervisor::Decide() {
  crew_.Watch(now_, [this](WorkerId worker) {
    auto counts = desk_.CountsOf(worker);
    return commit_again_ || (counts.waiting > 0 && counts.in_the_air == 0);
  });
  HandOut();
  if (!commit_again_) desk_.Grant(now_);  // what is granted is sent now, or the limits do not hold
  bool all_busy = crew_.busy() == crew_.size();
  auto has_room = [this](const std::string& lane) { return HasRoom(lane); };
  if (all_busy && mode_ == Mode::kWorking && queue_.Ready(now_, 1, has_room) > 0) {
    desk_.DeferOneLongWait(now_);
  }
  AdvanceMode();
}

void Supervisor::CommitAndSend() {
  if (end_.exit_code == kLedgerFailure) return;  // never retry after an I/O error
  bool due = !commit_again_ || now_ >= *commit_again_ || mode_ == Mode::kKilling;
  if (last_room_ && due) (void)books_.KeepRoom();
  if (!last_room_ && !due) return;
  switch (books_.Commit()) {
    case CommitOutcome::kCommitted:
      if (commit_again_) progress_.Notice(NoticeKind::kInfo, "the ledger has room again");
      commit_again_.reset();
      last_room_ = false;
      return SendWhatIsCommitted();
    case CommitOutcome::kLastRoom:
      if (due) WaitForRoom();
      last_room_ = true;
      return SendWhatIsCommitted();
    case CommitOutcome::kNoSpace:
      WaitForRoom();
      last_room_ = false;
      return;
    case CommitOutcome::kBroken:
      KillNow(kLedgerFailure, "the ledger cannot be written: " + books_.last_error());
      return;
  }
}

// Workers first: they go on while outputs are written.
void Supervisor::SendWhatIsCommitted() {
  Settle();
  outbox_.SendAll(pool_);
  if (!last_room_) WriteOutputs();  // else the room is for what cannot be had again
  for (const auto& [id, reply] : replies_) control_->Reply(id, reply);
  replies_.clear();
  ShowReports();
}

void Supervisor::WaitForRoom() {
  if (!commit_again_) {
    progress_.Notice(NoticeKind::kError,
                     fmt::format("the ledger cannot grow ({}); no call is sent until it can",
                                 books_.last_error()));
  }
  commit_again_ = now_ + kCommitAgain;
}

bool Supervisor::Finished() const {
  bool said_all = outbox_.empty() && reports_.empty() && books_.uncommitted() == 0;
  bool gone = pool_.alive() == 0;
  if (mode_ == Mode::kKilling) return gone;
  return mode_ == Mode::kStopping && gone && said_all;
}

Supervisor::Time Supervisor::NextWake() {
  // What was decided but not committed because the turn before had its hands full goes first.
  bool stuck = commit_again_ && !last_room_;
  bool calm = books_.uncommitted() == 0 || stuck || mode_ == Mode::kKilling;
  Time wake = now_ + (calm ? (crew_.busy() > 0 ? kBusyWake : kIdleWake) : milliseconds(0));
  if (commit_again_) wake = std::min(wake, *commit_again_);
  // What is due already waits for something else: for a worker, for room on the disk, for an end.
  auto consider = [&](std::optional<Time> next) {
    if (next && *next > now_) wake = std::min(wake, *next);
  };
  for (auto next : {governor_.NextChance(now_), crew_.NextDeadline(now_), drain_until_}) {
    consider(next);
  }
  if (mode_ != Mode::kWorking) return std::max(wake, now_);
  for (const std::string& lane : queue_.Lanes()) consider(governor_.OpensAt(lane, now_));
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
          crew_.OnAsked(worker);
          const ItemRow& row = worker.attempt->row;
          bool first = row.attempts == 1;
          result = desk_.OnCall({worker.id, worker.name, row.extra_asks, first}, m, now_);
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
  if (event.kind == "progress") progress_.StepProgress(event.item, event.text);
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
    auto rest = crew_.GiveUp(worker->squad, fmt::format("a worker cannot start: {}", lost.how));
    if (!rest) KillNow(kBadInput, rest.error());
  }
  if (worker->attempt) LoseItem(std::move(*worker->attempt), *worker, lost);
  desk_.Close(lost.worker, "its worker was lost: " + lost.how);
  outbox_.Forget(lost.worker);
}

void Supervisor::On(const SignalCame& came) {
  if (came.signal == SIGCONT) return progress_.Resumed();
  if (came.signal == SIGUSR1) return progress_.Notice(NoticeKind::kInfo, StateText(TakeSnapshot()));
  int code = kSignalBase + came.signal;
  if (came.signal != SIGINT) {
    return Drain(code, fmt::format("stopped by SIG{}", sigabbrev_np(came.signal)), kTermGrace);
  }
  if (mode_ == Mode::kDraining) return KillNow(code, "stopped by Ctrl+C");
  if (mode_ == Mode::kStopping) return KillNow(end_.exit_code, "stopped by Ctrl+C");
  Drain(code, "stopped by Ctrl+C", std::nullopt);
}

// ---- what people see ----

void Supervisor::Settle() {
  settled_ = {books_.counts(), books_.run(), books_.session(), end_.done, end_.failed};
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
  if (governor_.paused()) snapshot.waits.insert(snapshot.waits.begin(), "paused");
  if (mode_ == Mode::kDraining && desk_.in_the_air() > 0) {
    snapshot.stopping =
        fmt::format("{}: finishing {} calls in the air", end_.stopped_by, desk_.in_the_air());
  }
  return snapshot;
}

}  // namespace muster
