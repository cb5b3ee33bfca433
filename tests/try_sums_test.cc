// The ledger's running sums against scans of the tries they sum: after histories of every kind, and
// after the supervisor's death.

#include "supervisor/ledger/try_sums.h"

#include <sys/resource.h>

#include <map>
#include <random>
#include <vector>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

using Figures = std::map<std::string, std::vector<int64_t>>;

// The tries as they are, by session, worker, provider and model; nothing here is ever so much money
// that a sum overflows.
Figures Scan(const std::string& path) {
  auto database = Database::Open(path, Database::Access::kReadOnly);
  REQUIRE(database);
  Figures figures;
  Rows rows = (*database)->Query(
      "SELECT t.session, t.worker, c.provider, c.model, count(*), sum(outcome = 1),"
      " sum(outcome = 2), sum(outcome = 3),"
      " sum(outcome IN (1, 2) AND cost IS NULL AND worst IS NULL),"
      " sum(outcome IN (1, 2) AND cost IS NULL AND worst IS NOT NULL),"
      " sum(outcome = 3 AND worst IS NULL), total(input), total(cached), total(cache_write),"
      " total(cache_write_1h), total(output), total(reasoning), max(simulated), total(cost),"
      " total(iif(outcome = 3 OR (outcome <> 0 AND cost IS NULL), worst, 0)),"
      " total(cache_saving), count(own_cost), total(own_cost),"
      " total(iif(own_cost IS NULL, 0, cost))"
      " FROM tries t JOIN calls c USING(call) GROUP BY 1, 2, 3, 4");
  while (rows.Next()) {
    auto& list =
        figures[fmt::format("{} {} {} {}", rows.Int(0), rows.Text(1), rows.Text(2), rows.Text(3))];
    for (int column = 4; column < 24; ++column) list.push_back(rows.Int(column));
  }
  CHECK_FALSE(rows.failed());
  return figures;
}

// The same of the sums.
Figures Kept(const std::string& path) {
  auto database = Database::Open(path, Database::Access::kReadOnly);
  REQUIRE(database);
  Figures figures;
  ForEachSum(**database, std::nullopt, [&](const SumRow& row) {
    const Totals& t = row.totals;
    if (t.tries == 0) return;
    figures[fmt::format("{} {} {} {}", row.key.session, row.key.worker, row.key.provider,
                        row.key.model)] = {t.tries,
                                           t.calls,
                                           t.failed_tries,
                                           t.unknown_tries,
                                           t.unpriced,
                                           t.unknown_usage,
                                           t.unknown_unbounded,
                                           t.usage.input,
                                           t.usage.cached,
                                           t.usage.cache_write,
                                           t.usage.cache_write_1h,
                                           t.usage.output,
                                           t.usage.reasoning,
                                           t.simulated,
                                           t.cost,
                                           t.unknown_cost,
                                           t.cache_saving,
                                           t.own_costs,
                                           t.own_cost,
                                           t.cost_beside_own};
  });
  return figures;
}

// Sessions whose calls begin, end and are tried again as dice say; some tries end a second time.
class History {
 public:
  explicit History(uint32_t seed) : random_(seed) { Open(); }

  void Open() { ledger_.emplace(OpenAt(path())); }
  // Whatever is in the air or not committed stays behind.
  void Kill() {
    ledger_.reset();
    sent_.clear();
    Open();
  }
  void Go(int acts) {
    for (int i = 0; i < acts; ++i) {
      if (Dice(3) > 0 || sent_.empty()) {
        Start();
      } else {
        End();
      }
      if (Dice(3) == 0) CommitAll(*ledger_);
    }
    CommitAll(*ledger_);
  }
  std::string path() const { return dir_ / "ledger"; }
  const LedgerView& view() const { return ledger_->view(); }

 private:
  int64_t Dice(int64_t sides) { return static_cast<int64_t>(random_()) % sides; }
  std::optional<int64_t> Perhaps(int64_t most) {
    return Dice(4) == 0 ? std::nullopt : std::optional(Dice(most));
  }

