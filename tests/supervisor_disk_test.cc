// A ledger that cannot grow or cannot be written: nothing is sent that it does not hold, nothing is
// shown, and nothing is lost that there is still a way to keep.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// No file of this process can grow while this lives, as on a full disk. Commits that need room in
// the log fail with "no space"; smaller files can still be written.
class FullDisk {
 public:
  explicit FullDisk(const std::string& ledger) {
    old_handler_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = std::filesystem::file_size(ledger + "-wal");
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

// A run whose disk is full from one moment to another; replies are large, so that the log must
// grow.
struct FullRun : TestRun {
  explicit FullRun(int64_t items) : TestRun(items) {
    script.plan = [](const std::string&) { return Chain(2); };
    script.provider = [](const SentCall&) {
      return FakeReply{.takes = milliseconds(500), .answer = std::string(50'000, 'a')};
    };
  }
  void Full(FakePool& pool, milliseconds from, std::optional<milliseconds> to) {
    pool.After(from, [this] { full.emplace(ledger_path()); });
    if (to) pool.After(*to, [this] { full.reset(); });
  }
  int64_t SentWithin(const SessionTrace& trace, milliseconds from, milliseconds to) const {
    return std::count_if(trace.log.begin(), trace.log.end(), [&](const SentCall& sent) {
      return sent.at > trace.began + from && sent.at < trace.began + to;
    });
  }
  std::optional<FullDisk> full;
};

TEST_CASE("supervisor: on a full disk nothing is sent, and it goes on once there is room") {
  FullRun run(12);
  auto trace = run.Run({.workers = 3, .watch_commits = true, .set_up = [&run](FakePool& pool) {
                          run.Full(pool, milliseconds(1'200), seconds(100));
                        }});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.Count(ItemStatus::kDone) == 12);
  // What was on its way when it became full, and not one more.
  CHECK(run.SentWithin(trace, milliseconds(1'210), seconds(100)) == 0);
  CHECK(run.sent() == 24);
  CHECK(trace.end.wall > seconds(100));
  CHECK(trace.progress.Noticed("cannot grow"));
  CHECK(trace.progress.Noticed("has room again"));
  CHECK(trace.progress.waits.contains("every call is waiting: the ledger cannot grow"));
  CHECK(trace.progress.lies == std::vector<std::string>{});
  CHECK(run.view().UnknownTries().empty());
  CHECK(run.script.spin < 5);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: the limit per minute holds when a full disk has room again") {
  FullRun run(30);
  run.config.providers["p"].limits.requests_per_minute = 4;
  auto trace = run.Run({.workers = 10, .set_up = [&run](FakePool& pool) {
                          run.Full(pool, milliseconds(300), minutes(10));
                        }});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(MostWithin(TimesOf(trace.log, "p"), seconds(60)) <= 4);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: the time that a full disk takes is no item's") {
  FullRun run(6);
  run.config.guard.item_time = seconds(60);
  auto trace = run.Run(
      {.set_up = [&run](FakePool& pool) { run.Full(pool, milliseconds(800), minutes(10)); }});
  CHECK(trace.end.exit_code == kAllDone);
  for (int i = 1; i <= 6; ++i) CHECK(run.RowOf(std::to_string(i)).attempts == 1);
}

TEST_CASE("supervisor: Ctrl+C on a full disk ends with what is lost said, and exit code 3") {
  for (milliseconds full_at : {milliseconds(1), milliseconds(300), milliseconds(1'200)}) {
    CAPTURE(full_at);
    FullRun run(12);
    auto trace = run.Run({.workers = 3, .set_up = [&](FakePool& pool) {
                            run.Full(pool, full_at, std::nullopt);
                            pool.After(seconds(20), [&pool] { pool.Signal(SIGINT); });
                          }});
    run.full.reset();
    CHECK(trace.end.exit_code == kLedgerFailure);
    CHECK(trace.end.wall < seconds(25));
    CHECK(trace.alive == 0);
    CHECK(trace.end.done == trace.end.counts[static_cast<size_t>(ItemStatus::kDone)]);
    auto again = run.Run({.workers = 3});
    CHECK(again.end.exit_code == kAllDone);
    CHECK(trace.end.done + again.end.done == 12);
    CHECK(static_cast<size_t>(run.sent()) <= 24 + run.view().UnknownTries().size());
    run.CheckBooks(again, true);
  }
}

TEST_CASE(
    "supervisor: a run whose last commit finds no room waits for it, or ends with exit code 3") {
  for (int signal : {0, SIGINT, SIGTERM}) {
    CAPTURE(signal);
    FullRun run(1);
    auto trace = run.Run({.workers = 1, .set_up = [&](FakePool& pool) {
                            // The reply to its second call is on the way.
                            run.Full(pool, milliseconds(900),
                                     signal ? std::optional<milliseconds>() : seconds(60));
                            if (signal == 0) return;
                            pool.After(seconds(5), [&pool, signal] { pool.Signal(signal); });
                            pool.After(seconds(7), [&pool, signal] { pool.Signal(signal); });
                          }});
    run.full.reset();
    CHECK(trace.end.exit_code == (signal ? kLedgerFailure : kAllDone));
    CHECK(trace.end.done == (signal ? 0 : 1));
    CHECK(trace.end.wall < seconds(70));
    CHECK(trace.alive == 0);
    CHECK(run.script.spin < 5);
  }
}

TEST_CASE("supervisor: a ledger that is gone ends the run at once with exit code 3") {
  FullRun run(12);
  auto trace = run.Run({.workers = 3, .set_up = [&run](FakePool& pool) {
                          pool.After(milliseconds(1'200),
                                     [&run] { std::filesystem::remove(run.ledger_path()); });
                        }});
  CHECK(trace.end.exit_code == kLedgerFailure);
  CHECK(trace.end.stopped_by.find(run.ledger_path()) != std::string::npos);
  CHECK(trace.end.wall < seconds(2));
  CHECK(run.SentWithin(trace, milliseconds(1'210), seconds(100)) <= 3);
  CHECK(trace.alive == 0);
  CHECK(run.script.spin < 5);
}

TEST_CASE(
    "supervisor: outputs that cannot be written do not stop the run, the next one writes them") {
  TestRun run(3);
  std::filesystem::create_directory(run.folder() / "2.txt");  // in the way
  auto trace = run.Run();
  CHECK(run.Count(ItemStatus::kDone) == 3);
  CHECK(trace.progress.Noticed("behind the ledger"));
  std::filesystem::remove(run.folder() / "2.txt");
  Books books(run.ledger(), run.config, run.prices, run.clock);
  CHECK(*OutputFiles(run.config, books).Repair() == 1);
  CHECK(run.OutputOf("2") == "ask=2/ask\n");
}

}  // namespace
}  // namespace muster
