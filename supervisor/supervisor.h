#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "supervisor/books.h"
#include "supervisor/call_desk.h"
#include "supervisor/control/control_server.h"
#include "supervisor/crew/crew.h"
#include "supervisor/governor/governor.h"
#include "supervisor/outbox.h"
#include "supervisor/outputs/output_files.h"
#include "supervisor/pool/worker_pool.h"
#include "supervisor/progress/progress.h"
#include "supervisor/queue.h"

namespace muster {

// How a session ended.
struct SessionEnd {
  int exit_code = 0;
  std::string stopped_by;  // empty: it ran to its end
  int64_t done = 0, failed = 0;
  std::chrono::milliseconds wall{0}, work{0};
  StatusCounts counts{};                                      // of the selected items
  std::vector<std::pair<std::string, std::string>> failures;  // id, reason; the first ten
};

// Exit codes of `muster run`.
enum ExitCode {
  kAllDone = 0,
  kSomeFailed = 1,
  kBadInput = 2,
  kLedgerFailure = 3,
  kInUse = 4,
  kStopped = 5,
  kSignalBase = 128,
};

// One session of a run: one thread, one loop. Each turn reads all that is ready, decides, commits
// once, and only then sends and shows what was decided.
class Supervisor {
 public:
  struct Parts {
    const Config& config;
    Books& books;
    Governor& governor;
    WorkerPool& pool;
    const Clock& clock;
    Progress& progress;
    ControlServer* control = nullptr;  // nullptr: nobody can say anything while it runs
  };

  Supervisor(Parts parts, Selection selection, Start start, std::vector<SquadPlan> squads);

  // Until everything is done or the run is stopped. No worker is left afterwards.
  SessionEnd Run();

 private:
  using Time = Clock::Time;
  using Milliseconds = std::chrono::milliseconds;

  // How a session goes on. Each later mode takes over from the ones before it.
  enum class Mode {
    kWorking,
    kDraining,  // no new items or calls; what is in the air is awaited
    kStopping,  // nothing is left to do; workers say bye
    kKilling,   // everything ends now
  };

  // ---- the loop's verbs ----
  void TakeEvents();
  void Decide();
  void CommitAndSend();
  void SendWhatIsCommitted();
  void WaitForRoom();
  void Show();
  bool Finished() const;
  Time NextWake();

  // ---- events ----
  void On(const WorkerSaid& said);
  void On(const WorkerLost& lost);
  void On(const SignalCame& came);
  void On(const ControlCame& came);
  Result<void> Dispatch(WorkerRecord& worker, const FromWorker& message);
  Result<void> OnDone(WorkerRecord& worker, const Done& done);
  void OnEvent(const Event& event);

  // ---- what people say while it runs ----
  Json Obey(const Json& request);
  Result<std::string> Carry(const std::string& act, const Json& request);
  Result<std::string> Set(const Json& request);
  Result<std::string> SetWorkers(const std::string& pool, const std::string& value);
  Result<std::string> SetMaxCost(const std::string& value);
  Result<std::string> Cancel(const std::string& item);
  Result<std::string> Retry(const std::string& item);
  Json StatusJson() const;
  Json WorkersJson() const;
  Json LanesJson() const;

  // ---- items ----
  void HandOut();
  bool HasRoom(const std::string& lane);
  bool NothingCanGo();
  void EndItem(WorkerRecord& worker, const Done& done);
  void Finish(Attempt& attempt, const WorkerRecord& worker, ItemStatus status,
              const std::string& reason);
  void NoteFailure(const std::string& item, const std::string& reason);
  void GiveBack(Attempt& attempt, const WorkerRecord& worker, const std::string& reason);
  void Park(Attempt& attempt, const WorkerRecord& worker, const std::string& lane);
  void LoseItem(Attempt attempt, const WorkerRecord& worker, const WorkerLost& lost);
  Result<void> KeepOutputs(const ItemRow& row, const Done& done);
  void KeepErrorRecords(const ItemRow& row, const std::string& reason);
  ItemReport ReportOf(const Attempt& attempt, const WorkerRecord& worker, ItemStatus status,
                      const std::string& reason) const;

  // ---- stopping ----
  void Drain(int exit_code, const std::string& why, std::optional<Milliseconds> grace);
  void TellDrain(bool hurried);
  void KillNow(int exit_code, const std::string& why);
  void AdvanceMode();
  bool AnyFailed() const;

  void Settle();
  void RepairOutputs();
  void WriteOutputs();
  void FinishOutputs();
  void TellOutputs(const Result<void>& written);
  void ShowReports();
  Snapshot TakeSnapshot() const;

  const Config& config_;
  Books& books_;
  Governor& governor_;
  WorkerPool& pool_;
  const Clock& clock_;
  Progress& progress_;
  ControlServer* const control_;
  Outbox outbox_;
  Crew crew_;
  CallDesk desk_;
  Queue queue_;
  OutputFiles outputs_;

  Mode mode_ = Mode::kWorking;
  SessionEnd end_;
  Time began_, now_;
  std::optional<Time> drain_until_;
  std::optional<Time> commit_again_;  // set while the disk is full
  bool last_room_ = false;            // it is, but what is decided can still be committed
  int64_t selected_ = 0;
  std::vector<PoolEvent> events_;

  // The sums as of the last commit: what people may see.
  struct Settled {
    StatusCounts counts{};
    Totals run, session;
    int64_t done = 0, failed = 0;
  };
  Settled settled_;

  std::vector<ItemReport> reports_;                // decided in this turn, told after its commit
  std::vector<std::pair<int64_t, Json>> replies_;  // to what people said
  std::set<std::string> cancelled_;                // items told to stop by a person
  bool outputs_behind_ = false;
};

}  // namespace muster
