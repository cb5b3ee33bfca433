// The files of a ledger: their names and modes, readers beside the writer, the size of the log.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

TEST_CASE("ledger: only its owner may read the files") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger");
  CommitAll(ledger, MakeItem(1, "a"));
  for (const char* name : {"ledger", "ledger-wal", "ledger-shm"}) {
    struct stat info;
    CAPTURE(name);
    REQUIRE(stat((dir / name).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("ledger: any file name will do") {
  TempDir dir;
  for (const char* name : {"a b", "100%", "what?mode=memory", "x#y", "%41", "é", "file:x"}) {
    CAPTURE(name);
    {
      Ledger ledger = OpenAt(dir / name);
      CommitAll(ledger, MakeItem(1, name));
      auto reader = LedgerView::Open(dir / name);
      REQUIRE_MESSAGE(reader, reader.error());
      CHECK(reader->FindItem(name));
    }
    CHECK(std::filesystem::file_size(dir / name) > 0);
  }
}

TEST_CASE("ledger: a reader sees what is committed, and changes and makes nothing") {
  TempDir dir;
  CHECK_FALSE(LedgerView::Open(dir / "ledger"));
  CHECK(std::filesystem::is_empty(dir.path()));
  Ledger ledger = OpenAt(dir / "ledger");
  auto reader = LedgerView::Open(dir / "ledger");
  REQUIRE_MESSAGE(reader, reader.error());
  ledger.Add(MakeItem(1, "a"));
  CHECK_FALSE(reader->FindItem("a"));
  CommitAll(ledger);
  CHECK(reader->FindItem("a"));
  CommitAll(ledger, MakeStatus("a", ItemStatus::kDone));
  CHECK(CountOf(*reader, ItemStatus::kDone) == 1);
  CHECK(reader->error().empty());
}

TEST_CASE("ledger: of a writer that keeps others out, the reader is told so") {
  TempDir dir;
  OpenAt(dir / "ledger");
  auto writer = Database::Open(dir / "ledger", Database::Access::kExclusive);
  REQUIRE(writer);
  REQUIRE((*writer)->Run("UPDATE sessions SET host = 'other'"));
  CHECK_FALSE(std::filesystem::exists(dir / "ledger-shm"));
  int end = Wait(Fork([&] {
    auto reader = LedgerView::Open(dir / "ledger");
    return !reader && reader.error().find("exclusively") != std::string::npos ? 0 : 1;
  }));
  CHECK(end == 0);
}

TEST_CASE("ledger: the log stays bounded while it is written") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger");
  const std::string answer(20'000, 'x');
  uintmax_t most = 0;
  for (int i = 1; i <= 600; ++i) {
    std::string id = fmt::format("i{}", i);
    CommitAll(ledger, MakeItem(i, id), StartTry(i, id), Answered(i, answer, 1));
    most = std::max(most, std::filesystem::file_size(dir / "ledger-wal"));
  }
  CHECK(std::filesystem::file_size(dir / "ledger") > 8'000'000);
  CHECK(most < 6'000'000);
}

// Reads for ever so that at every moment a read transaction is open.
int ReadWithoutPause(const std::string& path) {
  auto one = Database::Open(path, Database::Access::kReadOnly);
  auto other = Database::Open(path, Database::Access::kReadOnly);
  if (!one || !other) return 1;
  std::string_view sql = "SELECT item FROM items";
  auto open = std::make_unique<Rows>(one->get(), nullptr);
  for (bool even = true;; even = !even) {
    auto next = std::unique_ptr<Rows>(new Rows((even ? *one : *other)->Query(sql)));
    next->Next();
    usleep(500);
    open = std::move(next);
  }
}

TEST_CASE("ledger: the log stays bounded under readers that never all pause") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger");
  CommitAll(ledger, MakeItem(1, "first"));
  pid_t reader = Fork([&] { return ReadWithoutPause(dir / "ledger"); });
  const std::string answer(1'000'000, 'x');
  uintmax_t most = 0;
  for (int i = 2; i <= 81; ++i) {
    std::string id = fmt::format("i{}", i);
    CommitAll(ledger, MakeItem(i, id), StartTry(i, id), Answered(i, answer, 1));
    most = std::max(most, std::filesystem::file_size(dir / "ledger-wal"));
  }
  CHECK(kill(reader, SIGKILL) == 0);
  CHECK(Wait(reader) == -SIGKILL);
  CHECK(most < 40'000'000);
}

TEST_CASE("ledger: one that is deleted or replaced in use is not written any more") {
  for (const char* what : {"deleted", "replaced", "log deleted"}) {
    CAPTURE(what);
    TempDir dir;
    Ledger ledger = OpenAt(dir / "ledger");
    CommitAll(ledger, MakeItem(1, "a"));
    std::string name = what == std::string("log deleted") ? "ledger-wal" : "ledger";
    std::filesystem::remove(dir / name);
    if (what == std::string("replaced")) WriteBytes(dir / "ledger", "something else");
    ledger.Add(MakeItem(2, "b"));
    CHECK(ledger.Commit() == CommitOutcome::kBroken);
    CHECK(ledger.last_error().find(dir / "ledger") != std::string::npos);
    CHECK(ledger.last_error().find("in use") != std::string::npos);
    CHECK(ledger.Commit() == CommitOutcome::kBroken);
    CHECK(ledger.pending() == 1);
  }
}

TEST_CASE("ledger: a reader in another process sees it grow and never goes back") {
  TempDir dir;
  auto ledger = Ledger::Open(dir / "ledger", TestSession());
  REQUIRE(ledger);
  constexpr int64_t kItems = 400;
  pid_t child = Fork([&] {
    auto view = LedgerView::Open(dir / "ledger");
    if (!view) return 1;
    for (int64_t seen = 0; seen < kItems;) {
      int64_t done = CountOf(*view, ItemStatus::kDone);
      if (done < seen || !view->error().empty()) return 2;
      // Answer and status were committed together: the newest done item is whole.
      if (done > 0 && !HoldsAnswer(*view, done)) return 3;
      if (view->RunTotals().calls < done) return 4;
      seen = done;
    }
    return 0;
  });
  bool committed = true;
  for (int64_t n = 1; n <= kItems && committed; ++n) {
    committed = DoItem(*ledger, n) == CommitOutcome::kCommitted;
  }
  CHECK(committed);
  if (!committed) kill(child, SIGKILL);
  CHECK(Wait(child) == 0);
}

}  // namespace
}  // namespace muster
