#include "supervisor/run.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>

#include "common/fd.h"
#include "common/keys.h"
#include "common/process.h"
#include "common/text.h"
#include "supervisor/control/control_server.h"
#include "supervisor/governor_start.h"
#include "supervisor/inputs.h"
#include "supervisor/metrics/metrics_child.h"
#include "supervisor/pilot.h"
#include "supervisor/plan/estimate_page.h"
#include "supervisor/plan/plan.h"
#include "supervisor/plan/plan_page.h"
#include "supervisor/pool/descriptor_limit.h"
#include "supervisor/pool/fork_spawner.h"
#include "supervisor/pool/process_pool.h"
#include "supervisor/run_dir.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

class RealClock : public Clock {
 public:
  Time Now() const override { return std::chrono::steady_clock::now(); }
  int64_t WallMs() const override {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count();
  }
};

// A path as people know it: relative where that is shorter to say.
std::string Shown(const std::string& path) {
  std::error_code error;
  std::string relative = std::filesystem::proximate(path, error).string();
  return error || relative.starts_with("..") ? path : relative;
}

int Complain(int code, const std::string& message) {
  fmt::print(stderr, "muster: {}\n", message);
  return code;
}

Result<void> CheckWritable(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail("cannot make output folder {}: {}", folder, error.message());
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    return Fail("cannot write to output folder {}: {}", folder, ErrnoText(errno));
  }
  return {};
}

// Everything that a session stands on, in the order in which it is made.
class Session {
 public:
  explicit Session(const RunOptions& options) : options_(options) {}

  int Run() {
    if (auto code = LoadInputs()) return *code;
    auto code = OpenBooks();
    if (!code) code = Work();
    EndSession(*code);
    return *code;
  }

 private:
  std::optional<int> LoadInputs() {
    auto inputs = ReadInputs(options_);
    if (!inputs) {
      fmt::print(stderr, "{}\n", inputs.error());
      return kBadInput;
    }
    inputs_ = std::move(*inputs);
    return std::nullopt;
  }

  std::optional<int> OpenBooks() {
    auto dir = RunDir::Take(config_.run_dir, options_.fresh);
    if (auto* problem = std::get_if<RunDir::Problem>(&dir)) {
      return Complain(problem->in_use ? kInUse : kBadInput, problem->message);
    }
    dir_.emplace(std::move(std::get<RunDir>(dir)));
    spawners_ = MakeSpawners();
    if (auto writable = CheckWritable(config_.output_dir); !writable) {
      return Complain(kBadInput, writable.error());
    }
    utsname names{};
    uname(&names);
    auto ledger =
        Ledger::Open(dir_->ledger(), {getpid(), names.nodename, options_.command, clock_.WallMs()});
    if (!ledger) return Complain(kLedgerFailure, ledger.error());
    ledger_.emplace(std::move(*ledger));
    if (auto code = TakeIn()) return code;
    if (ledger_->KeepRoom()) return std::nullopt;
    return Complain(kLedgerFailure,
                    fmt::format("the disk of {} is full; nothing was sent", dir_->path()));
  }

  std::optional<int> TakeIn() {
    // Where nothing was begun, a change spoils nothing.
    OnChange on_change = ledger_->view().AnyAttempt() ? options_.on_change : OnChange::kKeepDone;
    auto intake = TakeItemsIn(config_, *ledger_, on_change);
    if (!intake) return Complain(LedgerFails() ? kLedgerFailure : kBadInput, intake.error());
    if (!intake->differences.empty()) return ShowDifferences(intake->differences);
    found_ = intake->found;
    outputs_changed_ = intake->outputs_changed;
    if (options_.retry_failed) {
      auto reopened = ReopenFailed(*ledger_);
      if (!reopened) return Complain(kLedgerFailure, reopened.error());
    }
    return std::nullopt;
  }

  bool LedgerFails() const {
    return !ledger_->last_error().empty() || !ledger_->view().error().empty();
  }

  int ShowDifferences(const std::vector<std::string>& differences) const {
    fmt::print(stderr, "muster: {} holds answers to other questions than {} asks now:\n",
               dir_->path(), options_.config);
    for (const std::string& line : differences) fmt::print(stderr, "  {}\n", line);
    fmt::print(
        stderr,
        "Nothing was sent. Choose: --redo (hand everything out again; unchanged requests are "
        "replayed, only changed ones are paid), --keep-done (keep what is done), --fresh (set "
        "the old run aside) or --run DIR (another run directory).\n");
    return kBadInput;
  }

  void CountItems(Books& books, const Selection& selection, RunPlan* plan) const {
    plan->counts = CountSelected(books.view(), selection);
    for (size_t i = 0; i < plan->counts.size(); ++i) {
      auto status = static_cast<ItemStatus>(i);
      books.Count(status, plan->counts[i]);
      plan->selected += plan->counts[i];
      if (!IsFinal(status)) plan->to_do += plan->counts[i];
    }
  }

