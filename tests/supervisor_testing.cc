#include "tests/supervisor_testing.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "supervisor/governor_start.h"

namespace muster {

using std::chrono::milliseconds;

// ---- FakeProgress ----

const LedgerView* FakeProgress::View() {
  if (ledger_.empty()) return nullptr;
  if (!view_) {
    auto view = LedgerView::Open(ledger_);
    REQUIRE_MESSAGE(view, view.error());
    view_ = std::move(*view);
  }
  return &*view_;
}

void FakeProgress::ItemEnds(const ItemReport& report) {
  ends.push_back(report);
  const LedgerView* view = View();
  if (!view) return;
  auto row = view->FindItem(report.id);
  if (!row || row->status != report.status) {
    lies.push_back(fmt::format("{} is shown as {}", report.id, Name(report.status)));
  }
}

void FakeProgress::Refresh(const Snapshot& snapshot) {
  last = snapshot;
  waits.insert(snapshot.waits.begin(), snapshot.waits.end());
  const LedgerView* view = View();
  if (!view) return;
  auto committed = view->CountItems();
  for (auto status : {ItemStatus::kDone, ItemStatus::kFailed, ItemStatus::kQuarantined}) {
    auto i = static_cast<size_t>(status);
    if (snapshot.counts[i] <= committed[i]) continue;
    lies.push_back(
        fmt::format("{} shown as {}, {} are", snapshot.counts[i], Name(status), committed[i]));
  }
  if (snapshot.totals.calls > view->RunTotals().calls) lies.push_back("calls shown too early");
}

bool FakeProgress::Noticed(const std::string& part) const {
  return std::any_of(notices.begin(), notices.end(),
                     [&](const std::string& n) { return n.find(part) != std::string::npos; });
}

// ---- TestRun ----

const char* TestRun::Place() {
  const char* chosen = std::getenv("TMPDIR");
  return !chosen && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : chosen;
}

TestRun::TestRun(int64_t items) {
  config.name = "test";
  config.output_dir = folder_.path();
  config.items.range = ItemSource::Range{1, items};
  Output output;
  output.file = {"{{item.id}}.txt", "test:1"};
  output.text = {"", "test:1"};
  config.outputs = {output};
  for (const char* name : {"p", "q"}) {
    Provider& provider = config.providers[name];
    provider.name = name;
    provider.api = "openai-chat";
    for (const char* model : {"m", "n"}) {
      provider.prices[model] = {script.input_price, script.output_price, {}, {}};
    }
  }
}

void TestRun::Open() {
  ledger_.reset();
  auto opened =
      Ledger::Open(ledger_path(), {getpid(), "host", "muster run test.yaml", clock.WallMs()});
  REQUIRE_MESSAGE(opened, opened.error());
  ledger_.emplace(std::move(*opened));
}

void TestRun::Prime(Governor& governor) const { PrimeGovernor(governor, config, view(), clock); }

// Every item's lane, as its plan has it; intake finds it in the config's steps, of which there are
// none here.
void TestRun::TellLanes() {
  std::vector<record::Lane> lanes;
  view().ForEachItem([&](const ItemRow& row) {
    FakePlan plan = script.plan ? script.plan(row.id) : FakePlan{{{{}}, 1}};
    if (plan.empty()) return;
    const FakeCall& first = plan.front().calls.front();
    lanes.push_back({row.id, first.provider + "/" + first.model});
  });
  for (record::Lane& lane : lanes) ledger_->Add(std::move(lane));
  REQUIRE(ledger_->Commit() == CommitOutcome::kCommitted);
}

SessionTrace TestRun::Run(const SessionOptions& options) {
  Open();
  auto intake = TakeItemsIn(config, *ledger_, OnChange::kKeepDone);
  REQUIRE_MESSAGE(intake, intake.error());
  if (options.lanes_known) TellLanes();
  if (options.retry_failed) REQUIRE(ReopenFailed(*ledger_));
  Books books(*ledger_, config, prices, clock);
  int64_t last = LastSelected(view(), options.selection);
  view().ForEachItem([&](const ItemRow& row) {
    if (row.status == ItemStatus::kAbsent || row.position > last) return;
    if (options.selection.Takes(row.position, row.id)) books.Count(row.status);
  });
  Governor governor(config, options.seed);
  Prime(governor);
  FakePool pool(clock, script);
  std::unique_ptr<ControlServer> control;
  if (options.control) {
    auto opened = ControlServer::Open(folder_.path());
    REQUIRE_MESSAGE(opened, opened.error());
    control = *std::move(opened);
  }
  if (options.set_up) options.set_up(pool);
  SessionTrace trace;
  trace.began = clock.Now();
  trace.progress = FakeProgress(options.watch_commits ? ledger_path() : "");
  size_t sent_before = script.log.size();
  try {
    Supervisor supervisor({config, books, governor, pool, clock, trace.progress, control.get()},
                          options.selection, Start{},
                          {LocalSquad(static_cast<int64_t>(options.workers))});
    trace.end = supervisor.Run();
  } catch (const Crash&) {
    trace.crashed = true;
    pool.Outlive(milliseconds(1));
  }
  trace.ended = clock.Now();
  trace.alive = pool.alive();
  trace.books = books.run();
  trace.own = books.session();
  trace.in_the_air = governor.in_the_air();
  trace.waiting = governor.waiting();
  trace.told = std::move(pool.told);
  trace.killed = std::move(pool.killed);
  trace.log.assign(script.log.begin() + static_cast<ptrdiff_t>(sent_before), script.log.end());
  if (trace.crashed) {
    ledger_.reset();  // what was not committed is lost
    return trace;
  }
  ledger_->Add(record::SessionEnded{trace.end.exit_code, clock.WallMs()});
  if (trace.end.exit_code != kLedgerFailure) (void)ledger_->Commit();
  return trace;
}

std::string TestRun::OutputOf(const std::string& item) const {
  std::ifstream file(folder_ / (item + ".txt"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ItemRow TestRun::RowOf(const std::string& item) const {
  auto row = view().FindItem(item);
  REQUIRE(row);
  return *row;
}

int64_t TestRun::Count(ItemStatus status) const {
  return view().CountItems()[static_cast<size_t>(status)];
}

int64_t TestRun::SentOf(const std::string& item) const {
  return std::count_if(script.log.begin(), script.log.end(),
                       [&](const SentCall& sent) { return sent.item == item; });
}

namespace {

bool Same(const Totals& a, const Totals& b) {
  return a.calls == b.calls && a.tries == b.tries && a.failed_tries == b.failed_tries &&
         a.unknown_tries == b.unknown_tries && a.unpriced == b.unpriced &&
         a.unknown_usage == b.unknown_usage && a.usage == b.usage && a.cost == b.cost &&
         a.unknown_cost == b.unknown_cost && a.unknown_unbounded == b.unknown_unbounded &&
         a.cache_saving == b.cache_saving;
}

void AddTo(Totals& sum, const Totals& part) {
  sum.calls += part.calls;
  sum.tries += part.tries;
  sum.failed_tries += part.failed_tries;
  sum.unknown_tries += part.unknown_tries;
  sum.unpriced += part.unpriced;
  sum.unknown_usage += part.unknown_usage;
  sum.usage += part.usage;
  sum.cost += part.cost;
  sum.unknown_cost += part.unknown_cost;
  sum.unknown_unbounded += part.unknown_unbounded;
  sum.cache_saving += part.cache_saving;
}

}  // namespace

void TestRun::CheckBooks(const SessionTrace& last, bool unsent) const {
  Totals all = view().RunTotals();
  CHECK(Same(*last.books, all));
  CHECK(Same(*last.own, view().SessionTotals(ledger_->session())));
  Totals by_worker, by_item;
  for (const WorkerTotals& worker : view().TotalsByWorker()) AddTo(by_worker, worker.totals);
  view().ForEachItem([&](const ItemRow& row) { AddTo(by_item, view().ItemTotals(row.id)); });
  CHECK(Same(by_worker, all));
  CHECK(Same(by_item, all));
  CHECK(all.tries == all.calls + all.failed_tries + all.unknown_tries);
  CHECK(view().InTheAir().empty());
  CHECK(last.in_the_air == 0);
  Picodollars bill = 0;
  for (const SentCall& sent : script.log) bill += sent.bill;
  CHECK(all.cost <= bill);
  CHECK(bill <= all.cost + all.unknown_cost);
  if (unsent) {
    CHECK(all.tries >= sent());
  } else {
    CHECK(all.tries == sent());
  }
}

// ---- short scripts ----

Failure MakeFailure(FailureKind kind, std::optional<int64_t> retry_after_ms) {
  Failure failure;
  failure.kind = kind;
  failure.message = fmt::format("the provider says {}", Name(kind));
  failure.retry_after_ms = retry_after_ms;
  failure.billing = Billing::kNo;
  return failure;
}

FakeReply FailedReply(Failure failure, milliseconds takes) {
  FakeReply reply;
  reply.takes = takes;
  reply.failure = std::move(failure);
  return reply;
}

std::function<Fault(const Point&)> Once(Moment moment, const std::string& item, Fault fault,
                                        int64_t attempts) {
  return [=](const Point& point) {
    bool here = point.moment == moment && point.item == item && point.attempt <= attempts;
    return here ? fault : Fault::kNone;
  };
}

FakePlan Chain(size_t calls, const std::string& provider) {
  FakePlan plan;
  for (size_t i = 1; i <= calls; ++i) {
    plan.push_back({{{fmt::format("s{}", i), provider, "m", 0}}, 1});
  }
  return plan;
}

FakePlan Fan(size_t calls, size_t width, const std::string& provider) {
  FakeStep step;
  step.concurrency = width;
  for (size_t i = 1; i <= calls; ++i)
    step.calls.push_back({fmt::format("f{}", i), provider, "m", 0});
  return {step};
}

size_t MostWithin(std::vector<Clock::Time> times, milliseconds window) {
  std::sort(times.begin(), times.end());
  size_t most = 0;
  for (size_t first = 0, end = 0; first < times.size(); ++first) {
    while (end < times.size() && times[end] < times[first] + window) ++end;
    most = std::max(most, end - first);
  }
  return most;
}

size_t MostInTheAir(const std::vector<SentCall>& log) {
  size_t most = 0;
  for (const SentCall& each : log) {
    auto in_the_air = [&](const SentCall& other) {
      return other.ended && other.at <= each.at && each.at < *other.ended;
    };
    most = std::max(most, static_cast<size_t>(std::count_if(log.begin(), log.end(), in_the_air)));
  }
  return most;
}

std::vector<Clock::Time> TimesOf(const std::vector<SentCall>& log, const std::string& provider) {
  std::vector<Clock::Time> times;
  for (const SentCall& sent : log) {
    if (sent.provider == provider) times.push_back(sent.at);
  }
  return times;
}

}  // namespace muster
