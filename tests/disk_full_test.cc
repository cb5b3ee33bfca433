// The whole program on disks that are full, become full and have room again: of the ledger, of the
// outputs, by bytes, by files and by a limit. Afterwards all invariants hold.

#include <signal.h>

#include "tests/ordeal.h"
#include "tests/small_disk.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// The reserve of the ledger and a little more.
const std::string kLittleRoom = "size=4352k";

bool Skipped(const SmallDisk& disk) {
  if (!disk.mounted()) MESSAGE("skipped: only root may mount a small file system");
  return !disk.mounted();
}

// Reads until the run says that its ledger cannot grow; false: it ended before.
bool ReadUntilFull(Child& run) { return run.ReadUntil("no call is sent until it can"); }

void Pass(Child& run, std::chrono::milliseconds time) {
  auto until = std::chrono::steady_clock::now() + time;
  run.ReadUntil([&] { return std::chrono::steady_clock::now() > until; });
}

// Nobody is asked while the ledger cannot grow: what had leave to go before, also what is still on
// its way to the provider, ends, and nothing follows.
void CheckNobodyIsAsked(Ordeal& ordeal, Child& run) {
  Pass(run, std::chrono::milliseconds(1'000));
  run.ReadUntil([&] { return ordeal.in_the_air() == 0; });
  int64_t asked = ordeal.asked();
  Pass(run, std::chrono::milliseconds(1'300));
  CHECK(ordeal.asked() == asked);
}

}  // namespace

TEST_CASE("disk full: no call is sent while the ledger cannot grow; with room again all is done") {
  Ordeal ordeal;
  SmallDisk disk(ordeal.run_dir(), kLittleRoom);
  if (Skipped(disk)) return;
  Child run(ordeal.Command());
  REQUIRE(ReadUntilFull(run));
  CheckNobodyIsAsked(ordeal, run);
  REQUIRE(disk.Remount("size=20m"));
  ChildEnd end = run.Wait();
  ordeal.Note(end, false);
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Has(end.out, "the ledger has room again"));
  ordeal.FinishAndCheck();
}

TEST_CASE("disk full: stopped while there is no room, it says so with 3, and loses no done item") {
  for (int signal : {SIGINT, SIGTERM, SIGKILL}) {
    CAPTURE(signal);
    Ordeal ordeal;
    SmallDisk disk(ordeal.run_dir(), kLittleRoom);
    if (Skipped(disk)) return;
    Child run(ordeal.Command());
    REQUIRE(ReadUntilFull(run));
    run.ReadUntil([&] { return ordeal.in_the_air() == 0; });
    run.Signal(signal);
    ChildEnd end = run.Wait();
    ordeal.Note(end, true);  // what could not be committed is as lost as by a kill
    ++ordeal.witness().all_workers_killed;
    if (signal != SIGKILL) CHECK((end.code == 3 || end.code == 128 + signal));
    REQUIRE(disk.Remount("size=20m"));
    ordeal.Check();
    ordeal.FinishAndCheck();
  }
}

TEST_CASE("disk full: a disk without room for a ledger is told before anything is sent") {
  for (const char* options : {"size=4k", "size=16k", "nr_inodes=2", "nr_inodes=3"}) {
    CAPTURE(options);
    Ordeal ordeal;
    SmallDisk disk(ordeal.run_dir(), options);
    if (Skipped(disk)) return;
    ChildEnd end = RunChild(ordeal.Command());
    CHECK((end.code == 2 || end.code == 3));
    CHECK_MESSAGE(LinesOf(end.err).size() == 1, end.err);
    CHECK(ordeal.asked() == 0);
    REQUIRE(disk.Remount("size=20m,nr_inodes=1000"));
    ordeal.FinishAndCheck();
  }
}

TEST_CASE("disk full: at a limit of the file size the ledger waits, and the signal is none") {
  Ordeal ordeal;
  // In blocks of 1024 bytes.
  Child run(ordeal.Command({"bash", "-c", "ulimit -f 160; exec \"$@\"", "bash"}));
  REQUIRE(ReadUntilFull(run));
  CheckNobodyIsAsked(ordeal, run);
  run.Signal(SIGTERM);
  ChildEnd end = run.Wait();
  ordeal.Note(end, true);
  ++ordeal.witness().all_workers_killed;
  CHECK((end.code == 3 || end.code == 128 + SIGTERM));
  ordeal.Check();
  ordeal.FinishAndCheck();
}

TEST_CASE("disk full: outputs that find no room are behind, are told, and come with the next run") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  SmallDisk disk(place / "small", "size=4k");  // less than two of them take
  if (Skipped(disk)) return;
  Args out{"--output-dir", place / "small/texts"};
  SUBCASE("room comes with the next run") {
    ChildEnd end = place.RunToEnd(out);
    CHECK(end.code == 1);
    CHECK(Has(end.out, "outputs are behind the ledger"));
    CHECK(CountIn(place.Status(), "counts", "done") == 3);
    REQUIRE(disk.Remount("size=4m"));
    CHECK(place.RunToEnd(out).code == 0);
  }
  SUBCASE("room comes while it runs") {
    server.SetScript(R"({"rules": [{"action": {"delay_ms": 100}}]})");
    Child run(place.Run(out + Args{"--workers", "1"}));
    REQUIRE(run.ReadUntil("outputs are behind the ledger"));
    REQUIRE(disk.Remount("size=4m"));
    CHECK(run.Wait().code == 0);
  }
  CHECK(place.FilesIn("small/texts/transcripts").size() == 3);
  CHECK(server.Book("asked") == 24);
}

}  // namespace muster
