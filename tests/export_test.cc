// A run's results again from its ledger, and its work folders removed.

#include "supervisor/outputs/export_item.h"

#include <doctest/doctest.h>

#include "supervisor/outputs/clean_command.h"
#include "supervisor/outputs/export_command.h"
#include "supervisor/run_dir.h"
#include "supervisor/supervisor.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

FileFormats TwoFormats() {
  FileFormat file, table;
  table.kind = FileFormat::Kind::kCsv;
  return {file, table};
}

// A run directory with three items: a done, b failed, c pending.
void MakeRun(const std::string& folder) {
  std::filesystem::create_directories(folder);
  Ledger ledger = OpenAt(folder + "/ledger.sqlite");
  for (int64_t i = 1; i <= 3; ++i)
    ledger.Add(MakeItem(i, std::string(1, static_cast<char>('`' + i))));
  ledger.Add(StartTry(1, "a"));
  ledger.Add(Answered(1, "reply", 2'500'000'000'000, {10, 4, 0, 5, 3}));
  ledger.Add(record::Output{"a", 0, "a.txt", "text of a\n"});
  ledger.Add(
      record::Output{"a", 1, "all.csv", R"({"columns":["id","n"],"rows":[["a",-1],["a",2]]})"});
  ledger.Add(record::Result{"a", R"({"scores":{"answer":{"value":1.0,"got":"1","expect":"1"}}})"});
  ledger.Add(record::Status{"a", ItemStatus::kDone, "", 0, 1'500});
  ledger.Add(MakeStatus("b", ItemStatus::kFailed, "it broke"));
  ledger.Add(record::Meta{std::string(kFormatsKey), DumpJson(FormatsToJson(TwoFormats()))});
  REQUIRE(ledger.Commit() == CommitOutcome::kCommitted);
}

TEST_CASE("export: an item has its status, figures, scores and outputs") {
  TempDir folder;
  MakeRun(folder / "run");
  auto ledger = LedgerView::Open(folder / "run/ledger.sqlite");
  REQUIRE(ledger);
  Json a = ExportedItem(*ledger, TwoFormats(), *ledger->FindItem("a"));
  CHECK(a["status"] == "done");
  CHECK(a["calls"] == 1);
  CHECK(a["tokens"] == Json({{"input", 10}, {"cached", 4}, {"output", 5}, {"reasoning", 3}}));
  CHECK(a["cost"] == "2.5");
  CHECK(a["seconds"] == 1.5);
  CHECK(a["scores"] == Json({{"answer", 1.0}}));
  CHECK(a["outputs"]["a.txt"] == "text of a\n");
  CHECK(a["outputs"]["all.csv"] ==
        Json::array({{{"id", "a"}, {"n", -1}}, {{"id", "a"}, {"n", 2}}}));
  Json b = ExportedItem(*ledger, TwoFormats(), *ledger->FindItem("b"));
  CHECK(b["reason"] == "it broke");
  CHECK(b["outputs"].empty());
  auto columns = ExportColumns({"answer", "other"});
  auto cells = ExportCells(a, {"answer", "other"});
  REQUIRE(columns.size() == cells.size());
  auto cell = [&](const std::string& name) {
    auto at = std::find(columns.begin(), columns.end(), name);
    REQUIRE(at != columns.end());
    return cells[static_cast<size_t>(at - columns.begin())];
  };
  CHECK(cell("input_tokens") == "10");
  CHECK(cell("score.answer") == "1.0");
  CHECK(cell("score.other") == "");
}

TEST_CASE("export: a cost that is not known is null, not zero") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a", std::nullopt), Answered(1, "reply", std::nullopt));
  CHECK(ExportedItem(ledger.view(), {}, *ledger.view().FindItem("a"))["cost"].is_null());
}

TEST_CASE("export: formats survive the ledger") {
  FileFormat format{FileFormat::Kind::kAppend, "head\n", true, true, true};
  auto back = FormatsFromJson(FormatsToJson({format, {}}));
  REQUIRE(back);
  CHECK(*back == FileFormats{format, {}});
  CHECK_FALSE(FormatsFromJson(Json()));
  CHECK_FALSE(FormatsFromJson(Json::array({{{"kind", "other"}}})));
}

TEST_CASE("export: --to makes the files again, and never over others") {
  TempDir folder;
  MakeRun(folder / "run");
  ExportOptions options{folder / "run", "jsonl", folder / "to"};
  CHECK(ExportCommand(options) == kAllDone);
  CHECK(ReadBytes(folder / "to/a.txt") == "text of a\n");
  CHECK(ReadBytes(folder / "to/all.csv") == "id,n\na,-1\na,2\n");
  WriteBytes(folder / "to/all.csv", "mine");
  std::filesystem::remove(folder / "to/a.txt");
  CHECK(ExportCommand(options) == kBadInput);
  CHECK(ReadBytes(folder / "to/all.csv") == "mine");
  CHECK_FALSE(std::filesystem::exists(folder / "to/a.txt"));
  CHECK(ExportCommand({folder / "nowhere", "jsonl", ""}) == kBadInput);
  CHECK(ExportCommand({folder / "run", "xml", ""}) == kBadInput);
}

TEST_CASE("clean: work folders go, links in them are not followed, all else stays") {
  TempDir folder;
  MakeRun(folder / "run");
  std::filesystem::create_directories(folder / "run/work/a/deep");
  std::filesystem::create_directories(folder / "elsewhere");
  WriteBytes(folder / "run/work/a/deep/file", "x");
  WriteBytes(folder / "elsewhere/kept", "x");
  WriteBytes(folder / "run/a.txt", "x");
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "run/work/link");
  CHECK(CleanCommand(folder / "run") == kAllDone);
  CHECK_FALSE(std::filesystem::exists(folder / "run/work"));
  CHECK(std::filesystem::exists(folder / "elsewhere/kept"));
  CHECK(std::filesystem::exists(folder / "run/a.txt"));
  CHECK(std::filesystem::exists(folder / "run/ledger.sqlite"));
  CHECK(CleanCommand(folder / "run") == kAllDone);  // nothing left to do
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "run/work");
  CHECK(CleanCommand(folder / "run") == kBadInput);
  CHECK(std::filesystem::exists(folder / "elsewhere/kept"));
  CHECK(CleanCommand(folder / "nowhere") == kBadInput);
  CHECK_FALSE(std::filesystem::exists(folder / "nowhere"));
}

TEST_CASE("clean: a live run is left alone") {
  TempDir folder;
  MakeRun(folder / "run");
  std::filesystem::create_directories(folder / "run/work/a");
  auto ready = MakePipe();
  REQUIRE(ready);
  pid_t holder = Fork([&] {
    auto dir = RunDir::Take(folder / "run", false);
    char byte = std::holds_alternative<RunDir>(dir) ? 'y' : 'n';
    if (write(ready->write.get(), &byte, 1) == 1) pause();
    return 0;
  });
  char byte = 0;
  CHECK(read(ready->read.get(), &byte, 1) == 1);
  CHECK(byte == 'y');
  CHECK(CleanCommand(folder / "run") == kInUse);
  CHECK(std::filesystem::exists(folder / "run/work/a"));
  kill(holder, SIGKILL);
  Wait(holder);
  CHECK(CleanCommand(folder / "run") == kAllDone);
}

}  // namespace
}  // namespace muster
