#include "supervisor/run.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>

#include "common/config/items.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/process.h"
#include "common/text.h"
#include "supervisor/pool/process_pool.h"
#include "supervisor/rehearsal.h"
#include "supervisor/run_dir.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kPrimeMs = 61'000;  // how far back a restart remembers what was sent

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
  std::string relative = std::filesystem::proximate(path).string();
  return relative.starts_with("..") ? path : relative;
}

int Complain(int code, const std::string& message) {
  fmt::print(stderr, "muster: {}\n", message);
  return code;
}

// The items' first, as far as it can be read without reading the rest.
Result<std::optional<Json>> FirstItem(const Config& config) {
  std::optional<Json> first;
  auto read = ForEachItem(config, [&](SourceItem item) -> Result<void> {
    first = std::move(item.fields);
    return Fail("enough");
  });
  if (!first && !read) return Error{read.error()};
  return first;
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
    if (auto code = OpenBooks()) return *code;
    return Work();
  }

 private:
  // Reads and checks all that can be wrong before anything is made or sent.
  std::optional<int> LoadInputs() {
    auto config = LoadConfig(options_.config, options_.overrides);
    if (!config) {
      fmt::print(stderr, "{}\n", config.error());
      return kBadInput;
    }
    config_ = std::move(*config);
    auto first = FirstItem(config_);
    if (!first) return Complain(kBadInput, first.error());
    if (*first) {
      auto rehearsed = Rehearse(config_, **first);
      if (!rehearsed) return Complain(kBadInput, rehearsed.error());
      rehearsal_ = std::move(*rehearsed);
    }
    auto keys = TakeKeys(config_);
    if (!keys) return Complain(kBadInput, keys.error());
    keys_ = std::move(*keys);
    auto file = FindDataFile("prices.json");
    if (!file) return Complain(kBadInput, file.error());
    auto prices = PriceTable::Load(*file);
    if (!prices) return Complain(kBadInput, prices.error());
    prices_ = std::move(*prices);
    worker_ = ProgramFolder() + "/muster-worker";
    if (access(worker_.c_str(), X_OK) != 0) {
      return Complain(kBadInput, fmt::format("cannot start {}: {}", worker_, ErrnoText(errno)));
    }
    return std::nullopt;
  }

  std::optional<int> OpenBooks() {
    auto dir = RunDir::Take(config_.run_dir, options_.fresh);
    if (auto* problem = std::get_if<RunDir::Problem>(&dir)) {
      return Complain(problem->in_use ? kInUse : kBadInput, problem->message);
    }
    dir_.emplace(std::move(std::get<RunDir>(dir)));
    if (auto writable = CheckWritable(config_.output_dir); !writable) {
      return Complain(kBadInput, writable.error());
    }
    utsname names{};
    uname(&names);
    auto ledger =
        Ledger::Open(dir_->ledger(), {getpid(), names.nodename, options_.command, clock_.WallMs()});
    if (!ledger) return Complain(kLedgerFailure, ledger.error());
    ledger_.emplace(std::move(*ledger));
    return TakeIn();
  }

  std::optional<int> TakeIn() {
    // Where nothing was begun, a change spoils nothing.
    OnChange on_change = NothingWasBegun() ? OnChange::kKeepDone : options_.on_change;
    auto intake = TakeItemsIn(config_, *ledger_, on_change);
    if (!intake) return Complain(kBadInput, intake.error());
    if (!intake->differences.empty()) return ShowDifferences(intake->differences);
    found_ = intake->found;
    outputs_changed_ = intake->outputs_changed;
    if (options_.retry_failed) {
      auto reopened = ReopenFailed(*ledger_);
      if (!reopened) return Complain(kLedgerFailure, reopened.error());
    }
    std::string unknown = UnknownIds();
    if (!unknown.empty()) return Complain(kBadInput, unknown);
    return std::nullopt;
  }

  bool NothingWasBegun() const {
    bool begun = false;
    ledger_->view().ForEachItem([&](const ItemRow& row) { begun = begun || row.attempts > 0; });
    return !begun;
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

  // A sentence when --only names an item that is not there.
  std::string UnknownIds() const {
    for (const std::string& id : options_.selection.only) {
      auto row = ledger_->view().FindItem(id);
      if (row && row->status != ItemStatus::kAbsent) continue;
      std::vector<std::string> ids;
      ledger_->view().ForEachItem([&](const ItemRow& each) { ids.push_back(each.id); });
      std::string nearest = NearestName(id, ids);
      return fmt::format("--only: no item is called \"{}\"{}", VisibleText(id),
                         nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
    }
    return "";
  }

  Selection MakeSelection() const {
    Selection selection = options_.selection;
    selection.range_by_id = config_.items.range.has_value();
    return selection;
  }

  void CountItems(Books& books, const Selection& selection, RunPlan* plan) const {
    int64_t last = LastSelected(books.view(), selection);
    books.view().ForEachItem([&](const ItemRow& row) {
      if (row.status == ItemStatus::kAbsent) return;
      if (row.position > last || !selection.Takes(row.position, row.id)) return;
      books.Count(row.status);
      ++plan->selected;
      plan->to_do += !IsFinal(row.status);
    });
    plan->counts = books.counts();
  }

  size_t WorkerCount() const {
    if (options_.sequential) return 1;
    if (config_.workers > 0) return static_cast<size_t>(config_.workers);
    return static_cast<size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  }

  RunPlan MakePlan(Books& books, const Selection& selection) const {
    RunPlan plan;
    plan.name = config_.name;
    plan.run_dir = Shown(config_.run_dir);
    plan.found = found_;
    plan.before = books.run();
    plan.calls_per_item = static_cast<int64_t>(rehearsal_.calls.size());
    std::vector<std::string> models;
    plan.simulated = !rehearsal_.calls.empty();
    for (const RehearsedCall& call : rehearsal_.calls) {
      std::string model = call.provider + "/" + call.model;
      if (std::find(models.begin(), models.end(), model) == models.end()) models.push_back(model);
      plan.simulated = plan.simulated && config_.providers.at(call.provider).api == "mock";
    }
    bool by_item = false;
    ProvidersInUse(config_, &by_item);
    plan.models = by_item ? "models by item" : fmt::format("{}", fmt::join(models, ", "));
    CountItems(books, selection, &plan);
    plan.workers = static_cast<int64_t>(
        std::min(WorkerCount(), static_cast<size_t>(std::max<int64_t>(plan.to_do, 0))));
    return plan;
  }

  void Prime(Governor& governor, const LedgerView& view) const {
    int64_t wall = clock_.WallMs();
    auto now = clock_.Now();
    for (const auto& [name, provider] : config_.providers) {
      for (int64_t sent : view.SentSince(name, wall - kPrimeMs)) {
        governor.Prime(name, now - milliseconds(std::max<int64_t>(wall - sent, 0)));
      }
    }
  }

  Start MakeStart() const {
    Start start;
    start.config = ConfigToJson(config_);
    start.keys = keys_;
    start.run_dir = config_.run_dir;
    start.verbose = options_.verbose || options_.sequential;
    return start;
  }

  int Work() {
    Books books(*ledger_, config_, prices_, clock_);
    Selection selection = MakeSelection();
    RunPlan plan = MakePlan(books, selection);
    ProgressOptions how;
    how.verbose = options_.verbose || options_.sequential;
    auto progress = MakeProgress(how);
    if (!dir_->set_aside().empty()) {
      progress->Notice(NoticeKind::kInfo, "the older run was set aside as " + dir_->set_aside());
    }
    if (outputs_changed_) {
      progress->Notice(
          NoticeKind::kInfo,
          "the config's outputs changed: done items are written again from the ledger");
    }
    KeepSecretsOutOfCores();
    progress->RunStarts(plan);
    auto repaired = OutputFiles(config_.output_dir, books).Repair();
    if (!repaired) progress->Notice(NoticeKind::kError, repaired.error());
    auto pool = ProcessPool::Create(
        std::make_unique<ExecSpawner>(std::vector<std::string>{worker_, "--pipe"}));
    if (!pool) return Complain(kBadInput, pool.error());
    Governor governor(config_, std::random_device{}());
    Prime(governor, ledger_->view());
    SessionEnd end;
    {
      Supervisor supervisor({config_, books, governor, **pool, clock_, *progress}, selection,
                            MakeStart(), std::max<size_t>(WorkerCount(), 1));
      end = supervisor.Run();
    }
    ledger_->Add(record::SessionEnded{end.exit_code, clock_.WallMs()});
    if (end.exit_code != kLedgerFailure) (void)ledger_->Commit();
    progress->RunEnds(Summarize(books, plan, end));
    return end.exit_code;
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
    books.view().ForEachOutput(false, [&](const OutputRow&) { ++summary.outputs; });
    auto count = [&](ItemStatus status) { return end.counts[static_cast<size_t>(status)]; };
    bool left = count(ItemStatus::kPending) + count(ItemStatus::kWaiting) > 0;
    bool failed = count(ItemStatus::kFailed) + count(ItemStatus::kQuarantined) > 0;
    if (left) summary.resume_command = options_.resume_command;
    if (failed) summary.retry_command = options_.resume_command + " --retry-failed";
    return summary;
  }

  const RunOptions& options_;
  RealClock clock_;
  Config config_;
  Rehearsal rehearsal_;  // of the first item
  Json keys_;
  PriceTable prices_;
  std::string worker_;  // its program
  std::optional<RunDir> dir_;
  std::optional<Ledger> ledger_;
  int64_t found_ = 0;
  bool outputs_changed_ = false;
};

}  // namespace

int RunCommand(const RunOptions& options) { return Session(options).Run(); }

}  // namespace muster
