// Files that are no ledger, not this version's, or not whole any more: refused with a reason and
// left as they are, never replaced by an empty ledger.

#include <doctest/doctest.h>

#include <random>

#include "supervisor/ledger/schema.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

constexpr int kItems = 60;

// A ledger of kItems answered items, closed: one file without a log.
void MakeLedger(const std::string& path) {
  auto ledger = Ledger::Open(path, TestSession());
  REQUIRE_MESSAGE(ledger, ledger.error());
  for (int i = 1; i <= kItems; ++i) {
    std::string id = fmt::format("item{}", i);
    ledger->Add(MakeItem(i, id));
    ledger->Add(StartTry(i, id));
    ledger->Add(Answered(i, "answer to " + id + std::string(900, '.'), 10));
    ledger->Add(MakeStatus(id, ItemStatus::kDone));
  }
  REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
}

bool HoldsEverything(const LedgerView& view) {
  for (int i = 1; i <= kItems; ++i) {
    std::string id = fmt::format("item{}", i);
    auto call = view.FindCall(id, "chat", 1, "hash");
    if (!call || call->answer != "answer to " + id + std::string(900, '.')) return false;
  }
  return CountOf(view, ItemStatus::kDone) == kItems && view.RunTotals().cost == 10 * kItems;
}

// Refused by writer and reader with a sentence that names the file, which stays as it is.
void CheckRefused(const std::string& path, const std::string& reason) {
  std::string before = ReadBytes(path);
  auto ledger = Ledger::Open(path, TestSession());
  REQUIRE_FALSE(ledger);
  CHECK_MESSAGE(ledger.error().find(path) != std::string::npos, ledger.error());
  CHECK_MESSAGE(ledger.error().find(reason) != std::string::npos, ledger.error());
  CHECK(ReadBytes(path) == before);
  CHECK_FALSE(LedgerView::Open(path));
  CHECK(ReadBytes(path) == before);
}

void ChangeWith(const std::string& path, const char* sql) {
  auto database = Database::Open(path, Database::Access::kReadWrite);
  REQUIRE(database);
  REQUIRE((*database)->Run(sql));
  (*database)->CheckpointOnClose(true);
}

TEST_CASE("ledger: what is no ledger is refused and left alone") {
  TempDir dir;
  WriteBytes(dir / "text", "once upon a time there was a file that was no ledger\n");
  CheckRefused(dir / "text", "not a database");
  WriteBytes(dir / "page", std::string(4096, 'x'));
  CheckRefused(dir / "page", "not a database");
  std::filesystem::create_directory(dir / "folder");
  CHECK_FALSE(Ledger::Open(dir / "folder", TestSession()));
  MakeLedger(dir / "target");
  std::filesystem::create_symlink(dir / "target", dir / "link");
  CHECK_FALSE(Ledger::Open(dir / "link", TestSession()));  // its log would stand elsewhere
  CHECK_FALSE(Ledger::Open(dir / "missing/ledger", TestSession()));
}

TEST_CASE("ledger: another program's database, also one without tables, is refused") {
  TempDir dir;
  for (const char* name : {"other", "bare"}) {
    WriteBytes(dir / name, "");
    ChangeWith(dir / name, "CREATE TABLE t(x)");
    if (name == std::string("bare")) ChangeWith(dir / name, "DROP TABLE t");
    CheckRefused(dir / name, "another program");
  }
}

TEST_CASE("ledger: another version and other tables are refused") {
  TempDir dir;
  for (int64_t version : {kLedgerVersion - 1, kLedgerVersion + 1}) {
    MakeLedger(dir / "other");
    ChangeWith(dir / "other", fmt::format("PRAGMA user_version = {}", version).c_str());
    CheckRefused(dir / "other", fmt::format("has version {}", version));
    std::filesystem::remove(dir / "other");
  }
  MakeLedger(dir / "less");
  ChangeWith(dir / "less", "DROP INDEX tries_unknown");
  CheckRefused(dir / "less", "damaged");
  MakeLedger(dir / "more");
  ChangeWith(dir / "more", "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM calls; END");
  CheckRefused(dir / "more", "damaged");
}

TEST_CASE("ledger: an empty file that a crash left behind becomes a ledger") {
  TempDir dir;
  WriteBytes(dir / "ledger", "");
  auto ledger = Ledger::Open(dir / "ledger", TestSession());
  REQUIRE_MESSAGE(ledger, ledger.error());
  CHECK(ledger->session() == 1);
}

