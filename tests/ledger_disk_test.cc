// Disks that are full, limited, read-only or fail to flush: nothing committed is lost, nothing is
// thrown away.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

#include "tests/ledger_testing.h"
#include "tests/small_disk.h"

namespace muster {
namespace {

// Does items until the disk is full; how many are done. The next one is in the batch, in part.
int64_t FillUp(Ledger& ledger) {
  for (int64_t n = 1; n < 100'000; ++n) {
    CommitOutcome outcome = DoItem(ledger, n);
    if (outcome != CommitOutcome::kCommitted) {
      CHECK_MESSAGE(outcome == CommitOutcome::kNoSpace, ledger.last_error());
      return n - 1;
    }
  }
  return -1;
}

TEST_CASE("ledger: on a full disk the batch is kept, and committed once there is space") {
  TempDir dir;
  SmallDisk disk(dir / "disk", "size=4m");
  if (!disk.mounted()) {
    MESSAGE("skipped: only root may mount a small file system");
    return;
  }
  {
    auto ledger = Ledger::Open(dir / "disk/ledger", TestSession());
    REQUIRE_MESSAGE(ledger, ledger.error());
    int64_t done = FillUp(*ledger);
    REQUIRE(done > 20);
    size_t kept = ledger->pending();
    REQUIRE(kept > 0);
    CHECK_FALSE(ledger->last_error().empty());
    CHECK(ledger->Commit() == CommitOutcome::kNoSpace);
    CHECK(ledger->pending() == kept);
    CHECK(HoldsAnswer(ledger->view(), done));
    REQUIRE(disk.Remount("size=16m"));
    CHECK(ledger->Commit() == CommitOutcome::kCommitted);
    CHECK(ledger->pending() == 0);
    CHECK(ledger->view().FindItem(IdOf(done + 1)));
    for (int64_t n = done + 2; n < done + 50; ++n) {
      REQUIRE(DoItem(*ledger, n) == CommitOutcome::kCommitted);
    }
    for (int64_t n = 1; n <= done; ++n) REQUIRE(HoldsAnswer(ledger->view(), n));
  }
  CHECK(Intact(dir / "disk/ledger"));
}

TEST_CASE("ledger: killed on a full disk, everything committed is there after") {
  TempDir dir;
  SmallDisk disk(dir / "disk", "size=4m");
  if (!disk.mounted()) {
    MESSAGE("skipped: only root may mount a small file system");
    return;
  }
  int done = Wait(Fork([&] {
    auto ledger = Ledger::Open(dir / "disk/ledger", TestSession());
    _exit(static_cast<int>(std::min<int64_t>(FillUp(*ledger), 255)));
    return 0;
  }));
  REQUIRE(done > 20);
  REQUIRE(disk.Remount("size=16m"));
  auto ledger = Ledger::Open(dir / "disk/ledger", TestSession());
  REQUIRE_MESSAGE(ledger, ledger.error());
  for (int64_t n = 1; n <= done; ++n) REQUIRE(HoldsAnswer(ledger->view(), n));
  CHECK(Intact(dir / "disk/ledger"));
}

TEST_CASE("ledger: in a folder that cannot be written it is read, and not opened for writing") {
  TempDir dir;
  SmallDisk disk(dir / "disk", "size=1m");
  if (!disk.mounted()) {
    MESSAGE("skipped: only root may mount a small file system");
    return;
  }
  {
    auto ledger = Ledger::Open(dir / "disk/ledger", TestSession());
    REQUIRE(ledger);
    REQUIRE(DoItem(*ledger, 1) == CommitOutcome::kCommitted);
  }
  REQUIRE(disk.Remount("size=1m", MS_RDONLY));
  auto view = LedgerView::Open(dir / "disk/ledger");
  REQUIRE_MESSAGE(view, view.error());
  CHECK(HoldsAnswer(*view, 1));
  auto ledger = Ledger::Open(dir / "disk/ledger", TestSession());
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().find(dir / "disk/ledger") != std::string::npos);
}

TEST_CASE("ledger: the room that is kept takes the batch of a full disk, until it is kept again") {
  TempDir dir;
  SmallDisk disk(dir / "disk", "size=9m");
  if (!disk.mounted()) {
    MESSAGE("skipped: only root may mount a small file system");
    return;
  }
  {
    auto ledger = Ledger::Open(dir / "disk/ledger", TestSession());
    REQUIRE_MESSAGE(ledger, ledger.error());
    REQUIRE(ledger->KeepRoom());
    int64_t n = 1;
    CommitOutcome outcome = CommitOutcome::kCommitted;
    while (outcome == CommitOutcome::kCommitted && n < 100'000) outcome = DoItem(*ledger, n++);
    REQUIRE(outcome == CommitOutcome::kLastRoom);
    CHECK(ledger->pending() == 0);
    CHECK_FALSE(ledger->last_error().empty());
    CHECK_FALSE(std::filesystem::exists(dir / "disk/ledger-reserve"));
    for (int64_t i = 1; i + 1 < n; ++i) REQUIRE(HoldsAnswer(ledger->view(), i));
    CHECK(DoItem(*ledger, n) == CommitOutcome::kLastRoom);
    CHECK_FALSE(ledger->KeepRoom());
    CHECK(ledger->Commit() == CommitOutcome::kLastRoom);
    REQUIRE(disk.Remount("size=32m"));
    CHECK(ledger->KeepRoom());
    CHECK(DoItem(*ledger, n + 1) == CommitOutcome::kCommitted);
  }
  CHECK(Intact(dir / "disk/ledger"));
  CHECK_FALSE(std::filesystem::exists(dir / "disk/ledger-reserve"));
}

void LimitFileSize(rlim_t bytes) {
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_CASE("ledger: at a limit of the file size the batch is kept, as on a full disk") {
  TempDir dir;
  int end = Wait(Fork([&] {
    signal(SIGXFSZ, SIG_IGN);
    auto ledger = Ledger::Open(dir / "ledger", TestSession());
    if (!ledger) return 1;
    LimitFileSize(2'400'000);
    int64_t done = FillUp(*ledger);
    if (done < 20 || ledger->pending() == 0) return 2;
    if (ledger->Commit() != CommitOutcome::kNoSpace) return 3;
    LimitFileSize(RLIM_INFINITY);
    if (ledger->Commit() != CommitOutcome::kCommitted || ledger->pending() != 0) return 4;
    for (int64_t n = 1; n <= done; ++n) {
      if (!HoldsAnswer(ledger->view(), n)) return 5;
    }
    return DoItem(*ledger, done + 2) == CommitOutcome::kCommitted ? 0 : 6;
  }));
  CHECK(end == 0);
  CHECK(Intact(dir / "ledger"));
}

// The descriptor of this process that has `path` open, or -1.
int DescriptorOf(const std::string& path) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == path) {
      return std::stoi(entry.path().filename());
    }
  }
  return -1;
}

