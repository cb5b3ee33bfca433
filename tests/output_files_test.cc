// The files that items leave: that they hold what the ledger says whatever happens to the run and
// to them, that what is not ours is kept, and what failed items leave.

#include "supervisor/outputs/output_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "supervisor/outputs/error_records.h"
#include "supervisor/outputs/existing_outputs.h"
#include "supervisor/outputs/export_files.h"
#include "supervisor/outputs/growing_file.h"
#include "tests/config_testing.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

class StillClock : public Clock {
 public:
  Time Now() const override { return {}; }
  int64_t WallMs() const override { return 1'000; }
};

TextSource Text(const std::string& text) { return {text, "test:1", {}}; }

Output Append(const std::string& path, const std::string& order = "done") {
  Output output;
  output.append = Text(path);
  output.header = Text("head of {{run.name}}\n");
  output.order = order;
  return output;
}

Output Csv(const std::string& path, const std::string& order = "done") {
  Output output;
  output.csv = Text(path);
  output.order = order;
  return output;
}

std::string IdOf(int64_t position) { return fmt::format("i{}", position); }

// A run's outputs over several sessions: every call is a turn of the loop. Items are i1, i2, … of
// these places in the source.
class Outputs {
 public:
  explicit Outputs(std::vector<Output> outputs, int64_t items = 9) {
    config.name = "test";
    config.output_dir = folder / "out";
    config.run_dir = folder.path();
    config.outputs = std::move(outputs);
    OpenLedger();
    for (int64_t i = 1; i <= items; ++i) ledger->Add(MakeItem(i, IdOf(i)));
    Commit();
    Start();
  }

  void OpenLedger() { ledger.emplace(OpenAt(folder / "ledger.sqlite")); }
  void Start() {
    books.emplace(*ledger, config, prices, clock);
    files.emplace(config, *books);
    files->OnNotice([this](const std::string& text) { notices.push_back(text); });
    auto repaired = files->Repair();
    CHECK_MESSAGE(repaired, repaired.error());
  }
  // What was not committed is gone, as by kill -9.
  void Kill() {
    files.reset();
    books.reset();
    ledger.reset();
    OpenLedger();
  }
  void Restart() {
    Commit();
    Kill();
    Start();
  }
  void Commit() { REQUIRE(ledger->Commit() == CommitOutcome::kCommitted); }

  void AddEnd(int64_t item, const std::string& path, const std::string& text,
              ItemStatus status = ItemStatus::kDone, int64_t output = 0) {
    OutputText record{output, path, text};
    ledger->Add(record::Output{IdOf(item), output, path, text});
    ledger->Add(MakeStatus(IdOf(item), status));
    files->Expect(IdOf(item), item, record);
  }
  void End(int64_t item, const std::string& path, const std::string& text,
           ItemStatus status = ItemStatus::kDone, int64_t output = 0) {
    AddEnd(item, path, text, status, output);
    Commit();
    Write();
  }
  void Write() {
    auto written = files->Write();
    CHECK_MESSAGE(written, written.error());
  }
  void Reopen(int64_t item) {
    Commit();
    ledger->Add(record::Reopen{IdOf(item), false});
    files->TakeBack(IdOf(item));
    Commit();
    Write();
  }
  void Finish() {
    auto finished = files->Finish();
    CHECK_MESSAGE(finished, finished.error());
    Commit();
  }

