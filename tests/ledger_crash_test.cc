// What is committed survives kills at any moment, also in the middle of opening and creating.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>

#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

using std::chrono::microseconds;

// Does items for ever from the first that is not there; reports each on `pipe` once committed.
int WriteForEver(const std::string& path, int pipe) {
  auto ledger = Ledger::Open(path, TestSession());
  if (!ledger) return 1;
  for (int64_t n = ledger->view().MaxPosition() + 1;; ++n) {
    if (DoItem(*ledger, n) != CommitOutcome::kCommitted) return 2;
    if (write(pipe, &n, sizeof n) != sizeof n) return 3;
  }
}

// Lets a writer live until it has reported `items` of its own and for `more` time; all that it has
// reported then.
std::vector<int64_t> RunAndKill(const std::string& path, size_t items, microseconds more) {
  int pipe_ends[2];
  REQUIRE(pipe2(pipe_ends, O_CLOEXEC) == 0);
  pid_t child = Fork([&] { return WriteForEver(path, pipe_ends[1]); });
  close(pipe_ends[1]);
  std::vector<int64_t> reported;
  auto read_one = [&] {
    int64_t n = 0;
    if (read(pipe_ends[0], &n, sizeof n) != sizeof n) return false;
    reported.push_back(n);
    return true;
  };
  while (reported.size() < items && read_one()) {
  }
  std::this_thread::sleep_for(more);
  kill(child, SIGKILL);
  while (read_one()) {
  }
  close(pipe_ends[0]);
  REQUIRE(Wait(child) == -SIGKILL);
  return reported;
}

// What must hold of a ledger whose writer was killed up to `kills` times.
void CheckConsistent(const LedgerView& view, int kills) {
  Totals totals = view.RunTotals();
  int64_t done = CountOf(view, ItemStatus::kDone);
  CHECK(totals.calls == done);
  CHECK(totals.tries == done + totals.unknown_tries);
  CHECK(totals.unknown_tries <= kills);
  CHECK(totals.unknown_cost == 1000 * totals.unknown_tries);
  CHECK(static_cast<int64_t>(view.UnknownTries().size()) == totals.unknown_tries);
  CHECK(CountOf(view, ItemStatus::kRunning) == 0);
  CHECK(CountOf(view, ItemStatus::kPending) == totals.unknown_tries);
  CHECK(view.InTheAir().empty());
  int64_t outputs = 0;
  view.ForEachOutput(true, [&](const OutputRow&) { ++outputs; });
  CHECK(outputs == done);
}

TEST_CASE("ledger: nothing that was reported committed is lost, however often the writer dies") {
  TempDir dir;
  std::mt19937 random(3);
  std::vector<int64_t> reported;
  constexpr int kKills = 80;
  for (int kills = 1; kills <= kKills; ++kills) {
    CAPTURE(kills);
    // Half of them while it is still opening or at its first item.
    size_t items = kills % 2 ? 0 : 1 + random() % 6;
    auto more = microseconds(random() % 5'000);
    for (int64_t n : RunAndKill(dir / "ledger", items, more)) reported.push_back(n);
    auto ledger = Ledger::Open(dir / "ledger", TestSession());
    REQUIRE_MESSAGE(ledger, ledger.error());
    CheckConsistent(ledger->view(), kills);
    if (!reported.empty()) CHECK(HoldsAnswer(ledger->view(), reported.back()));
  }
  auto ledger = Ledger::Open(dir / "ledger", TestSession());
  REQUIRE(ledger);
  MESSAGE("committed and reported over " << kKills << " kills: " << reported.size());
  CHECK(reported.size() >= kKills / 2);
  for (int64_t n : reported) REQUIRE(HoldsAnswer(ledger->view(), n));
  CHECK(Intact(dir / "ledger"));
}

TEST_CASE("ledger: a kill in the middle of opening changes nothing about what is recovered") {
  TempDir dir;
  REQUIRE(Wait(Fork([&] {
            auto ledger = Ledger::Open(dir / "ledger", TestSession());
            for (int64_t n = 1; n <= 20; ++n) DoItem(*ledger, n);
            for (int64_t n = 21; n <= 30; ++n) {
              ledger->Add(MakeItem(n, IdOf(n)));
              ledger->Add(record::AttemptStarted{IdOf(n), 1, "w1", n});
              ledger->Add(StartTry(ledger->TakeCallId(), IdOf(n)));
            }
            bool committed = ledger->Commit() == CommitOutcome::kCommitted;
            _exit(committed ? 0 : 1);
            return 1;
          })) == 0);
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    pid_t child = Fork([&] {
      auto ledger = Ledger::Open(dir / "ledger", TestSession());
      return ledger ? 0 : 1;
    });
    std::this_thread::sleep_for(microseconds(random() % 4'000));
    kill(child, SIGKILL);
    CHECK(Wait(child) != 1);
  }
  auto ledger = Ledger::Open(dir / "ledger", TestSession());
  REQUIRE_MESSAGE(ledger, ledger.error());
  CheckConsistent(ledger->view(), 10);
  CHECK(ledger->view().RunTotals().unknown_tries == 10);
  CHECK(CountOf(ledger->view(), ItemStatus::kDone) == 20);
  CHECK(Intact(dir / "ledger"));
}

TEST_CASE("ledger: a kill in the middle of creating leaves what the next start can use") {
  std::mt19937 random(9);
  int made = 0;
  for (int i = 0; i < 40; ++i) {
    TempDir dir;
    CAPTURE(i);
    pid_t child = Fork([&] { return Ledger::Open(dir / "ledger", TestSession()) ? 0 : 1; });
    std::this_thread::sleep_for(microseconds(random() % 5'000));
    kill(child, SIGKILL);
    Wait(child);
    made += std::filesystem::exists(dir / "ledger") ? 1 : 0;
    auto ledger = Ledger::Open(dir / "ledger", TestSession());
    REQUIRE_MESSAGE(ledger, ledger.error());
    CHECK(DoItem(*ledger, 1) == CommitOutcome::kCommitted);
    CHECK(Intact(dir / "ledger"));
  }
  CHECK(made > 0);
}

}  // namespace
}  // namespace muster
