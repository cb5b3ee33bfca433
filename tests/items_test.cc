#include "common/config/items.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <vector>

#include "common/config/glob.h"
#include "tests/config_testing.h"

namespace muster {
namespace {

// A config in `folder` whose items are what `items` says (one line of YAML).
Config ConfigFor(const ConfigFolder& folder, const std::string& items) {
  auto config = folder.Load("name: i\nparams: {p: q}\nitems: " + items +
                            "\nsteps: [{id: a, chat: {model: mock/m, user: x}}]\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

struct Seen {
  std::vector<SourceItem> items;
  std::string error;  // "" when all went well

  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const SourceItem& item : items) ids.push_back(item.id);
    return ids;
  }
};

Seen ItemsOf(const Config& config) {
  Seen seen;
  auto done = ForEachItem(config, [&](SourceItem item) -> Result<void> {
    seen.items.push_back(std::move(item));
    return {};
  });
  if (!done) seen.error = done.error();
  return seen;
}

Seen ItemsOf(const ConfigFolder& folder, const std::string& items) {
  return ItemsOf(ConfigFor(folder, items));
}

using Ids = std::vector<std::string>;

TEST_CASE("every matching folder is an item, in natural order") {
  ConfigFolder folder;
  for (const char* name : {"p10", "p2", "p1", "_aside", ".hidden", "Ünal", "with space"}) {
    folder.Write(std::string("all/") + name + "/1-a.txt", "x");
  }
  folder.Write("all/file.txt", "not a folder");
  CHECK(ItemsOf(folder, "{directories: 'all/*'}").ids() ==
        Ids{"p1", "p2", "p10", "with space", "Ünal"});
  CHECK(ItemsOf(folder, "{directories: 'all/p?/'}").ids() == Ids{"p1", "p2"});
  CHECK(ItemsOf(folder, "{directories: '*/p[12]'}").ids() == Ids{"p1", "p2"});
  CHECK(ItemsOf(folder, "{directories: 'all/x*'}").items.empty());
  CHECK(ItemsOf(folder, "{directories: 'al/*'}").error == "items.directories: al: does not exist");
  CHECK_MESSAGE(ItemsOf(folder, "{directories: '" + folder.path() + "/all/p1'}").ids() == Ids{"p1"},
                "absolute");
}

TEST_CASE("what a pattern matches and cannot be looked at is an error, not one item less") {
  ConfigFolder folder;
  folder.Write("all/p1/1-a.txt", "x");
  std::filesystem::create_symlink("p2", folder / "all/p2");  // leads to itself
  CHECK(ItemsOf(folder, "{directories: 'all/*'}").error ==
        "items.directories: all/p2: Too many levels of symbolic links");
  std::filesystem::create_symlink("nowhere", folder / "all/p3");
  std::filesystem::remove(folder / "all/p2");
  CHECK(ItemsOf(folder, "{directories: 'all/*'}").ids() == Ids{"p1"});
}

TEST_CASE("a folder whose own name has glob characters is taken as it is") {
  ConfigFolder outer;
  outer.Write(
      "we[ir]d*/c.yaml",
      "name: i\nitems: {directories: '*'}\nsteps: [{id: a, chat: {model: mock/m, user: x}}]\n");
  outer.Write("we[ir]d*/one/a", "");
  auto config = LoadConfig(outer / "we[ir]d*/c.yaml", {});
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(ItemsOf(*config).ids() == Ids{"one"});
}

TEST_CASE("item.files has the texts of the folder in natural order") {
  ConfigFolder folder;
  folder.Write("all/a/10-c.txt", "ten");
  folder.Write("all/a/2-b.txt", "\xEF\xBB\xBFtwo");
  folder.Write("all/a/notes.md", "no");
  folder.Write("all/a/.x.txt", "no");
  auto seen = ItemsOf(folder, "{directories: 'all/*', files: '*.txt'}");
  CHECK(seen.error == "");
  REQUIRE(seen.items.size() == 1);
  CHECK(DumpJson(seen.items[0].fields) ==
        R"({"id":"a","files":[{"name":"2-b.txt","stem":"2-b","path":"all/a/2-b.txt","text":"two"},)"
        R"({"name":"10-c.txt","stem":"10-c","path":"all/a/10-c.txt","text":"ten"}]})");
}

TEST_CASE("files that cannot be texts stop with their name") {
  ConfigFolder folder;
  folder.Write("all/a/x.txt", "ok\nna\xefve");
  CHECK(ItemsOf(folder, "{directories: 'all/*', files: '*.txt'}").error ==
        "items.files: all/a/x.txt: line 2 is not UTF-8; save the file as UTF-8");
  CHECK(ItemsOf(folder, "{directories: 'all/*', files: '*.md'}").error ==
        "items.files: no file in all/a matches *.md");
  folder.Write("all/a/y.md", std::string(4 * 1024 * 1024 + 1, 'x'));
  CHECK(ItemsOf(folder, "{directories: 'all/*', files: '*.md'}").error ==
        "items.files: all/a/y.md: larger than 4 MB");
}

TEST_CASE("ids that cannot be shown or are too long are errors that name the folder") {
  auto error_for = [](const std::string& name) {
    ConfigFolder folder;
    std::filesystem::create_directories(folder / ("all/" + name));
    return ItemsOf(folder, "{directories: 'all/*'}").error;
  };
  CHECK(error_for("a\x1b[31m") ==
        "items.directories: all/a\\x1b[31m: the item's id has bytes or characters that cannot be "
        "printed: \"a\\x1b[31m\"");
  CHECK(error_for("a\nb").find("cannot be printed") != std::string::npos);
  CHECK(error_for("a\xff").find("cannot be printed") != std::string::npos);
  CHECK(error_for("a\u202E"
                  "b")
            .find("cannot be printed") != std::string::npos);
  CHECK(error_for(std::string(201, 'x')).find("the item's id has 201 bytes; at most 200") !=
        std::string::npos);
  for (const char* fine : {"-rf", "CON", "$(touch x)", "a;b", "日本", "{{x}}", "'\"`"}) {
    CHECK_MESSAGE(error_for(fine) == "", fine);
  }
}

TEST_CASE("two folders of one name are an error that names both") {
  ConfigFolder folder;
  folder.Write("x/same/a", "");
  folder.Write("y/same/a", "");
  CHECK(ItemsOf(folder, "{directories: '*/same'}").error ==
        "items.directories: y/same: the id \"same\" is also that of x/same");
}

TEST_CASE("a range gives numbers, both ends included") {
  ConfigFolder folder;
  auto seen = ItemsOf(folder, "{range: 9..11}");
  CHECK(seen.ids() == Ids{"9", "10", "11"});
  CHECK(DumpJson(seen.items[0].fields) == R"({"id":"9","number":9})");
  CHECK(ItemsOf(folder, "{range: {from: -1, to: -1}}").ids() == Ids{"-1"});
}

TEST_CASE("fields are made from the item and the params, strictly") {
  ConfigFolder folder;
  auto seen = ItemsOf(
      folder,
      "{range: 7..7, fields: {image: 'p/{{item.id}}.png', twice: '{{params.p}}{{params.p}}'}}");
  REQUIRE(seen.items.size() == 1);
  CHECK(seen.items[0].fields["image"] == "p/7.png");
  CHECK(seen.items[0].fields["twice"] == "qq");
  CHECK(ItemsOf(folder, "{range: 7..7, fields: {a: '{{item.nmuber}}'}}").error ==
        "items.fields.a of item 7: unknown name \"item.nmuber\"; did you mean \"item.number\"?");
  CHECK_MESSAGE(ItemsOf(folder, "{range: 7..7, fields: {a: x, b: '{{item.a}}'}}").error != "",
                "not from each other");
}

TEST_CASE("a join adds the row's fields") {
  ConfigFolder folder;
  folder.Write("list.json", R"([{"id": 1, "answer": "C"}, {"id": "2", "answer": null, "n": [1]}])");
  folder.Write("map.json", R"({"1": {"answer": "A"}, "2": {"answer": "B"}})");
  folder.Write("key.json", R"([{"key": "1", "answer": "K"}, {"key": "2"}])");
  auto list = ItemsOf(folder, "{range: 1..2, join: {json: list.json, on: id}}");
  CHECK(list.error == "");
  REQUIRE(list.items.size() == 2);
  CHECK(DumpJson(list.items[0].fields) == R"({"id":"1","number":1,"answer":"C"})");
  CHECK(DumpJson(list.items[1].fields) == R"({"id":"2","number":2,"answer":null,"n":[1]})");
  auto map =
      ItemsOf(folder, "{range: 1..2, join: {json: map.json}, fields: {f: '={{item.answer}}'}}");
  REQUIRE(map.items.size() == 2);
  CHECK(map.items[1].fields["f"] == "=B");
  CHECK(
      ItemsOf(folder, "{range: 1..1, join: {json: key.json, on: key}}").items[0].fields["answer"] ==
      "K");
}

TEST_CASE("a join that does not fit is an error that names file and row") {
  ConfigFolder folder;
  auto error_for = [&](const std::string& json, const std::string& on = "id") {
    folder.Write("t.json", json);
    return ItemsOf(folder, "{range: 10..12, join: {json: t.json, on: " + on + "}}").error;
  };
  CHECK(error_for(R"([{"id": 10}, {"id": 11}])") ==
        "items.join: t.json has no row for item \"12\"; the nearest is \"10\"");
  CHECK(error_for(R"([{"id": 10}, {"id": 10}])") ==
        "items.join: t.json: row 2 has \"10\" in \"id\", which another row has too");
  CHECK(error_for(R"([{"id": 10}, {"di": 11}])") ==
        "items.join: t.json: row 2 has no field \"id\" that is a text or a whole number");
  CHECK(error_for(R"([{"id": 10, "number": 4}])") ==
        "items.join: t.json gives item \"10\" a field \"number\" that it has already with another "
        "value; rename it in the table");
  CHECK(error_for(R"({"10": 3})") ==
        "items.join: t.json: \"10\" is no object; expected an object of objects by id");
  CHECK(error_for("3") ==
        "items.join: t.json: expected a list of objects, or an object of objects by id");
  CHECK(error_for("[").starts_with("items.join: t.json: not JSON: "));
  std::filesystem::remove(folder / "t.json");
  CHECK(ItemsOf(folder, "{range: 1..1, join: {json: t.json}}").error ==
        "items.join: t.json: no such file");
}

TEST_CASE("an error of the taker stops at once and is handed back") {
  ConfigFolder folder;
  int taken = 0;
  auto done =
      ForEachItem(ConfigFor(folder, "{range: 1..1000000000}"), [&](SourceItem) -> Result<void> {
        if (++taken == 3) return Fail("full");
        return {};
      });
  CHECK(done.error() == "full");
  CHECK(taken == 3);
}

TEST_CASE("natural order compares digits by their value") {
  Ids sorted{"", "1", "01", "2", "10", "10a", "a", "a1b2", "a1b10", "a02", "a10", "b"};
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) {
      CAPTURE(sorted[i]);
      CAPTURE(sorted[j]);
      bool less = i < j;
      if ((sorted[i] == "1" && sorted[j] == "01") || (sorted[i] == "01" && sorted[j] == "1")) {
        less = sorted[i] < sorted[j];  // equal by value: by bytes
      }
      CHECK(NaturalLess(sorted[i], sorted[j]) == less);
    }
  }
}

}  // namespace
}  // namespace muster
