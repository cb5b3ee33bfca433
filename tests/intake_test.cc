// What a source brings into the ledger, and what a changed config or item means for a run.

#include "tests/intake_testing.h"

namespace muster {
namespace {

const char* const kConfig =
    "name: test\n"
    "items: {directories: in/*, files: \"*.txt\"}\n"
    "steps:\n"
    "  - id: ask\n"
    "    chat: {model: mock/m, user: \"{{item.id}}\", temperature: 0.5}\n"
    "outputs:\n"
    "  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n";

// A run over folders.
struct IntakeTest : SourceTest {
  IntakeTest() : SourceTest(kConfig) {
    for (const char* id : {"a", "b", "c"}) folder.Write(fmt::format("in/{}/1.txt", id), "one");
  }
};

bool Mentions(const Intake& intake, const std::string& part) {
  return std::any_of(intake.differences.begin(), intake.differences.end(),
                     [&](const auto& line) { return line.find(part) != std::string::npos; });
}

TEST_CASE("intake: every item of the source is pending, in its order") {
  IntakeTest test;
  CHECK(test.Take().found == 3);
  std::vector<std::string> ids;
  test.ledger->view().ForEachItem([&](const ItemRow& row) {
    ids.push_back(row.id);
    CHECK(row.status == ItemStatus::kPending);
    CHECK(row.position == static_cast<int64_t>(ids.size()));
    CHECK(StringMember(*ParseJson(row.fields), "id") == row.id);
  });
  CHECK(ids == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("intake: twice the same changes nothing") {
  IntakeTest test;
  test.Take();
  test.End("a", ItemStatus::kDone);
  Intake again = test.Take();
  CHECK(again.found == 3);
  CHECK(again.differences.empty());
  CHECK_FALSE(again.outputs_changed);
  CHECK(test.StatusOf("a") == ItemStatus::kDone);
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
}

TEST_CASE(
    "intake: new items are added, those that are gone are kept as absent, and may come back") {
  IntakeTest test;
  test.Take();
  test.End("b", ItemStatus::kDone);
  std::filesystem::remove_all(test.folder / "in/b");
  test.folder.Write("in/aa/1.txt", "new");
  CHECK(test.Take().found == 3);
  CHECK(test.StatusOf("b") == ItemStatus::kAbsent);
  CHECK(test.StatusOf("aa") == ItemStatus::kPending);
  CHECK(test.Row("aa").position == 2);
  CHECK(test.Row("c").position == 3);
  test.folder.Write("in/b/1.txt", "one");
  test.Take();
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
}

TEST_CASE("intake: a changed prompt or setting stops, is shown leaf by leaf, and writes nothing") {
  IntakeTest test;
  test.Take();
  test.Change("0.5", "0.7");
  test.folder.Write("in/d/1.txt", "new");
  Intake stopped = test.Take();
  REQUIRE(stopped.differences.size() == 1);
  CHECK(Mentions(stopped, "steps[0].chat.temperature: 0.5 → 0.7"));
  CHECK_FALSE(test.ledger->view().FindItem("d"));
  CHECK(test.ledger->pending() == 0);
  CHECK(test.Take().differences.size() == 1);  // again
  test.Change("0.7", "0.5");
  CHECK(test.Take().differences.empty());
}

TEST_CASE("intake: what does not decide the answers may change") {
  IntakeTest test;
  test.Take();
  test.yaml += "workers: 7\nretry: {attempts: 2}\nlimits: {concurrency: 3}\n";
  CHECK(test.Take().differences.empty());
}

TEST_CASE("intake: changed contents of an item stop only once it was worked on") {
  IntakeTest test;
  test.Take();
  test.End("a", ItemStatus::kDone);
  test.folder.Write("in/a/1.txt", "two");
  test.folder.Write("in/b/1.txt", "two");
  Intake stopped = test.Take();
  REQUIRE(stopped.differences.size() == 1);
  CHECK(Mentions(stopped, "item a"));
  test.folder.Write("in/a/1.txt", "one");
  CHECK(test.Take().differences.empty());
  CHECK(test.Row("b").fields.find("two") != std::string::npos);
}

TEST_CASE("intake: --redo hands everything out again, --keep-done only what is not done") {
  for (OnChange choice : {OnChange::kRedo, OnChange::kKeepDone}) {
    IntakeTest test;
    test.Take();
    test.End("a", ItemStatus::kDone);
    test.End("b", ItemStatus::kFailed);
    test.Change("0.5", "0.7");
    CHECK(test.Take(choice).differences.empty());
    bool redo = choice == OnChange::kRedo;
    CHECK(test.StatusOf("a") == (redo ? ItemStatus::kPending : ItemStatus::kDone));
    CHECK(test.StatusOf("b") == (redo ? ItemStatus::kPending : ItemStatus::kFailed));
    CHECK(test.Row("a").extra_asks == 0);
    CHECK(test.Take().differences.empty());  // the change is accepted for good
  }
}

TEST_CASE("intake: --redo leaves absent items absent") {
  IntakeTest test;
  test.Take();
  test.End("a", ItemStatus::kDone);
  std::filesystem::remove_all(test.folder / "in/a");
  test.Take(OnChange::kRedo);
  CHECK(test.StatusOf("a") == ItemStatus::kAbsent);
}

TEST_CASE("intake: changed outputs hand done items out again, to be replayed") {
  IntakeTest test;
  test.Take();
  test.End("a", ItemStatus::kDone);
  test.End("b", ItemStatus::kFailed);
  test.Change("text: \"{{ask.text}}\"", "text: \"new {{ask.text}}\"");
  Intake intake = test.Take();
  CHECK(intake.differences.empty());
  CHECK(intake.outputs_changed);
  CHECK(test.StatusOf("a") == ItemStatus::kPending);
  CHECK(test.StatusOf("b") == ItemStatus::kFailed);
  CHECK_FALSE(test.Take().outputs_changed);
}

TEST_CASE("intake: changed scores and report rules hand done items out again too") {
  for (const char* change :
       {"score: {answer: {got: ask.text, expect: item.id}}\n", "report: {group_by: item.id}\n"}) {
    CAPTURE(change);
    IntakeTest test;
    test.Take();
    test.End("a", ItemStatus::kDone);
    test.yaml += change;
    CHECK(test.Take().outputs_changed);
    CHECK(test.StatusOf("a") == ItemStatus::kPending);
    CHECK_FALSE(test.Take().outputs_changed);
  }
}

TEST_CASE("intake: with changed outputs failed items leave their records anew") {
  IntakeTest test;
  test.Change("{file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}",
              "{append: all.txt, record: \"{{item.id}}: {{error}}\", errors: true}");
  test.Take();
  test.End("a", ItemStatus::kFailed);
  test.ledger->Add(record::Output{"a", 0, "all.txt", "a: "});
  test.Change("{{item.id}}: {{error}}", "{{item.id}} {{status}}");
  CHECK(test.Take().outputs_changed);
  auto outputs = test.ledger->view().OutputsOf("a");
  REQUIRE(outputs.size() == 1);
  CHECK(outputs[0].text == "a error");
  CHECK(test.StatusOf("a") == ItemStatus::kFailed);
}

TEST_CASE("intake: items whose outputs are there from elsewhere are skipped while they are") {
  IntakeTest test;
  test.Change("text: \"{{ask.text}}\"", "text: \"{{ask.text}}\", skip_existing: true");
  test.yaml += "output_dir: " + (test.folder / "out") + "\n";
  test.folder.Write("out/b.txt", "from elsewhere");
  test.Take();
  CHECK(test.StatusOf("a") == ItemStatus::kPending);
  CHECK(test.StatusOf("b") == ItemStatus::kSkipped);
  CHECK(test.Row("b").reason == "b.txt is there already");
  test.Take(OnChange::kRedo);
  CHECK(test.StatusOf("b") == ItemStatus::kSkipped);
  // Another comes, of an item that was begun: that one is not skipped.
  test.End("a", ItemStatus::kDone);
  test.folder.Write("out/a.txt", "from elsewhere");
  test.folder.Write("out/c.txt", "ours");
  test.ledger->Add(record::Output{"c", 0, "c.txt", "ours"});
  REQUIRE(test.ledger->Commit() == CommitOutcome::kCommitted);
  test.Take();
  CHECK(test.StatusOf("a") == ItemStatus::kDone);
  CHECK(test.StatusOf("c") == ItemStatus::kPending);
  std::filesystem::remove(test.folder / "out/b.txt");
  test.Take();
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
  test.folder.Write("out/b.txt", "from elsewhere");
  test.Take();
  CHECK(test.StatusOf("b") == ItemStatus::kSkipped);
  test.Change("skip_existing: true", "skip_existing: false");
  test.Take(OnChange::kKeepDone);
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
}

TEST_CASE("intake: many differences are shown in part, with how many more there are") {
  IntakeTest test;
  for (int i = 0; i < 40; ++i) test.folder.Write(fmt::format("in/x{}/1.txt", i), "one");
  test.Take();
  for (int i = 0; i < 40; ++i) {
    test.End(fmt::format("x{}", i), ItemStatus::kDone);
    test.folder.Write(fmt::format("in/x{}/1.txt", i), "two");
  }
  Intake stopped = test.Take();
  CHECK(stopped.differences.size() == 13);
  CHECK(stopped.differences.back() == "… and 28 more");
}

TEST_CASE("intake: every item knows the lane it begins in, also when the same items are resumed") {
  IntakeTest test;
  test.Take();
  for (const char* id : {"a", "b", "c"}) CHECK(test.Row(id).lane == "mock/m");
  test.End("a", ItemStatus::kDone);
  test.Change("mock/m", "\"mock/{{item.id}}\"");
  test.Take(OnChange::kKeepDone);
  for (const char* id : {"a", "b", "c"}) {
    CHECK(test.Row(id).lane == "mock/" + std::string(id));
    CHECK(test.Row(id).fields.find("one") != std::string::npos);
  }
  CHECK(test.StatusOf("a") == ItemStatus::kDone);
  CHECK(test.ledger->view().Lanes(ItemStatus::kPending) ==
        std::vector<std::string>{"mock/b", "mock/c"});
}

TEST_CASE("intake: an item whose lane cannot be told is taken in all the same") {
  IntakeTest test;
  test.Change("mock/m", "\"{{item.model}}\"");
  CHECK(test.Take().found == 3);
  CHECK(test.Row("a").lane == "");
}

TEST_CASE("intake: a bad source is an error and takes nothing away") {
  IntakeTest test;
  test.Take();
  std::filesystem::remove(test.folder / "in/b/1.txt");
  auto config = test.folder.Load(test.yaml);
  REQUIRE(config);
  auto intake = TakeItemsIn(*config, *test.ledger, OnChange::kKeepDone);
  CHECK_FALSE(intake);
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
}

TEST_CASE("intake: --retry-failed reopens failed and quarantined items, each with a fresh ask") {
  IntakeTest test;
  test.Take();
  test.End("a", ItemStatus::kDone);
  test.End("b", ItemStatus::kFailed);
  test.End("c", ItemStatus::kQuarantined);
  auto reopened = ReopenFailed(*test.ledger);
  REQUIRE(reopened);
  CHECK(*reopened == 2);
  CHECK(test.StatusOf("a") == ItemStatus::kDone);
  CHECK(test.Row("a").extra_asks == 0);
  for (const char* id : {"b", "c"}) {
    CHECK(test.StatusOf(id) == ItemStatus::kPending);
    CHECK(test.Row(id).extra_asks == 1);
    CHECK(test.Row(id).worker_deaths == 0);
  }
  CHECK(*ReopenFailed(*test.ledger) == 0);
}

}  // namespace
}  // namespace muster