  size_t Workers() const { return static_cast<size_t>(WorkerCount(config_, options_.sequential)); }

  std::vector<SquadPlan> Squads() const {
    return PlanSquads(config_, inputs_.worker, options_.sequential);
  }

  // Where workers are forked, what they are forked from makes itself ready while the ledger opens.
  std::vector<std::unique_ptr<Spawner>> MakeSpawners() const {
    std::vector<std::unique_ptr<Spawner>> spawners;
    for (const SquadPlan& squad : Squads()) {
      if (squad.launched()) {
        spawners.push_back(std::make_unique<ExecSpawner>(squad.command, true));
      } else {
        auto forks = std::make_unique<ForkSpawner>(
            inputs_.worker, MakeStart(), [this](const std::string& why) { TellNoFork(why); });
        forks->Prepare();
        spawners.push_back(std::move(forks));
      }
    }
    return spawners;
  }

  RunPlan MakePlan(Books& books, const Selection& selection) const {
    RunPlan plan;
    plan.name = config_.name;
    plan.run_dir = Shown(config_.run_dir);
    plan.found = found_;
    plan.before = books.run();
    plan.calls_per_item =
        std::count_if(inputs_.rehearsal.calls.begin(), inputs_.rehearsal.calls.end(),
                      [](const RehearsedCall& call) { return !call.spare; });
    std::vector<std::string> models;
    plan.simulated = true;
    for (const RehearsedCall& call : inputs_.rehearsal.calls) {
      if (call.kind != CallKind::kChat) continue;
      std::string model = call.provider + "/" + call.model;
      if (std::find(models.begin(), models.end(), model) == models.end()) models.push_back(model);
      plan.simulated = plan.simulated && config_.providers.at(call.provider).api == "mock";
    }
    plan.simulated = plan.simulated && !models.empty();
    bool by_item = false;
    ProvidersInUse(config_, &by_item);
    plan.models = by_item ? "models by item" : fmt::format("{}", fmt::join(models, ", "));
    plan.work = WorkLines(config_);
    CountItems(books, selection, &plan);
    plan.workers = static_cast<int64_t>(
        std::min(Workers(), static_cast<size_t>(std::max<int64_t>(plan.to_do, 0))));
    return plan;
  }

