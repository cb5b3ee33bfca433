#include "supervisor/ledger/reserve.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/ledger_testing.h"
#include "tests/small_disk.h"

namespace muster {
namespace {

constexpr int64_t kBytes = 1 << 20;

int64_t BytesOnDisk(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? int64_t{info.st_blocks} * 512 : -1;
}

TEST_CASE("reserve: what it keeps is really taken from the disk, and is free once given up") {
  TempDir dir;
  Reserve reserve(dir / "room", kBytes);
  CHECK_FALSE(reserve.GiveUp());
  REQUIRE(reserve.Take());
  CHECK(reserve.Take());
  CHECK(BytesOnDisk(dir / "room") >= kBytes);
  CHECK(reserve.GiveUp());
  CHECK(BytesOnDisk(dir / "room") == -1);
  CHECK_FALSE(reserve.GiveUp());
}

TEST_CASE("reserve: goes with its owner; what a killed process left is taken over") {
  TempDir dir;
  int end = Wait(Fork([&] {
    Reserve reserve(dir / "room", kBytes);
    if (reserve.Take()) raise(SIGKILL);
    return 1;
  }));
  CHECK(end == -SIGKILL);
  CHECK(BytesOnDisk(dir / "room") >= kBytes);
  {
    Reserve reserve(dir / "room", kBytes);
    CHECK(reserve.Take());
  }
  CHECK(BytesOnDisk(dir / "room") == -1);
}

TEST_CASE("reserve: on a disk that is too small it is not taken, and nothing is left of it") {
  TempDir dir;
  SmallDisk disk(dir / "disk", "size=512k");
  if (!disk.mounted()) {
    MESSAGE("skipped: only root may mount a small file system");
    return;
  }
  Reserve reserve(dir / "disk/room", kBytes);
  CHECK_FALSE(reserve.Take());
  CHECK_FALSE(reserve.held());
  CHECK(BytesOnDisk(dir / "disk/room") == -1);
  REQUIRE(disk.Remount("size=2m"));
  CHECK(reserve.Take());
  CHECK(reserve.held());
}

TEST_CASE("reserve: where files may not be so large a run goes on without") {
  TempDir dir;
  int end = Wait(Fork([&] {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{kBytes / 2, kBytes / 2};
    setrlimit(RLIMIT_FSIZE, &limit);
    Reserve reserve(dir / "room", kBytes);
    return reserve.Take() && !reserve.held() ? 0 : 1;
  }));
  CHECK(end == 0);
}

}  // namespace
}  // namespace muster
