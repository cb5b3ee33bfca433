// Real runs on disks that are full, or have no files left: what is paid for is in the ledger at
// once, nothing more is asked until there is room, and then it goes on as if nothing had been.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "tests/small_disk.h"
#include "tests/workplace.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr size_t kItems = 4;
constexpr int64_t kCalls = kItems * 8;

// Takes all that is left of a disk while it lives.
class Filler {
 public:
  explicit Filler(const std::string& folder) : path_(folder + "/filler") {
    Fd file(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string bytes(65536, 'x');
    for (size_t size = bytes.size(); size > 0; size /= 16) {
      while (write(file.get(), bytes.data(), size) > 0) {
      }
    }
  }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;
  ~Filler() { unlink(path_.c_str()); }

 private:
  std::string path_;
};

// A run on a small disk of its own, whose answers take a while.
struct SmallRun {
  explicit SmallRun(const char* options) : place(kItems), disk(place / "disk", options) {
    place.Ask(server);
    if (!disk.mounted()) MESSAGE("skipped: only root may mount a small file system");
  }

  ChildOptions Options() const {
    return place.Run({"--run", "disk/run", "--output-dir", "disk/out", "-j", "3"});
  }
  ChildEnd RunToEnd() const { return RunChild(Options()); }
  Json Status() const { return place.Status("disk/run"); }
  Files Outputs() const { return place.FilesIn("disk/out/transcripts"); }

  // Some calls answered, some in the air.
  void RunIntoTheMiddle(Child& run) const {
    REQUIRE(run.ReadUntil([&] {
      Json books = server.Books();
      return *IntMember(books, "answered") >= 6 && *IntMember(books, "in_air") >= 2;
    }));
  }
  // Full from one moment to the next; then all that was asked is answered and in the ledger.
  void FillUp(Child& run) {
    filler.emplace(place / "disk");
    REQUIRE(run.ReadUntil("no call is sent until it can"));
    REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 0; }));
    REQUIRE(run.ReadUntil(
        [&] { return CountIn(Status(), "totals", "calls") == server.Book("answered"); }));
  }
  // Everything is done, and each call was asked for once in all.
  void CheckDone() const {
    Json status = Status();
    CHECK(CountIn(status, "counts", "done") == kItems);
    CHECK(CountIn(status, "totals", "unknown_tries") == 0);
    CHECK(CountIn(status, "totals", "tries") == kCalls);
    CHECK(server.Book("asked") == kCalls);
    CHECK(server.Book("repeats_of_answered") == 0);
    CHECK(Outputs().size() == kItems);
    CHECK_FALSE(std::filesystem::exists(place / "disk/run/ledger.sqlite-reserve"));
  }

  FakeServer server{"", {"--latency-ms=40"}};
  Workplace place;
  SmallDisk disk;
  std::optional<Filler> filler;
};

}  // namespace

TEST_CASE("e2e: on a full disk nothing is asked, and it goes on once there is room") {
  SmallRun small("size=24m");
  if (!small.disk.mounted()) return;
  Child run(small.Options());
  small.RunIntoTheMiddle(run);
  small.FillUp(run);
  int64_t asked = small.server.Book("asked");
  std::this_thread::sleep_for(milliseconds(2'500));
  CHECK(small.server.Book("asked") == asked);
  small.filler.reset();
  ChildEnd end = run.Wait();
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Has(end.out + end.err, "the ledger has room again"));
  small.CheckDone();
}

TEST_CASE("e2e: kill -9, Ctrl+C and SIGTERM on a full disk lose nothing that was paid for") {
  for (int signal : {SIGKILL, SIGINT, SIGTERM}) {
    CAPTURE(signal);
    SmallRun small("size=24m");
    if (!small.disk.mounted()) return;
    {
      Child run(small.Options());
      small.RunIntoTheMiddle(run);
      small.FillUp(run);
      run.Signal(signal);
      ChildEnd end = run.Wait();
      CHECK_MESSAGE(end.code == 128 + signal, end.out << end.err);
    }
    CHECK(CountIn(small.Status(), "totals", "unknown_tries") == 0);
    CHECK(small.Status()["in_the_air"].size() == 0);
    small.filler.reset();
    ChildEnd resumed = small.RunToEnd();
    REQUIRE_MESSAGE(resumed.code == 0, resumed.out << resumed.err);
    small.CheckDone();
  }
}

TEST_CASE("e2e: Ctrl+C the moment the disk is full: answers on their way are awaited and kept") {
  SmallRun small("size=24m");
  if (!small.disk.mounted()) return;
  {
    Child run(small.Options());
    small.RunIntoTheMiddle(run);
    small.filler.emplace(small.place / "disk");
    run.Signal(SIGINT);
    ChildEnd end = run.Wait();
    CHECK_MESSAGE(end.code == 128 + SIGINT, end.out << end.err);
  }
  CHECK(CountIn(small.Status(), "totals", "calls") == small.server.Book("asked"));
  small.filler.reset();
  REQUIRE(small.RunToEnd().code == 0);
  small.CheckDone();
}

TEST_CASE("e2e: a run on a disk that is full already sends nothing and says why") {
  SmallRun small("size=24m");
  if (!small.disk.mounted()) return;
  small.filler.emplace(small.place / "disk");
  for (int i = 0; i < 2; ++i) {
    ChildEnd end = small.RunToEnd();
    CHECK(end.code == 3);
    CHECK(end.err != "");
  }
  CHECK(small.server.Book("asked") == 0);
  small.filler.reset();
  REQUIRE(small.RunToEnd().code == 0);
  small.CheckDone();
}

TEST_CASE("e2e: without files left for outputs the run ends, and the next one writes them") {
  SmallRun small("size=24m,nr_inodes=12");
  if (!small.disk.mounted()) return;
  ChildEnd end = small.RunToEnd();
  CHECK_MESSAGE(Has(end.out + end.err, "behind the ledger"), end.out << end.err);
  CHECK(CountIn(small.Status(), "counts", "done") == kItems);
  CHECK(small.Outputs().size() < kItems);
  REQUIRE(small.disk.Remount("size=24m,nr_inodes=1000"));
  ChildEnd again = small.RunToEnd();
  CHECK_MESSAGE(again.code == 0, again.out << again.err);
  small.CheckDone();
}

TEST_CASE("e2e: at a limit on the size of files a run waits as on a full disk; Ctrl+C says so") {
  SmallRun small("size=64m");
  if (!small.disk.mounted()) return;
  {
    ChildOptions options = small.Options();
    Args limited{"/bin/sh", "-c", "ulimit -f 1000; exec \"$@\"", "sh"};  // blocks of 512 bytes
    options.argv.insert(options.argv.begin(), limited.begin(), limited.end());
    Child run(options);
    REQUIRE(run.ReadUntil("no call is sent until it can"));
    run.Signal(SIGINT);
    ChildEnd end = run.Wait();
    CHECK_MESSAGE(end.code == 3, end.out << end.err);
  }
  ChildEnd resumed = small.RunToEnd();
  REQUIRE_MESSAGE(resumed.code == 0, resumed.out << resumed.err);
  Json status = small.Status();
  CHECK(CountIn(status, "counts", "done") == kItems);
  CHECK(small.server.Book("asked") <= kCalls + CountIn(status, "totals", "unknown_tries"));
  CHECK(small.Outputs().size() == kItems);
}

}  // namespace muster
