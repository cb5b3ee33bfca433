// A ledger whose log was cut off, or changed, at any place, as a power cut may leave it: what was
// committed before that place is there, nothing else is, and the rest is done again.

#include <signal.h>

#include <filesystem>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// The files of a ledger whose writer died with `items` items committed, each by a commit of its
// own.
struct Remains {
  explicit Remains(const TempDir& dir, int64_t items) {
    Wait(Fork([&] {
      auto ledger = Ledger::Open(dir / "first", TestSession());
      for (int64_t n = 1; n <= items; ++n) DoItem(*ledger, n);
      _exit(0);
      return 0;
    }));
    database = ReadBytes(dir / "first");
    log = ReadBytes(dir / "first-wal");
  }
  std::string database, log;
};

// How many items are there whole, from the first on; at most one more was being worked on. -1: it
// cannot be opened, or there is a gap.
int64_t ItemsAfter(const TempDir& dir, const std::string& database, const std::string& log) {
  for (const char* name : {"copy", "copy-wal", "copy-shm"}) fs::remove(dir / name);
  WriteBytes(dir / "copy", database);
  WriteBytes(dir / "copy-wal", log);
  auto ledger = Ledger::Open(dir / "copy", TestSession());
  if (!ledger) return -1;
  int64_t there = 0;
  while (HoldsAnswer(ledger->view(), there + 1)) ++there;
  int64_t items = 0;
  ledger->view().ForEachItem([&](const ItemRow&) { ++items; });
  return items == there || items == there + 1 ? there : -1;
}

constexpr int64_t kItems = 6;

TEST_CASE("torn: a log cut off at any length holds the commits before it, whole, and no others") {
  TempDir dir;
  Remains remains(dir, kItems);
  REQUIRE(remains.log.size() > 10'000);
  REQUIRE(ItemsAfter(dir, remains.database, remains.log) == kItems);
  int64_t last = kItems;
  size_t step = std::getenv("MUSTER_LONG") ? 13 : 997;
  for (size_t left = remains.log.size(); left > 0; left -= std::min(step, left)) {
    int64_t items = ItemsAfter(dir, remains.database, remains.log.substr(0, left));
    bool in_order = items >= 0 && items <= last;
    if (!in_order) CAPTURE(left);
    // Without the first pages of the log there is no table yet: a ledger begun anew, or refused.
    if (last == 0 && items < 0) continue;
    REQUIRE(in_order);
    last = items;
  }
  CHECK(last == 0);
}

TEST_CASE("torn: a log in which pages never reached the disk holds what was before them") {
  TempDir dir;
  Remains remains(dir, kItems);
  constexpr size_t kHead = 32, kFrame = 24 + 4096;
  int64_t last = 0;
  for (size_t at = kHead; at + kFrame <= remains.log.size(); at += kFrame) {
    std::string log = remains.log;
    log.replace(at, kFrame, kFrame, '\0');
    int64_t items = ItemsAfter(dir, remains.database, log);
    if (last == 0 && items < 0) continue;  // not even its tables
    CAPTURE(at);
    REQUIRE(items >= last);
    last = items;
  }
  CHECK(last < kItems);
  CHECK(last >= kItems - 2);
}

TEST_CASE("torn: bits that fell over in the log end it there, and make nothing up") {
  TempDir dir;
  Remains remains(dir, kItems);
  size_t step = std::getenv("MUSTER_LONG") ? 37 : 9'973;
  for (size_t at = 0; at < remains.log.size(); at += step) {
    std::string log = remains.log;
    log[at] = static_cast<char>(log[at] ^ (1 << at % 8));
    CAPTURE(at);
    int64_t items = ItemsAfter(dir, remains.database, log);
    CHECK(items <= kItems);
  }
}

}  // namespace
}  // namespace muster
