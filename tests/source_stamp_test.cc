// When a source is read again, and when its stamp is enough.

#include "supervisor/source_stamp.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>

#include "tests/intake_testing.h"

namespace muster {
namespace {

const char* const kConfig =
    "name: test\n"
    "params: {model: m}\n"
    "items: {csv: in.csv}\n"
    "steps:\n"
    "  - id: ask\n"
    "    chat: {model: \"mock/{{params.model}}\", user: \"{{item.text}}\"}\n"
    "outputs:\n"
    "  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n";

// A run over a CSV file that was last changed a while ago.
struct StampTest : SourceTest {
  StampTest() : SourceTest(kConfig) { Write("in.csv", "id,text\na,one\nb,two\nc,three\n"); }

  // In place, as an editor that keeps the inode would; `age` in seconds.
  void Write(const std::string& name, const std::string& text, int64_t age = 100) {
    folder.Write(name, text);
    Age(name, age);
  }
  void Age(const std::string& name, int64_t age) {
    timespec then{time(nullptr) - age, 0};
    timespec times[2] = {then, then};
    REQUIRE(utimensat(AT_FDCWD, (folder / name).c_str(), times, 0) == 0);
  }
};

TEST_CASE("source stamp: what did not change is not read again, and gives the same items") {
  StampTest test;
  CHECK_FALSE(test.Take().unread);
  test.End("a", ItemStatus::kDone);
  for (int i = 0; i < 2; ++i) {
    Intake again = test.Take();
    CHECK(again.unread);
    CHECK(again.found == 3);
    CHECK(again.differences.empty());
  }
  CHECK(test.StatusOf("a") == ItemStatus::kDone);
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
}

TEST_CASE("source stamp: a file that was touched, changed, longer or another one is read") {
  StampTest test;
  test.Take();
  SUBCASE("touched") { test.Age("in.csv", 50); }
  SUBCASE("another byte, with the same size and time of change") {
    test.Write("in.csv", "id,text\na,one\nb,two\nc,threE\n", 100);
  }
  SUBCASE("a row more") { test.Write("in.csv", "id,text\na,one\nb,two\nc,three\nd,four\n"); }
  SUBCASE("a row less") { test.Write("in.csv", "id,text\na,one\nb,two\n"); }
  SUBCASE("another file in its place") {
    test.Write("new.csv", "id,text\na,one\nb,two\nc,three\n");
    std::filesystem::rename(test.folder / "new.csv", test.folder / "in.csv");
  }
  CHECK_FALSE(test.Take().unread);
  CHECK(test.Take().unread);
}

TEST_CASE("source stamp: rows that came and went are found by the pass they cause") {
  StampTest test;
  test.Take();
  test.Write("in.csv", "id,text\na,one\nc,three\nd,four\n");
  CHECK(test.Take().found == 3);
  CHECK(test.StatusOf("b") == ItemStatus::kAbsent);
  CHECK(test.StatusOf("d") == ItemStatus::kPending);
  CHECK(test.Take().unread);
  CHECK(test.StatusOf("b") == ItemStatus::kAbsent);
}

TEST_CASE("source stamp: a file that changed just now is not trusted at the next start") {
  StampTest test;
  test.Write("in.csv", "id,text\na,one\n", 0);
  test.Take();
  CHECK_FALSE(test.Take().unread);
  test.Age("in.csv", 3);
  test.Take();
  CHECK(test.Take().unread);
}

TEST_CASE("source stamp: what the config says of items, and where they begin, counts") {
  StampTest test;
  test.Take();
  SUBCASE("params") { test.Change("model: m", "model: n"); }
  SUBCASE("fields") { test.Change("csv: in.csv", "csv: in.csv, fields: {more: \"{{item.id}}!\"}"); }
  SUBCASE("where") { test.Change("csv: in.csv", "csv: in.csv, where: item.id != 'b'"); }
  SUBCASE("repeat") { test.Change("csv: in.csv", "csv: in.csv, repeat: 2"); }
  SUBCASE("model") { test.Change("mock/{{params.model}}", "mock/other"); }
  CHECK_FALSE(test.Take(OnChange::kKeepDone).unread);
  CHECK(test.Take(OnChange::kKeepDone).unread);
}

TEST_CASE("source stamp: workers and limits do not count") {
  StampTest test;
  test.Take();
  test.yaml += "workers: 7\nretry: {attempts: 2}\n";
  CHECK(test.Take().unread);
}

TEST_CASE("source stamp: a joined table counts like the source") {
  StampTest test;
  test.Write("side.csv", "id,more\na,x\nb,y\nc,z\n");
  test.Change("csv: in.csv", "csv: in.csv, join: {csv: side.csv, on: id}");
  test.Take();
  CHECK(test.Take().unread);
  test.Write("side.csv", "id,more\na,x\nb,y\nc,!\n", 90);
  CHECK_FALSE(test.Take().unread);
}

TEST_CASE(
    "source stamp: folders, and outputs that are skipped where they are, are always looked at") {
  StampTest test;
  SUBCASE("folders") {
    test.folder.Write("in/a/1.txt", "one");
    test.Change("csv: in.csv", "directories: in/*");
    test.Change("item.text", "item.id");
  }
  SUBCASE("skip_existing") {
    test.Change("text: \"{{ask.text}}\"", "text: \"{{ask.text}}\", skip_existing: true");
  }
  test.Take();
  CHECK_FALSE(test.Take().unread);
}

TEST_CASE("source stamp: an item that was skipped comes again once nothing is skipped any more") {
  StampTest test;
  test.yaml += "output_dir: " + (test.folder / "out") + "\n";
  std::string plain = test.yaml;
  test.Take();
  test.folder.Write("out/b.txt", "from elsewhere");
  test.Change("text: \"{{ask.text}}\"", "text: \"{{ask.text}}\", skip_existing: true");
  test.Take(OnChange::kKeepDone);
  CHECK(test.StatusOf("b") == ItemStatus::kSkipped);
  test.yaml = plain;
  CHECK_FALSE(test.Take(OnChange::kKeepDone).unread);
  CHECK(test.StatusOf("b") == ItemStatus::kPending);
}

TEST_CASE("source stamp: unread items are handed out again all the same where that is wanted") {
  StampTest test;
  test.Take();
  test.End("a", ItemStatus::kDone);
  test.End("b", ItemStatus::kFailed);
  SUBCASE("--redo") {
    CHECK(test.Take(OnChange::kRedo).unread);
    CHECK(test.StatusOf("b") == ItemStatus::kPending);
  }
  SUBCASE("changed outputs") {
    test.Change("text: \"{{ask.text}}\"", "text: \"new {{ask.text}}\"");
    Intake intake = test.Take();
    CHECK(intake.unread);
    CHECK(intake.outputs_changed);
    CHECK(test.StatusOf("b") == ItemStatus::kFailed);
  }
  CHECK(test.StatusOf("a") == ItemStatus::kPending);
}

TEST_CASE("source stamp: a pass that did not come to its end leaves nothing to trust") {
  StampTest test;
  test.Take();
  test.Write("in.csv", "id,text\na,one\nb,two\na,again\n");
  CHECK_FALSE(test.Try(OnChange::kKeepDone));
  test.Write("in.csv", "id,text\na,one\nb,two\nc,three\n");
  CHECK_FALSE(test.Take().unread);
  CHECK(test.Take().unread);
}

TEST_CASE("intake: an id that comes twice is refused with both places, known before or not") {
  StampTest test;
  std::string more;
  SUBCASE("new, far apart") {
    for (int i = 0; i < 25'000; ++i) more += fmt::format("x{},t\n", i);
    more += "x7,t\n";
  }
  SUBCASE("new, in a row") { more = "x,t\nx,t\n"; }
  SUBCASE("known") {
    test.Take();
    more = "b,t\n";
  }
  test.Write("in.csv", "id,text\na,one\nb,two\nc,three\n" + more, 90);
  auto intake = test.Try();
  REQUIRE_FALSE(intake);
  CHECK_MESSAGE(intake.error().find("items.csv: in.csv:") != std::string::npos, intake.error());
  CHECK_MESSAGE(intake.error().find("is also that of in.csv:") != std::string::npos,
                intake.error());
}

}  // namespace
}  // namespace muster
