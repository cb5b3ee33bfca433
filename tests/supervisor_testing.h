#pragma once

// What the tests of the supervisor share: a run of a few items in a fake world, over as many
// sessions as a test likes. Ledger, books, governor, desk, crew and queue are the real ones.

#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/intake.h"
#include "supervisor/supervisor.h"
#include "tests/config_testing.h"
#include "tests/fake_pool.h"

namespace muster {

// Remembers what it was told. With a ledger's path it looks there, as another process would,
// whether what it is told is true already.
class FakeProgress : public Progress {
 public:
  explicit FakeProgress(std::string ledger = "") : ledger_(std::move(ledger)) {}

  void RunStarts(const RunPlan&) override {}
  void ItemStarts(const std::string& id, const std::string&, int64_t) override {
    starts.push_back(id);
  }
  void StepEvent(const std::string&, const std::string&, const std::string&) override {}
  void StepProgress(const std::string&, const std::string&) override {}
  void ItemEnds(const ItemReport& report) override;
  void Notice(NoticeKind, const std::string& text) override { notices.push_back(text); }
  void Refresh(const Snapshot& snapshot) override;
  void RunEnds(const RunSummary&) override {}

  bool Noticed(const std::string& part) const;

  std::vector<std::string> starts;
  std::vector<ItemReport> ends;
  std::vector<std::string> notices;
  std::set<std::string> waits;
  std::vector<std::string> lies;  // what was shown before it was committed
  Snapshot last;

 private:
  const LedgerView* View();

  std::string ledger_;
  std::optional<LedgerView> view_;
};

// How one session is to be run.
struct SessionOptions {
  size_t workers = 2;
  Selection selection = {};
  bool retry_failed = false;
  bool lanes_known = true;                     // false: as when no item's first step is a chat
  bool watch_commits = false;                  // FakeProgress looks into the file
  bool control = false;                        // people can talk to it, in its folder
  uint64_t seed = 1;                           // of the governor
  std::function<void(FakePool&)> set_up = {};  // before the first turn
};

// What is left of a session.
struct SessionTrace {
  SessionEnd end;
  bool crashed = false;
  std::vector<SentCall> log;  // what this session sent
  FakeProgress progress;
  size_t alive = 0;                    // workers afterwards
  std::optional<Totals> books, own;    // of the run and the session, as the books hold them
  size_t in_the_air = 0, waiting = 0;  // the governor's counts at the end
  std::vector<std::pair<WorkerId, ToWorker>> told;
  std::vector<std::pair<WorkerId, int>> killed;
  Clock::Time began, ended;
};

// Items 1..N of a run in a folder of its own.
class TestRun {
 public:
  explicit TestRun(int64_t items);

  SessionTrace Run(const SessionOptions& options = {});

  const LedgerView& view() const { return ledger_->view(); }
  Ledger& ledger() { return *ledger_; }
  void Close() { ledger_.reset(); }
  std::string ledger_path() const { return folder_ / "ledger.sqlite"; }
  std::string OutputOf(const std::string& item) const;

  ItemStatus StatusOf(const std::string& item) const { return RowOf(item).status; }
  ItemRow RowOf(const std::string& item) const;
  int64_t Count(ItemStatus status) const;
  // How often the provider was sent something, in all sessions, by item.
  int64_t SentOf(const std::string& item) const;
  int64_t sent() const { return static_cast<int64_t>(script.log.size()); }

  // Sums by worker, over all tries and of the books agree, and with the provider's own log.
  // `unsent`: the supervisor or a worker was killed, perhaps between an intent and its sending.
  void CheckBooks(const SessionTrace& last, bool unsent = false) const;

  ConfigFolder& folder() { return folder_; }

  Config config;
  FakeClock clock;
  FakeScript script;
  PriceTable prices;

 private:
  void Open();
  void Prime(Governor& governor) const;
  void TellLanes();

  // Power cuts are not the subject here: in memory, where the machine has such a place.
  static const char* Place();
  TestVariable place_{"TMPDIR", Place()};
  ConfigFolder folder_;
  std::optional<Ledger> ledger_;
};

// ---- short scripts ----

Failure MakeFailure(FailureKind kind, std::optional<int64_t> retry_after_ms = std::nullopt);
// A reply that is `failure` after `takes`.
FakeReply FailedReply(Failure failure,
                      std::chrono::milliseconds takes = std::chrono::milliseconds(100));
// That fault at that moment of an item's first `attempts` attempts.
std::function<Fault(const Point&)> Once(Moment moment, const std::string& item, Fault fault,
                                        int64_t attempts = 1);
// `calls` calls one after another, steps s1, s2, …
FakePlan Chain(size_t calls, const std::string& provider = "p");
// One step of `calls` calls, `width` at a time, steps f1, f2, …
FakePlan Fan(size_t calls, size_t width, const std::string& provider = "p");

// The largest number of times within any `window`.
size_t MostWithin(std::vector<Clock::Time> times, std::chrono::milliseconds window);
// The largest number of calls in the air at one time; calls whose worker died end at that moment,
// which is not known here, so they are left out.
size_t MostInTheAir(const std::vector<SentCall>& log);
std::vector<Clock::Time> TimesOf(const std::vector<SentCall>& log, const std::string& provider);

}  // namespace muster