TEST_CASE("ledger: a log whose ledger is gone or empty is never deleted") {
  TempDir dir;
  MakeLedger(dir / "ledger");
  int end = Wait(Fork([&] {
    auto ledger = Ledger::Open(dir / "ledger", TestSession());
    ledger->Add(MakeItem(100, "late"));
    _exit(ledger->Commit() == CommitOutcome::kCommitted ? 0 : 1);
    return 1;
  }));
  REQUIRE(end == 0);
  std::string log = ReadBytes(dir / "ledger-wal");
  REQUIRE_FALSE(log.empty());
  WriteBytes(dir / "ledger", "");
  CheckRefused(dir / "ledger", "-wal is there");
  CHECK(ReadBytes(dir / "ledger-wal") == log);
  std::filesystem::remove(dir / "ledger");
  auto gone = Ledger::Open(dir / "ledger", TestSession());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().find("-wal is there") != std::string::npos);
  CHECK(ReadBytes(dir / "ledger-wal") == log);
  CHECK_FALSE(std::filesystem::exists(dir / "ledger"));
}

TEST_CASE("ledger: a truncated file is refused at every length") {
  TempDir dir;
  MakeLedger(dir / "whole");
  const std::string whole = ReadBytes(dir / "whole");
  std::vector<size_t> lengths{1,
                              15,
                              16,
                              99,
                              100,
                              101,
                              511,
                              512,
                              513,
                              1024,
                              4095,
                              4096,
                              4097,
                              whole.size() - 4096,
                              whole.size() - 1,
                              whole.size() - 512};
  std::mt19937 random(7);
  for (int i = 0; i < 40; ++i) lengths.push_back(1 + random() % (whole.size() - 1));
  for (size_t length = 8192; length < whole.size(); length += 8192) lengths.push_back(length);
  for (size_t length : lengths) {
    CAPTURE(length);
    WriteBytes(dir / "cut", whole.substr(0, length));
    CheckRefused(dir / "cut", "");
  }
}

TEST_CASE("ledger: a flipped bit of the header is refused, or harmless to everything in it") {
  TempDir dir;
  MakeLedger(dir / "whole");
  const std::string whole = ReadBytes(dir / "whole");
  int refused = 0;
  for (size_t byte = 0; byte < 100; ++byte) {
    for (int bit : {0, 1}) {
      CAPTURE(byte);
      CAPTURE(bit);
      std::string flipped = whole;
      flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << bit));
      WriteBytes(dir / "flipped", flipped);
      {
        auto ledger = Ledger::Open(dir / "flipped", TestSession());
        if (ledger) CHECK(HoldsEverything(ledger->view()));
        if (ledger) CHECK(byte >= 16);  // the magic string
        if (!ledger) CHECK(ledger.error().find(dir / "flipped") != std::string::npos);
        refused += ledger ? 0 : 1;
      }
      std::filesystem::remove(dir / "flipped-wal");
      std::filesystem::remove(dir / "flipped-shm");
    }
  }
  CHECK(refused > 50);
}

// Every question once; that none crashes is what is tested.
void AskEverything(const LedgerView& view) {
  view.CountItems();
  view.ForEachItem([&](const ItemRow& item) { view.FindCall(item.id, "chat", 1, "hash"); });
  view.ItemsAfter(0, ItemStatus::kDone, "", 1000);
  view.Lanes(ItemStatus::kDone);
  view.RunTotals();
  view.TotalsByWorker();
  view.UnknownTries();
  view.InTheAir();
  view.BookedByProvider();
  view.ForEachTrySince(0, [](const LedgerView::SentTry&) {});
  view.ForEachOutput(false, [](const OutputRow&) {});
  view.LastSession();
}

TEST_CASE("ledger: no flipped byte anywhere crashes, or empties it without an error") {
  TempDir dir;
  MakeLedger(dir / "whole");
  const std::string whole = ReadBytes(dir / "whole");
  std::mt19937 random(11);
  for (int i = 0; i < 150; ++i) {
    size_t at = random() % whole.size();
    CAPTURE(at);
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 + random() % 255));
    WriteBytes(dir / "flipped", flipped);
    {
      auto reader = LedgerView::Open(dir / "flipped");
      if (reader) AskEverything(*reader);
      auto ledger = Ledger::Open(dir / "flipped", TestSession());
      if (ledger) AskEverything(ledger->view());
      if (ledger && ledger->view().error().empty())
        CHECK(CountOf(ledger->view(), ItemStatus::kDone) >= kItems - 1);
    }
    std::filesystem::remove(dir / "flipped-wal");
    std::filesystem::remove(dir / "flipped-shm");
  }
}

}  // namespace
}  // namespace muster