// Puts a device under an open file of the ledger: what is written and flushed goes there.
bool Replace(const std::string& path, const char* device) {
  int old = DescriptorOf(path);
  int fd = open(device, O_RDWR | O_CLOEXEC);
  return old >= 0 && fd >= 0 && dup2(fd, old) == old;
}

TEST_CASE("ledger: after a flush that failed nothing is written any more, and nothing is lost") {
  TempDir dir;
  int end = Wait(Fork([&] {
    auto ledger = Ledger::Open(dir / "ledger", TestSession());
    if (!ledger || DoItem(*ledger, 1) != CommitOutcome::kCommitted) return 1;
    std::string log = std::filesystem::canonical(dir / "ledger-wal");
    if (!Replace(log, "/dev/null")) return 2;  // takes every byte, but cannot be flushed
    if (DoItem(*ledger, 2) != CommitOutcome::kBroken) return 3;
    if (ledger->last_error().empty() || ledger->pending() == 0) return 4;
    return ledger->Commit() == CommitOutcome::kBroken ? 0 : 5;
  }));
  CHECK(end == 0);
  auto ledger = Ledger::Open(dir / "ledger", TestSession());
  REQUIRE_MESSAGE(ledger, ledger.error());
  CHECK(HoldsAnswer(ledger->view(), 1));
  CHECK_FALSE(ledger->view().FindItem(IdOf(2)));
  CHECK(Intact(dir / "ledger"));
}

}  // namespace
}  // namespace muster
