// kill -9 of the supervisor, of workers and of everything at once, at moments that are drawn, with
// all invariants asked after every one. make torture does the same ten thousand times; this is what
// every test run does of it, and with the ordinary build of the suite.

#include <signal.h>

#include <random>

#include "tests/ordeal.h"
#include "tests/process_testing.h"
#include "tests/torture/processes.h"
#include "tests/workplace.h"

namespace muster {
namespace {

int64_t Rounds() {
  const char* asked = std::getenv("MUSTER_CRASHES");
  return asked ? std::atoll(asked) : 6;
}

using Dice = std::mt19937_64;

int64_t Draw(Dice& dice, int64_t most) { return static_cast<int64_t>(dice() % (most + 1)); }

// Lets it run into a request that is drawn, or for a few of its first milliseconds.
void LetRun(Ordeal& ordeal, Child& run, Dice& dice) {
  if (dice() % 2 == 0) {
    usleep(static_cast<useconds_t>(Draw(dice, 50'000)));
    return;
  }
  int64_t target = ordeal.asked() + 1 + Draw(dice, 8);
  run.ReadUntil([&] { return ordeal.asked() >= target; });
  usleep(static_cast<useconds_t>(Draw(dice, 20'000)));
}

}  // namespace

TEST_CASE("crash: the supervisor killed at drawn moments of start, work and recovery: I1 to I12") {
  for (int64_t round = 1; round <= Rounds(); ++round) {
    CAPTURE(round);
    Dice dice(static_cast<uint64_t>(round));
    Ordeal ordeal({2, 2, static_cast<uint64_t>(round)});
    for (int64_t kill = 0; kill < 4; ++kill) {
      Child run(ordeal.Command());
      LetRun(ordeal, run, dice);
      run.Signal(SIGKILL);
      ordeal.Note(run.Wait(), true);
      ordeal.Check();
    }
    ordeal.FinishAndCheck();
  }
}

TEST_CASE("crash: workers, and all processes at once, killed at drawn moments: I1 to I12") {
  for (int64_t round = 1; round <= Rounds(); ++round) {
    CAPTURE(round);
    Dice dice(static_cast<uint64_t>(1'000 + round));
    Ordeal ordeal({2, 2, static_cast<uint64_t>(round)});
    for (int64_t kill = 0; kill < 2; ++kill) {
      Child run(ordeal.Command());
      LetRun(ordeal, run, dice);
      for (pid_t worker : torture::WorkersOf(run.pid())) {
        ordeal.witness().workers_killed += torture::SignalChild(run.pid(), worker, SIGKILL);
      }
      LetRun(ordeal, run, dice);
      for (pid_t worker : run.Children()) torture::SignalChild(run.pid(), worker, SIGKILL);
      ++ordeal.witness().all_workers_killed;
      run.Signal(SIGKILL);
      ordeal.Note(run.Wait(), true);
      ordeal.Check();
    }
    ordeal.FinishAndCheck();
  }
}

TEST_CASE("crash: killed, and at once begun again, many times over: nothing stale is in the way") {
  Ordeal ordeal({2, 2, 7});
  int64_t refused = 0;
  for (int64_t i = 0; i < 30; ++i) {
    Child run(ordeal.Command());
    bool begun = run.ReadUntil("run directory");
    run.Signal(SIGKILL);
    ChildEnd end = run.Wait();
    ordeal.Note(end, true);
    refused += end.code == 4;
    CHECK_MESSAGE((begun || end.code == 0), end.err);
  }
  CHECK(refused == 0);
  ordeal.Check();
  ordeal.FinishAndCheck();
}

TEST_CASE("crash: of many that are started at once exactly one works, the others touch nothing") {
  Ordeal ordeal({2, 2, 9});
  std::vector<std::unique_ptr<Child>> all;
  for (int i = 0; i < 12; ++i) all.push_back(std::make_unique<Child>(ordeal.Command()));
  int worked = 0, refused = 0, late = 0;
  for (auto& each : all) {
    ChildEnd end = each->Wait();
    ordeal.Note(end, false);
    bool idle = Has(end.out, "nothing to do");  // came when the first had done all
    worked += end.code == 0 && !idle;
    late += end.code == 0 && idle;
    refused += end.code == 4;
  }
  CHECK(worked == 1);
  CHECK(worked + late + refused == 12);
  ordeal.FinishAndCheck();
}

}  // namespace muster