  Start MakeStart() const {
    Start start;
    start.config = ConfigToJson(config_);
    start.keys = inputs_.keys;
    start.run_dir = config_.run_dir;
    // Often enough that a few late ones are no silence.
    start.alive_every_ms = std::clamp<int64_t>(config_.guard.worker_silence.count() / 4, 1, 5'000);
    start.verbose = options_.verbose || options_.sequential;
    if (NeedsSharedFolder(config_)) start.run_mark = dir_->mark();
    return start;
  }

  ProgressOptions HowToShow() const {
    ProgressOptions how;
    how.verbose = options_.verbose || options_.sequential;
    return how;
  }

  std::optional<int> OpenEars() {
    // Not every file system has sockets; a run that cannot be talked to is better than none.
    auto control = ControlServer::Open(config_.run_dir);
    if (control) control_ = std::move(*control);
    if (!control) no_control_ = control.error();
    auto allowed = AllowDescriptors(DescriptorsFor(Workers()));
    if (!allowed) few_descriptors_ = allowed.error();
    auto pool = ProcessPool::Create(std::move(spawners_));
    if (!pool) return Complain(kBadInput, pool.error());
    pool_ = std::move(*pool);
    if (config_.metrics.empty()) return std::nullopt;
    auto metrics = MetricsChild::Start(config_.run_dir, config_.metrics);
    if (!metrics) return Complain(kBadInput, metrics.error());
    metrics_.emplace(std::move(*metrics));
    return std::nullopt;
  }

  void TellNoFork(const std::string& why) const {
    if (progress_) progress_->Notice(NoticeKind::kInfo, "workers are started by exec: " + why);
  }

  void TellBefore(Progress& progress) const {
    if (!dir_->set_aside().empty()) {
      progress.Notice(NoticeKind::kInfo, "the older run was set aside as " + dir_->set_aside());
    }
    if (outputs_changed_) {
      progress.Notice(NoticeKind::kInfo,
                      "the config's outputs, scores or report rules changed: done items are worked "
                      "out again from the ledger");
    }
    if (!control_) progress.Notice(NoticeKind::kWarning, "no muster ctl: " + no_control_);
    if (!few_descriptors_.empty()) progress.Notice(NoticeKind::kWarning, few_descriptors_);
    if (metrics_) progress.Notice(NoticeKind::kInfo, metrics_->said());
  }

  int Work() {
    KeepSecretsOutOfCores();
    if (auto code = OpenEars()) return *code;
    auto chosen = SelectItems(ledger_->view(), config_, options_.selection);
    if (!chosen) return Complain(kBadInput, chosen.error());
    const Selection& selection = *chosen;
    int code = kAllDone;
    auto pilot =
        options_.pilot ? PilotOf(ledger_->view(), selection, *options_.pilot) : std::nullopt;
    if (pilot) {
      code = WorkOn(*pilot);
      bool ran = code == kAllDone || code == kSomeFailed;
      if (ran) code = GoesOn(selection) ? WorkOn(selection) : kStopped;
    } else {
      code = WorkOn(selection);
    }
    return code;
  }

  void EndSession(int code) {
    if (!ledger_) return;
    ledger_->Add(record::SessionEnded{code, clock_.WallMs()});
    if (code != kLedgerFailure) (void)ledger_->Commit();
  }

  // One go at the selected items, from the first line to the summary.
  int WorkOn(const Selection& selection) {
    Books books(*ledger_, config_, inputs_.prices, clock_);
    RunPlan plan = MakePlan(books, selection);
    auto progress = MakeProgress(HowToShow());
    TellBefore(*progress);
    progress_ = progress.get();
    progress->RunStarts(plan);
    Governor governor(config_, std::random_device{}());
    PrimeGovernor(governor, config_, ledger_->view(), clock_);
    SessionEnd end;
    {
      Supervisor::Parts parts{config_, books, governor, *pool_, clock_, *progress, control_.get()};
      Supervisor supervisor(parts, selection, MakeStart(), Squads());
      end = supervisor.Run();
    }
    progress_ = nullptr;
    progress->RunEnds(Summarize(books, plan, end));
    return end.exit_code;
  }

  // Tells what the rest will take, and asks.
  bool GoesOn(const Selection& selection) {
    auto measured = MeasuredLedger::Open(dir_->ledger());
    if (!measured) return Complain(kLedgerFailure, measured.error()), false;
    LeftOver left{selection, false, false};
    auto plan = PlanWhatIsLeft(config_, inputs_.prices, ledger_->view(), *measured, left,
                               WorkerCount(config_, options_.sequential));
    if (!plan) return Complain(kLedgerFailure, plan.error()), false;
    fmt::print("\n{}\n", ProjectionText(plan->estimate));
    if (options_.yes) return true;
    if (AskWhetherToGoOn()) return true;
    fmt::print("stopped after the pilot; the rest: {}\n", options_.resume_command);
    return false;
  }

  RunSummary Summarize(const Books& books, const RunPlan& plan, const SessionEnd& end) const {
    RunSummary summary;
    summary.plan = plan;
    summary.last.counts = end.counts;
    summary.last.selected = plan.selected;
    summary.last.totals = books.view().RunTotals();
    summary.last.session = books.view().SessionTotals(ledger_->session());
    summary.last.ended_now = end.done + end.failed;
    summary.last.elapsed = end.wall;
    summary.workers = books.view().TotalsByWorker();
    summary.unknown = books.view().UnknownTries();
    summary.wall = end.wall;
    summary.work = end.work;
    summary.done_now = end.done;
    summary.failed_now = end.failed;
    summary.output_dir = Shown(config_.output_dir);
    summary.stopped_by = end.stopped_by;
    summary.failures = end.failures;
    summary.outputs = books.view().CountOutputFiles();
    auto count = [&](ItemStatus status) { return end.counts[static_cast<size_t>(status)]; };
    bool left = count(ItemStatus::kPending) + count(ItemStatus::kWaiting) > 0;
    bool failed = count(ItemStatus::kFailed) + count(ItemStatus::kQuarantined) > 0;
    if (left) summary.resume_command = options_.resume_command;
    if (failed) summary.retry_command = options_.resume_command + " --retry-failed";
    return summary;
  }

  const RunOptions& options_;
  RealClock clock_;
  Inputs inputs_;
  const Config& config_ = inputs_.config;
  std::optional<RunDir> dir_;
  std::optional<Ledger> ledger_;
  std::unique_ptr<ControlServer> control_;
  std::string no_control_;                          // why there is none
  std::string few_descriptors_;                     // that there are too few; empty: there are not
  std::vector<std::unique_ptr<Spawner>> spawners_;  // until the pool has them
  std::unique_ptr<ProcessPool> pool_;
  Progress* progress_ = nullptr;  // while there is work
  std::optional<MetricsChild> metrics_;
  int64_t found_ = 0;
  bool outputs_changed_ = false;
};

}  // namespace

int RunCommand(const RunOptions& options) { return Session(options).Run(); }

}  // namespace muster
