#include "supervisor/selection.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "supervisor/command_line.h"
#include "supervisor/pilot.h"
#include "supervisor/plan/plan.h"
#include "tests/config_testing.h"
#include "tests/queue_testing.h"

// Selections that look into items: --where, --sample; and the command line that gives them.

namespace muster {
namespace {

// Items q1 … qn of two tasks, with points.
Config NumbersConfig(int n) {
  ConfigFolder folder;
  std::string rows;
  for (int i = 1; i <= n; ++i) {
    rows += fmt::format("{{\"id\": \"q{}\", \"task\": \"{}\", \"points\": {}}}\n", i,
                        i % 3 == 0 ? "trend" : "set", i * 10);
  }
  folder.Write("q.jsonl", rows);
  auto config = folder.Load(
      "name: n\nparams: {most: 30}\nitems: {jsonl: q.jsonl}\n"
      "steps: [{id: a, chat: {model: mock/m, user: x}}]\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  // The folder goes; the file must not.
  static ConfigFolder kept;
  kept.Write(fmt::format("{}.jsonl", n), rows);
  config->base_dir = kept.path();
  config->items.jsonl = fmt::format("{}.jsonl", n);
  return *config;
}

Selection Where(const std::string& text) {
  auto selection = MakeSelection({.where = text});
  REQUIRE_MESSAGE(selection.ok(), selection.error());
  return *selection;
}

// Positions that a selection takes of the config's items, `limit` included.
std::vector<int64_t> Taken(const Config& config, const Selection& selection, int64_t n) {
  auto chosen = SelectItems(config, selection);
  REQUIRE_MESSAGE(chosen.ok(), chosen.error());
  auto takes = TakesSelected(config, *chosen);
  std::vector<int64_t> taken;
  for (int64_t i = 1; i <= n; ++i) {
    if (takes(i, "q" + std::to_string(i))) taken.push_back(i);
  }
  return taken;
}

using Positions = std::vector<int64_t>;

TEST_CASE("selection: --where takes items by their fields; a shell may have eaten its quotes") {
  Config config = NumbersConfig(9);
  for (const char* text : {"item.task==trend", "item.task == \"trend\"", "item.task=='trend'"}) {
    CAPTURE(text);
    CHECK(Taken(config, Where(text), 9) == Positions{3, 6, 9});
  }
  CHECK(Taken(config, Where("item.points <= params.most"), 9) == Positions{1, 2, 3});
  CHECK(Taken(config, Where("item.task==set and item.points > 60"), 9) == Positions{7, 8});
  CHECK(Taken(config, Where("false"), 9) == Positions{});
}

TEST_CASE("selection: a --where that cannot be answered names the item") {
  Config config = NumbersConfig(9);
  auto error_of = [&](const std::string& text) {
    auto chosen = SelectItems(config, Where(text));
    return chosen ? "" : chosen.error();
  };
  std::string unknown = error_of("item.tsk==trend");
  CAPTURE(unknown);
  CHECK(unknown.starts_with("item q1: --where"));
  CHECK(unknown.find("item.task") != std::string::npos);
  CHECK(error_of("item.points").starts_with("item q1: --where"));
  CHECK(error_of("item.task < 3").starts_with("item q1: --where"));
  auto syntax = MakeSelection({.where = "item.task=="});
  REQUIRE_FALSE(syntax.ok());
  CHECK(syntax.error().starts_with("--where"));
}

TEST_CASE("selection: a sample is so many items by chance, the same for the same seed") {
  Config config = NumbersConfig(200);
  auto sample = [&](int64_t n, int64_t seed) {
    return Taken(config, *MakeSelection({.sample = n, .seed = seed}), 200);
  };
  Positions ten = sample(10, 1);
  CHECK(ten.size() == 10);
  CHECK(ten == sample(10, 1));
  CHECK(ten != sample(10, 2));
  Positions twenty = sample(20, 1);
  CHECK_MESSAGE(std::includes(twenty.begin(), twenty.end(), ten.begin(), ten.end()),
                "a larger sample has the smaller one in it");
  CHECK(sample(500, 1).size() == 200);
  CHECK_MESSAGE(*std::max_element(ten.begin(), ten.end()) > 20, "not only the first");
}

TEST_CASE("selection: the sample is of what the others take, and limit comes last") {
  Config config = NumbersConfig(200);
  SelectionOptions options{.where = "item.task==trend", .sample = 5};
  Positions five = Taken(config, *MakeSelection(options), 200);
  REQUIRE(five.size() == 5);
  for (int64_t each : five) CHECK(each % 3 == 0);
  options.limit = 2;
  CHECK(Taken(config, *MakeSelection(options), 200) == Positions{five[0], five[1]});
  options = {.range = "50..59", .sample = 3};
  for (int64_t each : Taken(config, *MakeSelection(options), 200)) {
    CHECK(each >= 50);
    CHECK(each <= 59);
  }
  options = {.only = {"q3", "q4"}, .where = "item.task==trend"};
  CHECK(Taken(config, *MakeSelection(options), 200) == Positions{3});
}

TEST_CASE("selection: an id of --only that no item has is told with the nearest") {
  Config config = NumbersConfig(9);
  auto chosen = SelectItems(config, *MakeSelection({.only = {"q3", "q44"}}));
  REQUIRE_FALSE(chosen.ok());
  CHECK(chosen.error().starts_with("--only: no item is called \"q44\""));
  CHECK(SelectItems(config, *MakeSelection({.only = {"q3"}})).ok());
}

// The same items in a ledger; those in `done` are.
Ledger LedgerOf(int64_t n, const std::set<int64_t>& done = {}) {
  Ledger ledger = MakeLedger(0);
  for (int64_t i = 1; i <= n; ++i) {
    Json fields{{"id", "q" + std::to_string(i)},
                {"task", i % 3 == 0 ? "trend" : "set"},
                {"points", i * 10}};
    ledger.Add(record::Item{i, "q" + std::to_string(i), DumpJson(fields), "hash", ""});
    if (!done.contains(i)) continue;
    ledger.Add(record::Status{"q" + std::to_string(i), ItemStatus::kDone, "", 0, 0});
  }
  Commit(ledger);
  return ledger;
}

Ids Handed(const Ledger& ledger, const Selection& selection) {
  Queue queue(ledger.view(), selection);
  Ids ids;
  while (auto row = queue.Next(kNow, Always)) ids.push_back(row->id);
  return ids;
}

TEST_CASE("selection: the ledger's items are chosen as the source's are, done or not") {
  Config config = NumbersConfig(200);
  Ledger fresh = LedgerOf(200), half_done = LedgerOf(200, {3, 6, 9, 12, 99});
  for (const SelectionOptions& options :
       {SelectionOptions{.where = "item.task==trend"}, SelectionOptions{.sample = 12},
        SelectionOptions{.where = "item.task==trend", .sample = 6, .seed = 4},
        SelectionOptions{.where = "item.task==trend", .limit = 4},
        SelectionOptions{.range = "90..120", .limit = 5, .sample = 6}}) {
    Selection asked = *MakeSelection(options);
    Positions of_source = Taken(config, asked, 200);
    auto chosen = SelectItems(fresh.view(), config, asked);
    REQUIRE_MESSAGE(chosen.ok(), chosen.error());
    Ids ids;
    for (int64_t each : of_source) ids.push_back("q" + std::to_string(each));
    CHECK(Handed(fresh, *chosen) == ids);
    auto again = SelectItems(half_done.view(), config, asked);
    REQUIRE(again.ok());
    std::erase_if(ids, [](const std::string& id) {
      return std::set<std::string>{"q3", "q6", "q9", "q12", "q99"}.contains(id);
    });
    CHECK_MESSAGE(Handed(half_done, *again) == ids, "what is done counts for sample and limit");
  }
}

TEST_CASE("selection: absent items are not looked at, and a failure in the ledger names the item") {
  Config config = NumbersConfig(9);
  Ledger ledger = LedgerOf(9);
  ledger.Add(record::Item{10, "gone", R"({"id": "gone"})", "hash", ""});
  ledger.Add(record::Status{"gone", ItemStatus::kAbsent, "", 0, 0});
  Commit(ledger);
  CHECK(SelectItems(ledger.view(), config, Where("item.task==trend")).ok());
  ledger.Add(record::Item{11, "odd", R"({"id": "odd"})", "hash", ""});
  Commit(ledger);
  auto chosen = SelectItems(ledger.view(), config, Where("item.task==trend"));
  REQUIRE_FALSE(chosen.ok());
  CHECK(chosen.error().starts_with("item odd: --where"));
}

TEST_CASE("selection: a pilot is the first of what is selected") {
  Config config = NumbersConfig(30);
  Ledger ledger = LedgerOf(30, {3});
  auto chosen = SelectItems(ledger.view(), config, Where("item.task==trend"));
  REQUIRE(chosen.ok());
  auto pilot = PilotOf(ledger.view(), *chosen, 2);
  REQUIRE(pilot);
  CHECK(Handed(ledger, *pilot) == Ids{"q6", "q9"});
}

std::string LineOf(std::vector<std::string> words, bool resume) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return CommandLine(static_cast<int>(argv.size()), argv.data(), resume);
}

TEST_CASE(
    "command line: to resume keeps what selects and sets, and leaves out what is meant once") {
  CHECK(LineOf({"muster", "run", "c.yaml", "--profile", "quick", "--where", "item.task == \"a b\"",
                "--sample", "5", "--seed=3", "--fresh", "--pilot", "4", "--redo"},
               true) ==
        "muster run c.yaml --profile quick --where 'item.task == \"a b\"' --sample 5 --seed=3");
  CHECK(LineOf({"muster", "run", "--pilot=4", "--keep-done", "--retry-failed", "c.yaml"}, true) ==
        "muster run c.yaml");
  CHECK(LineOf({"muster", "run", "c.yaml", "--only", "--fresh", "--fresh"}, true) ==
        "muster run c.yaml --only --fresh");
  CHECK(LineOf({"muster", "run", "it's", "--fresh"}, false) == "muster run 'it'\\''s' --fresh");
}

TEST_CASE("command line: ranges have two ends") {
  CHECK(ParseRange("3..10") == std::pair<int64_t, int64_t>(3, 10));
  CHECK(ParseRange("-3..-1") == std::pair<int64_t, int64_t>(-3, -1));
  for (const char* bad : {"", "3", "3..", "..3", "5..3", "3...5", "3..5x", "a..b"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseRange(bad));
    if (*bad) CHECK_FALSE(MakeSelection({.range = bad}).ok());
  }
}

}  // namespace
}  // namespace muster