  std::string At(const std::string& path) const { return config.output_dir + "/" + path; }
  std::string Read(const std::string& path) const { return ReadBytes(At(path)); }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(config.output_dir)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TempDir folder;
  Config config;
  PriceTable prices;
  StillClock clock;
  std::optional<Ledger> ledger;
  std::optional<Books> books;
  std::optional<OutputFiles> files;
  std::vector<std::string> notices;
};

using Names = std::vector<std::string>;

TEST_CASE("output files: what is ours of a file stays, a half-written tail is cut off at once") {
  TempDir dir;
  WriteBytes(dir / "a.txt", "head\nfirst\nsec");
  GrowingFile file(dir.path(), "a.txt");
  auto found = file.Look();
  REQUIRE(found);
  FileComparison comparison(std::move(found->file));
  REQUIRE(comparison.Take("head\nfirst\n") == FileComparison::Verdict::kWhole);
  REQUIRE(comparison.Take("second\n") == FileComparison::Verdict::kPart);
  REQUIRE(file.Adopt(comparison.mark()));
  CHECK(ReadBytes(dir / "a.txt") == "head\nfirst\n");
  CHECK(file.Unchanged());
  REQUIRE(file.Append("2\n"));
  CHECK(ReadBytes(dir / "a.txt") == "head\nfirst\n2\n");
}

TEST_CASE("output files: a file that grows is its header and the records as items end") {
  Outputs run({Append("all.txt")});
  CHECK_FALSE(std::filesystem::exists(run.At("all.txt")));
  run.End(2, "all.txt", "two\n");
  CHECK(run.Read("all.txt") == "head of test\ntwo\n");
  run.End(1, "all.txt", "one\n");
  run.Restart();
  run.End(3, "all.txt", "three\n");
  run.Restart();
  CHECK(run.Read("all.txt") == "head of test\ntwo\none\nthree\n");
  CHECK(run.notices.empty());
  CHECK(run.Names() == Names{"all.txt"});
  int64_t unwritten = 0;
  run.ledger->view().ForEachOutput(true, [&](const OutputRow&) { ++unwritten; });
  CHECK(unwritten == 0);
}

TEST_CASE("output files: killed with a record cut at any byte, the next start completes it") {
  const std::string whole = "head of test\none\ntwo\nthree\n";
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    CAPTURE(cut);
    Outputs run({Append("all.txt")});
    bool marked = cut >= std::string("head of test\none\n").size();
    run.End(1, "all.txt", "one\n");
    if (marked) run.Commit();
    run.End(2, "all.txt", "two\n");
    run.ledger->Add(record::Output{"i3", 0, "all.txt", "three\n"});
    run.ledger->Add(MakeStatus("i3", ItemStatus::kDone));
    if (marked) run.Commit();
    if (!marked) {
      // As if nothing had been marked: the marks are in the batch that is lost.
      run.Kill();
      run.ledger->Add(record::Output{"i1", 0, "all.txt", "one\n"});
      run.ledger->Add(MakeStatus("i1", ItemStatus::kDone));
      run.ledger->Add(record::Output{"i2", 0, "all.txt", "two\n"});
      run.ledger->Add(MakeStatus("i2", ItemStatus::kDone));
      run.ledger->Add(record::Output{"i3", 0, "all.txt", "three\n"});
      run.ledger->Add(MakeStatus("i3", ItemStatus::kDone));
      run.Commit();
    }
    run.Kill();
    // Between what is marked as written and the end any part may be there.
    size_t least = marked ? std::string("head of test\none\ntwo\n").size() : 0;
    WriteBytes(run.At("all.txt"), whole.substr(0, std::max(cut, least)));
    run.Start();
    CHECK(run.Read("all.txt") == whole);
    CHECK(run.notices.empty());
    CHECK(run.Names() == Names{"all.txt"});
  }
}

TEST_CASE("output files: what others wrote, changed or cut off is kept aside, and ours is whole") {
  const std::string ours = "head of test\none\ntwo\n";
  for (std::string theirs : {"theirs\n", "head of test\none\n", "head of test\nONE\ntwo\n",
                             "head of test\none\ntwo\nmore\n", ""}) {
    CAPTURE(theirs);
    Outputs run({Append("all.txt")});
    run.End(1, "all.txt", "one\n");
    run.End(2, "all.txt", "two\n");
    run.Commit();
    run.Kill();
    WriteBytes(run.At("all.txt"), theirs);
    run.Start();
    CHECK(run.Read("all.txt") == ours);
    CHECK(run.Read("all.txt.aside-1") == theirs);
    REQUIRE(run.notices.size() == 1);
    CHECK(run.notices[0].find("all.txt.aside-1") != std::string::npos);
    run.Commit();
    run.Kill();
    WriteBytes(run.At("all.txt"), "again\n");
    run.Start();
    CHECK(run.Read("all.txt.aside-1") == theirs);  // never overwritten
    CHECK(run.Read("all.txt.aside-2") == "again\n");
    CHECK(run.Read("all.txt") == ours);
  }
}

TEST_CASE("output files: a file that was there before the first record is set aside") {
  Outputs run({Append("a/all.txt")});
  std::filesystem::create_directories(run.At("a"));
  WriteBytes(run.At("a/all.txt"), "older\n");
  run.End(1, "a/all.txt", "one\n");
  CHECK(run.Read("a/all.txt") == "head of test\none\n");
  CHECK(run.Read("a/all.txt.aside-1") == "older\n");
}

