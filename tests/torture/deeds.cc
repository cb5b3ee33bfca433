#include "tests/torture/deeds.h"

#include <signal.h>

#include "common/json.h"
#include "tests/torture/processes.h"

namespace muster::torture {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHelperLimit{20'000};  // status, second run
constexpr milliseconds kDoneLimit{80};        // for an item to be done
constexpr int kInUse = 4;                     // exit code of a run that is refused

bool KillSupervisor(Stage& stage) {
  ++stage.witness.supervisors_killed;
  stage.muster.Signal(SIGKILL);
  return true;
}

// 0: there is none.
pid_t Pick(const Act& act, const std::vector<pid_t>& pids) {
  return pids.empty() ? 0 : pids[act.choice % pids.size()];
}

// Not a fork on its way to become one, which does not sleep: stopped there it could not even die
// with its parent.
bool StopWorker(const Act& act, Stage& stage, pid_t* worker) {
  std::vector<pid_t> workers = WorkersOf(stage.muster.pid());
  std::erase_if(workers, [](pid_t pid) { return !Sleeps(pid); });
  *worker = Pick(act, workers);
  return *worker != 0 && SignalChild(stage.muster.pid(), *worker, SIGSTOP);
}

bool KillWorker(const Act& act, Stage& stage) {
  pid_t worker = Pick(act, ChildrenOf(stage.muster.pid()));
  bool killed = worker != 0 && SignalChild(stage.muster.pid(), worker, SIGKILL);
  stage.witness.workers_killed += killed;
  return killed;
}

bool KillEverything(const Act& act, Stage& stage) {
  std::vector<pid_t> workers = ChildrenOf(stage.muster.pid());
  bool supervisor_first = act.choice % 2 == 0;
  if (supervisor_first) stage.muster.Signal(SIGKILL);
  for (pid_t worker : workers) {
    SignalChild(supervisor_first ? getpid() : stage.muster.pid(), worker, SIGKILL);
  }
  ++stage.witness.all_workers_killed;
  return KillSupervisor(stage);
}

bool KillFrozen(const Act& act, Stage& stage) {
  pid_t worker = 0;
  if (StopWorker(act, stage, &worker)) stage.muster.PumpUntil(Clock::now() + act.gap);
  return KillSupervisor(stage);
}

// What workers were told before it was committed is done meanwhile, and nobody knows of it.
bool KillStopped(const Act& act, Stage& stage) {
  stage.muster.Signal(SIGSTOP);
  stage.muster.PumpUntil(Clock::now() + act.gap);
  return KillSupervisor(stage);
}

// Should it say so before it is true, this is when it is not.
bool KillAtDone(Stage& stage) {
  auto listen = stage.muster.on_line;
  stage.muster.on_line = [&](const std::string& line) {
    listen(line);
    if (line.starts_with("✓")) stage.muster.Signal(SIGKILL);
  };
  bool ended = stage.muster.PumpUntil(Clock::now() + kDoneLimit);
  stage.muster.on_line = listen;
  ++stage.witness.supervisors_killed;
  if (!ended) stage.muster.Signal(SIGKILL);
  return !ended || stage.muster.ending().signal == SIGKILL;
}

bool FreezeWorker(const Act& act, Stage& stage) {
  pid_t worker = 0;
  if (!StopWorker(act, stage, &worker)) return false;
  stage.muster.PumpUntil(Clock::now() + act.gap);
  SignalChild(stage.muster.pid(), worker, SIGCONT);
  return true;
}

bool Signal(Stage& stage, int signal) {
  stage.muster.Signal(signal);
  return true;
}

bool InterruptTwice(const Act& act, Stage& stage) {
  stage.muster.Signal(SIGINT);
  if (stage.muster.PumpUntil(Clock::now() + act.gap)) return false;
  ++stage.witness.all_workers_killed;  // by muster
  return Signal(stage, SIGINT);
}

std::string Told(const Child& child) {
  return child.ending().Text() + ": " + child.output() + child.errors();
}

// Another `muster run` while ours has the run directory: refused, and nothing is touched.
bool SecondRun(Stage& stage) {
  if (stage.muster.output().empty()) return false;  // ours may not have it yet
  auto second = RunToEnd(stage.campaign.RunCommand(stage.scene), kHelperLimit);
  if (!second) return stage.wrong.push_back("second run: " + second.error()), false;
  if (stage.muster.PumpUntil(Clock::now())) {  // ours ended meanwhile: it had a right to run
    stage.witness.supervisors.insert((*second)->pid());
    return false;
  }
  stage.witness.refused.insert((*second)->pid());
  if ((*second)->ending().exit_code == kInUse) return true;
  stage.wrong.push_back("second run: not refused: " + Told(**second));
  return false;
}

// The status of a live run, which is not disturbed by it. What was shown as done is done there too.
bool ReadStatus(Stage& stage) {
  if (stage.muster.output().empty()) return false;
  ++stage.witness.readers;
  auto shown = static_cast<int64_t>(stage.witness.shown_done.size());
  auto status = RunToEnd(stage.campaign.StatusCommand(stage.scene), kHelperLimit);
  if (!status) return stage.wrong.push_back("status: " + status.error()), false;
  auto json = ParseJson((*status)->output());
  const Json* counts = json ? Member(*json, "counts") : nullptr;
  if ((*status)->ending().exit_code != 0 || !counts) {
    stage.wrong.push_back("status: " + Told(**status));
    return false;
  }
  int64_t done = IntMember(*counts, "done").value_or(-1);
  if (done >= shown) return true;
  stage.wrong.push_back(fmt::format("I2: status counts {} done, {} were shown", done, shown));
  return false;
}

bool Inspect(Stage& stage) {
  bool key_taken = !stage.muster.output().empty();
  for (std::string& what :
       InspectProcesses(stage.muster.pid(), key_taken, kCanaryKey, stage.scene.run_dir())) {
    stage.wrong.push_back("I12: " + std::move(what));
  }
  return geteuid() == 0;  // to others workers show neither descriptors nor environment
}

}  // namespace

bool Perform(const Act& act, Stage& stage) {
  switch (act.deed) {
    case Deed::kKillSupervisor:
      return KillSupervisor(stage);
    case Deed::kKillWorker:
      return KillWorker(act, stage);
    case Deed::kKillEverything:
      return KillEverything(act, stage);
    case Deed::kKillFrozen:
      return KillFrozen(act, stage);
    case Deed::kKillStopped:
      return KillStopped(act, stage);
    case Deed::kKillAtDone:
      return KillAtDone(stage);
    case Deed::kFreezeWorker:
      return FreezeWorker(act, stage);
    case Deed::kInterrupt:
      return Signal(stage, SIGINT);
    case Deed::kInterruptTwice:
      return InterruptTwice(act, stage);
    case Deed::kTerminate:
      return Signal(stage, SIGTERM);
    case Deed::kSecondRun:
      return SecondRun(stage);
    case Deed::kStatus:
      return ReadStatus(stage);
    case Deed::kInspect:
      return Inspect(stage);
  }
  return false;
}

}  // namespace muster::torture
