// How a session comes to its end: the part of the supervisor's loop that is about stopping.

#include <signal.h>

#include "common/duration.h"
#include "supervisor/supervisor.h"

namespace muster {

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
  TellDrain(grace.has_value());
}

void Supervisor::TellDrain(bool hurried) {
  size_t calls = desk_.in_the_air();
  if (calls == 0) return progress_.Notice(NoticeKind::kInfo, end_.stopped_by);
  auto stake = desk_.AtStake();
  bool again = end_.exit_code == kSignalBase + SIGINT;
  progress_.Notice(NoticeKind::kInfo,
                   fmt::format("{}: finishing {} call{} in the air{}{}", end_.stopped_by, calls,
                               calls == 1 ? "" : "s",
                               stake ? " (at most " + FormatMoney(*stake) + " at stake)" : "",
                               hurried ? ""
                               : again ? "; Ctrl+C again stops at once"
                                       : "; Ctrl+C stops at once"));
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
  if (mode_ == Mode::kWorking && !governor_.why_stop().empty()) {
    Drain(kStopped, governor_.why_stop(), std::nullopt);
  }
  if (std::string storm = crew_.Storm(now_); !storm.empty() && mode_ != Mode::kStopping) {
    return KillNow(kStopped, storm);
  }
  bool none_in_the_air = desk_.in_the_air() <= outbox_.unsent_calls();
  bool stuck = commit_again_ && !last_room_;
  if (stuck && mode_ == Mode::kDraining && none_in_the_air) {
    return KillNow(kLedgerFailure, "the ledger cannot grow: " + books_.last_error());
  }
  bool nothing_left =
      crew_.busy() == 0 && (mode_ == Mode::kDraining || queue_.Empty() || NothingCanGo());
  if (mode_ == Mode::kStopping || !nothing_left) return;
  if (mode_ == Mode::kWorking) {
    auto stopped = governor_.StoppedLanes();
    end_.exit_code = !stopped.empty() ? kStopped : AnyFailed() ? kSomeFailed : kAllDone;
    if (!stopped.empty()) end_.stopped_by = stopped.front();
  }
  mode_ = Mode::kStopping;
  crew_.RetireIdle();
}

}  // namespace muster