TEST_CASE("output files: a file changed or removed while the run goes on is whole again") {
  Outputs run({Append("all.txt")});
  run.End(1, "all.txt", "one\n");
  std::filesystem::remove(run.At("all.txt"));
  run.End(2, "all.txt", "two\n");
  CHECK(run.Read("all.txt") == "head of test\none\ntwo\n");
  CHECK(run.notices.empty());
  WriteBytes(run.At("all.txt"), "head of test\none\ntwo\nby hand\n");
  run.End(3, "all.txt", "three\n");
  CHECK(run.Read("all.txt") == "head of test\none\ntwo\nthree\n");
  CHECK(run.Read("all.txt.aside-1") == "head of test\none\ntwo\nby hand\n");
}

TEST_CASE("output files: links are never followed") {
  Outputs run({Append("sub/all.txt"), Append("all.txt")});
  std::filesystem::create_directories(run.folder / "elsewhere");
  std::filesystem::create_directories(run.config.output_dir);
  WriteBytes(run.folder / "victim", "untouched");
  std::filesystem::create_directory_symlink(run.folder / "elsewhere", run.At("sub"));
  std::filesystem::create_symlink(run.folder / "victim", run.At("all.txt"));
  run.AddEnd(1, "sub/all.txt", "one\n");
  run.AddEnd(1, "all.txt", "one\n", ItemStatus::kDone, 1);
  run.Commit();
  CHECK_FALSE(run.files->Write());  // sub cannot be entered; all.txt is written all the same
  CHECK(std::filesystem::is_empty(run.folder / "elsewhere"));
  CHECK(ReadBytes(run.folder / "victim") == "untouched");
  CHECK(run.Read("all.txt") == "head of test\none\n");
  CHECK(std::filesystem::is_symlink(run.At("all.txt.aside-1")));
}

TEST_CASE("output files: an item that is tried again takes its record back and leaves a new one") {
  Output errors = Append("all.txt");
  errors.errors = true;
  Outputs run({errors});
  run.End(1, "all.txt", "failed\n", ItemStatus::kFailed);
  run.End(2, "all.txt", "two\n");
  run.Reopen(1);
  CHECK(run.Read("all.txt") == "head of test\ntwo\n");
  run.End(1, "all.txt", "one\n");
  CHECK(run.Read("all.txt") == "head of test\ntwo\none\n");
  run.Reopen(2);
  run.Kill();
  run.Start();
  CHECK(run.Read("all.txt") == "head of test\none\n");
  run.Restart();
  run.Reopen(1);  // its file stays as it is while there is nothing else to put into it
  CHECK(run.Read("all.txt") == "head of test\none\n");
  CHECK(run.notices.empty());
}

TEST_CASE("output files: failed items' records are there only where errors are wanted") {
  Outputs run({Append("all.txt")});
  run.End(1, "all.txt", "one\n");
  run.End(2, "all.txt", "failed\n", ItemStatus::kFailed);
  CHECK(run.Read("all.txt") == "head of test\none\n");
}

TEST_CASE("output files: a changed header makes the file anew, and sets nothing aside") {
  Outputs run({Append("all.txt")});
  run.End(1, "all.txt", "one\n");
  run.Commit();
  run.Kill();
  run.config.outputs[0].header = Text("new head\n");
  run.Start();
  CHECK(run.Read("all.txt") == "new head\none\n");
  CHECK(run.notices.empty());
  CHECK(run.Names() == Names{"all.txt"});
}

TEST_CASE("output files: a CSV file has the columns of all its records") {
  Outputs run({Csv("all.csv")});
  run.End(1, "all.csv", R"({"columns":["id","x"],"rows":[["1",-1.50]]})");
  CHECK(run.Read("all.csv") == "id,x\n1,-1.5\n");
  run.End(2, "all.csv", R"({"columns":["id","y"],"rows":[["2",null],["2b",[1,{"k":2}]]]})");
  CHECK(run.Read("all.csv") == "id,x,y\n1,-1.5,\n2,,\n2b,,\"[1,{\"\"k\"\":2}]\"\n");
  run.Restart();
  run.End(3, "all.csv", R"({"columns":["y"],"rows":[["a,b"]]})");
  run.Restart();
  CHECK(run.Read("all.csv") == "id,x,y\n1,-1.5,\n2,,\n2b,,\"[1,{\"\"k\"\":2}]\"\n,,\"a,b\"\n");
  CHECK(run.notices.empty());
}

