// A run directory on a file system that other machines may share. There is none to be had in a
// test: statfs() says so here, and everything else is real.

#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/ledger_testing.h"

namespace {

long pretended_type = 0;  // of every file system; 0: what it is

}  // namespace

// Takes the place of the C library's in the test program.
extern "C" int statfs(const char* path, struct statfs* info) noexcept {
  long result = syscall(SYS_statfs, path, info);
  if (result == 0 && pretended_type != 0) info->f_type = pretended_type;
  return static_cast<int>(result);
}

namespace muster {
namespace {

// Every file system is of that type while this lives.
struct Pretend {
  explicit Pretend(long type) { pretended_type = type; }
  ~Pretend() { pretended_type = 0; }
};

constexpr long kShared[] = {0x6969, 0xFF534D42, 0xFE534D42, 0x65735546, 0x0BD00BD0};

}  // namespace

TEST_CASE(
    "shared disk: on a network file system the ledger is kept to its writer, and the run is done") {
  for (long type : kShared) {
    CAPTURE(type);
    TempDir dir;
    Pretend pretend(type);
    {
      auto ledger = Ledger::Open(dir / "ledger", TestSession());
      REQUIRE_MESSAGE(ledger, ledger.error());
      for (int64_t n = 1; n <= 5; ++n) REQUIRE(DoItem(*ledger, n) == CommitOutcome::kCommitted);
      CHECK_FALSE(std::filesystem::exists(dir / "ledger-shm"));  // what does not work there
      int second = Wait(Fork([&] {
        auto other = Ledger::Open(dir / "ledger", TestSession());
        return !other && other.error().find("exclusively") != std::string::npos ? 0 : 1;
      }));
      CHECK(second == 0);
    }
    CHECK(Intact(dir / "ledger"));
    // Killed there, it is opened there again.
    Wait(Fork([&] {
      auto ledger = Ledger::Open(dir / "ledger", TestSession());
      if (ledger) DoItem(*ledger, 6);
      _exit(0);
      return 0;
    }));
    auto again = Ledger::Open(dir / "ledger", TestSession());
    REQUIRE_MESSAGE(again, again.error());
    for (int64_t n = 1; n <= 6; ++n) CHECK(HoldsAnswer(again->view(), n));
  }
}

}  // namespace muster