  void Start() {
    int64_t call = ledger_->TakeCallId();
    ledger_->Add(MakeItem(call, IdOf(call)));
    record::TryStarted started = StartTry(call, IdOf(call), Perhaps(1'000));
    started.provider = Dice(2) ? "p" : "q";
    started.model = fmt::format("m{}", Dice(2));
    started.worker = fmt::format("w{}", Dice(3));
    started.simulated = started.provider == "q";
    ledger_->Add(started);
    sent_.push_back({call, 1});
  }

  void End() {
    auto at = sent_.begin() + Dice(static_cast<int64_t>(sent_.size()));
    record::TryEnded ended =
        EndTry(at->first, static_cast<record::TryOutcome>(1 + Dice(3)), Perhaps(500));
    ended.number = at->second;
    if (Dice(3) > 0) ended.usage = Usage{Dice(90), Dice(9), Dice(9), Dice(90), Dice(9), Dice(9)};
    ended.cache_saving = Perhaps(50);
    ended.own_cost = Perhaps(400);
    ledger_->Add(ended);
    bool answered = ended.outcome == record::TryOutcome::kAnswered;
    // A late word about one that was given up is taken, too.
    if (answered || Dice(3) > 0) sent_.erase(at);
  }

  TempDir dir_;
  std::mt19937 random_;
  std::optional<Ledger> ledger_;
  std::vector<std::pair<int64_t, int64_t>> sent_;  // calls and numbers of tries that may end
};

TEST_CASE("try sums: they are what a scan of the tries says, over sessions that die") {
  int64_t unknown = 0;
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    History history(seed);
    for (int session = 0; session < 3; ++session) {
      history.Go(60);
      CHECK(Kept(history.path()) == Scan(history.path()));
      history.Kill();
      CHECK(Kept(history.path()) == Scan(history.path()));
    }
    unknown += history.view().RunTotals().unknown_tries;
  }
  CHECK(unknown > 0);
}

TEST_CASE("try sums: killed at any instant, the next session's sums are a scan's") {
  for (int round = 0; round < 6; ++round) {
    TempDir dir;
    std::string path = dir / "ledger";
    OpenAt(path);
    pid_t child = Fork([&] {
      auto ledger = Ledger::Open(path, TestSession());
      for (int64_t n = 1; ledger && n < 100'000; ++n) {
        if (DoItem(*ledger, n) != CommitOutcome::kCommitted) return 1;
      }
      return 2;
    });
    usleep(20'000 + 7'000 * round);
    kill(child, SIGKILL);
    CHECK(Wait(child) == -SIGKILL);
    OpenAt(path);
    CHECK(Kept(path) == Scan(path));
    OpenAt(path);
    CHECK(Kept(path) == Scan(path));
  }
}

TEST_CASE("try sums: what failed commits undid is counted once, when it is committed") {
  TempDir dir;
  std::string path = dir / "ledger";
  pid_t child = Fork([&] {
    signal(SIGXFSZ, SIG_IGN);
    Ledger ledger = OpenAt(path);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    rlimit small = limit;
    small.rlim_cur = 1'000'000;  // as on a full disk
    setrlimit(RLIMIT_FSIZE, &small);
    int64_t n = 1;
    while (n < 10'000 && DoItem(ledger, n) == CommitOutcome::kCommitted) ++n;
    for (int again = 0; again < 2; ++again) {
      if (ledger.Commit() != CommitOutcome::kNoSpace) return 1;
    }
    setrlimit(RLIMIT_FSIZE, &limit);
    if (ledger.Commit() != CommitOutcome::kCommitted) return 2;
    return DoItem(ledger, n + 1) == CommitOutcome::kCommitted ? 0 : 3;
  });
  CHECK(Wait(child) == 0);
  CHECK(Kept(path).size() == 1);
  CHECK(Kept(path) == Scan(path));
}

TEST_CASE("try sums: items done stand with their worker, over all sessions") {
  TempDir dir;
  for (int64_t session = 1; session <= 2; ++session) {
    Ledger ledger = OpenAt(dir / "ledger");
    REQUIRE(DoItem(ledger, session) == CommitOutcome::kCommitted);
    auto workers = ledger.view().TotalsByWorker();
    REQUIRE(workers.size() == 1);
    CHECK(workers[0].worker == "w1");
    CHECK(workers[0].items_done == session);
    CHECK(workers[0].totals.calls == session);
  }
}

}  // namespace
}  // namespace muster