TEST_CASE("output files: in the source's order only what is complete is there until the end") {
  Outputs run({Append("all.txt", "item")}, 5);
  run.End(2, "all.txt", "2\n");
  CHECK_FALSE(std::filesystem::exists(run.At("all.txt")));
  run.End(1, "all.txt", "1\n");
  CHECK(run.Read("all.txt") == "head of test\n1\n2\n");
  run.End(5, "all.txt", "5\n");
  CHECK(run.Read("all.txt") == "head of test\n1\n2\n");
  run.Finish();
  CHECK(run.Read("all.txt") == "head of test\n1\n2\n5\n");
  run.Restart();
  run.End(4, "all.txt", "4\n");
  run.End(3, "all.txt", "3\n");
  CHECK(run.Read("all.txt") == "head of test\n1\n2\n3\n4\n5\n");
  CHECK(run.notices.empty());
}

TEST_CASE("output files: two outputs, or two items' own files, never share a path") {
  Output file;
  file.file = Text("x");
  file.text = Text("x");
  Outputs run({file, Append("all.txt"), Csv("all.csv")});
  run.End(1, "own.txt", "mine", ItemStatus::kDone, 0);
  CHECK(run.files->Check("i1", {0, "own.txt", "again"}));
  CHECK_FALSE(run.files->Check("i2", {0, "own.txt", "theirs"}));
  CHECK_FALSE(run.files->Check("i2", {1, "own.txt", "theirs"}));
  run.End(1, "all.txt", "one\n", ItemStatus::kDone, 1);
  CHECK(run.files->Check("i2", {1, "all.txt", "two\n"}));
  CHECK_FALSE(run.files->Check("i2", {0, "all.txt", "two"}));
  CHECK_FALSE(run.files->Check("i2", {2, "all.txt", R"({"columns":[],"rows":[]})"}));
  CHECK_FALSE(run.files->Check("i2", {3, "more.txt", ""}));
  CHECK_FALSE(run.files->Check("i2", {-1, "more.txt", ""}));
  CHECK_FALSE(run.files->Check("i2", {1, "../more.txt", ""}));
  CHECK_FALSE(run.files->Check("i2", {2, "more.csv", "no table"}));
  CHECK_FALSE(run.files->Check("i2", {2, "more.csv", R"({"columns":["a"],"rows":[["1","2"]]})"}));
}

TEST_CASE("output files: the run's own files are no place for outputs") {
  Outputs run({Append("all.txt")});
  run.config.output_dir = run.config.run_dir;
  run.Restart();
  for (const char* path : {"ledger.sqlite", "./ledger.sqlite-wal", "lock", "work/x", "a/../lock"}) {
    CAPTURE(path);
    CHECK_FALSE(run.files->Check("i1", {0, path, "x"}));
  }
  CHECK(run.files->Check("i1", {0, "locks", "x"}));
}

TEST_CASE("output files: many files grow with few descriptors") {
  Outputs run({Append("x")}, 300);
  for (int64_t i = 1; i <= 300; ++i) {
    run.End(i, fmt::format("f{}.txt", i % 100), fmt::format("{}\n", i));
  }
  int64_t open = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  CHECK(open < 60);
  for (int64_t i = 0; i < 100; ++i) {
    std::string first = i == 0 ? "" : fmt::format("{}\n", i);
    std::string last = i == 0 ? "300\n" : "";
    CHECK(run.Read(fmt::format("f{}.txt", i)) ==
          fmt::format("head of test\n{}{}\n{}\n{}", first, i + 100, i + 200, last));
  }
}

TEST_CASE("output files: a failed append leaves whole records, and is made up for") {
  Outputs run({Append("all.txt")});
  run.End(1, "all.txt", "one\n");
  std::filesystem::rename(run.At("all.txt"), run.folder / "kept");
  std::filesystem::create_directory(run.At("all.txt"));  // in the way
  run.AddEnd(2, "all.txt", "two\n");
  run.Commit();
  CHECK_FALSE(run.files->Write());
  run.AddEnd(3, "all.txt", "three\n");
  run.Commit();
  (void)run.files->Write();
  std::filesystem::remove(run.At("all.txt"));
  run.Finish();
  CHECK(run.Read("all.txt") == "head of test\none\ntwo\nthree\n");
}

// ---- any sequence of ends, retries and kills ----

struct Model {
  std::vector<std::pair<int64_t, std::string>> done;  // items that have ended, in done order

  void Take(int64_t item) {
    std::erase_if(done, [&](const auto& each) { return each.first == item; });
  }
  std::string Text(bool by_item) const {
    auto all = done;
    if (by_item) std::sort(all.begin(), all.end());
    std::string text = "head of test\n";
    for (const auto& [item, record] : all) text += record;
    return text;
  }
};

TEST_CASE("output files: after any ends, retries and kills a file is what the ledger says") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
    bool by_item = seed % 2 == 0;
    constexpr int64_t kItems = 12;
    Outputs run({Append("all.txt", by_item ? "item" : "done")}, kItems);
    Model model;
    for (int turn = 0; turn < 40; ++turn) {
      int64_t item = 1 + below(kItems);
      bool ended = std::any_of(model.done.begin(), model.done.end(),
                               [&](const auto& each) { return each.first == item; });
      if (ended && below(3) > 0) continue;
      std::string before = run.Read("all.txt");
      std::string record = fmt::format("{}/{}: {}\n", item, turn, std::string(below(40), 'x'));
      if (ended) {
        run.Reopen(item);
        model.Take(item);
      } else {
        run.AddEnd(item, "all.txt", record);
        if (below(6) == 0) {  // killed before the commit
          run.Kill();
          run.Start();
          continue;
        }
        run.Commit();
        model.done.emplace_back(item, record);
        if (below(6) > 0) run.Write();
      }
      if (below(4) == 0) run.Commit();
      if (below(5) == 0) {
        std::string after = run.Read("all.txt");
        run.Kill();
        bool grew = after.size() > before.size() && after.starts_with(before) && !ended;
        if (grew && run.ledger->view().FindItem(IdOf(item))) {
          bool written = false;
          for (const OutputRow& row : run.ledger->view().OutputsOf(IdOf(item))) {
            written = written || row.written;
          }
          size_t cut = before.size() + static_cast<size_t>(below(after.size() - before.size() + 1));
          if (!written && !by_item) WriteBytes(run.At("all.txt"), after.substr(0, cut));
        }
        run.Start();
        if (!by_item && !model.done.empty()) CHECK(run.Read("all.txt") == model.Text(false));
      }
    }
    run.Finish();
    if (!model.done.empty()) CHECK(run.Read("all.txt") == model.Text(by_item));
    run.Restart();
    if (!model.done.empty()) CHECK(run.Read("all.txt") == model.Text(by_item));
    CHECK(run.notices.empty());
    CHECK(run.Names().size() <= 1);
    auto exported = ExportFiles(run.ledger->view(), run.files->formats(), run.folder / "to");
    REQUIRE(exported);
    if (!model.done.empty()) {
      CHECK(ReadBytes(run.folder / "to/all.txt") == run.Read("all.txt"));
      auto again = ExportFiles(run.ledger->view(), run.files->formats(), run.folder / "to");
      CHECK_FALSE(again);
    }
  }
}

// ---- what failed items leave, and what need not be done ----

TEST_CASE("error records: what a failed item leaves says why, and what it used") {
  Config config;
  config.name = "test";
  Output table = Csv("all.csv");
  table.errors = true;
  table.columns = {{"id", {"item.id"}},
                   {"status", {"status"}},
                   {"error", {"error"}},
                   {"text", {"ask.text"}},
                   {"tokens", {"usage.total"}}};
  config.outputs = {table, Csv("quiet.csv")};
  Step step;
  step.id = "ask";
  config.steps = {step};
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a"), Answered(1, "reply", 5));
  auto row = ledger.view().FindItem("a");
  ErrorRecords made = MakeErrorRecords(config, ledger.view(), *row, "it broke");
  REQUIRE(made.outputs.size() == 1);
  CHECK(made.problems.empty());
  CHECK(made.outputs[0].path == "all.csv");
  auto json = ParseJson(made.outputs[0].text);
  REQUIRE(json);
  CHECK((*json)["rows"][0] == Json({"a", "error", "it broke", nullptr, 15}));
}

TEST_CASE("error records: one that cannot be made is said, and an earlier one does not stay") {
  Config config;
  config.name = "test";
  Output log = Append("all.txt");
  log.errors = true;
  log.record = Text("{{item.nothing}}");
  config.outputs = {log};
  Ledger ledger = ThreeItems();
  auto row = ledger.view().FindItem("a");
  ErrorRecords made = MakeErrorRecords(config, ledger.view(), *row, "it broke");
  CHECK(made.outputs.empty());
  REQUIRE(made.problems.size() == 1);
  CHECK(made.problems[0].find("nothing") != std::string::npos);
  CommitAll(ledger, record::Output{"a", 0, "all.txt", "was done\n"});
  made = MakeErrorRecords(config, ledger.view(), *row, "it broke");
  REQUIRE(made.outputs.size() == 1);
  CHECK(made.outputs[0].path == "all.txt");
  CHECK(made.outputs[0].text == "");
}

}  // namespace
}  // namespace muster
