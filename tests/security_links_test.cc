// Links that somebody planted in a run directory, soft and hard: nothing outside of it is written,
// emptied or removed.

#include <unistd.h>

#include <filesystem>

#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// A place with a file and a folder outside of the run directory that are not to be touched.
struct Victims {
  Victims() : place(1) {
    place.Write("outside/file", "untouched");
    fs::create_directories(place / "outside/folder");
    fs::create_directories(place / (kRun + "/transcripts"));
  }
  void CheckUntouched() const {
    CHECK(place.Read("outside/file") == "untouched");
    CHECK(fs::is_empty(place / "outside/folder"));
  }
  void Soft(const std::string& name, const std::string& to) const {
    fs::create_symlink(place / to, place / (kRun + "/" + name));
  }
  void Hard(const std::string& name) const {
    fs::create_hard_link(place / "outside/file", place / (kRun + "/" + name));
  }

  static inline const std::string kRun = "runs/transcripts";
  Workplace place;
};

}  // namespace

TEST_CASE(
    "links: whatever is planted in a run directory, nothing outside of it is written or removed") {
  Victims victims;
  victims.place.Write("two.yaml",
                      "name: transcripts\nitems: {range: 1..2}\nsteps:\n"
                      "  - {id: ask, chat: {model: mock/m, user: \"{{item.id}}\"}}\n"
                      "outputs:\n  - {file: \"transcripts/{{item.id}}.txt\", text: "
                      "\"{{item.id}}: {{ask.text}}\"}\n");
  const std::string first = "transcripts/1.txt", second = "transcripts/2.txt";
  SUBCASE("outputs that are links") {
    victims.Soft(first, "outside/file");
    victims.Hard(second);
  }
  SUBCASE("their temporary files") {
    victims.Hard(first + ".tmp");
    victims.Hard(second + ".tmp");
  }
  ChildEnd end = RunChild(victims.place.Muster({"run", "two.yaml"}));
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  victims.CheckUntouched();
  for (const std::string& output : {first, second}) {
    fs::path path = victims.place / (Victims::kRun + "/" + output);
    CHECK(fs::is_regular_file(fs::symlink_status(path)));
    CHECK(fs::hard_link_count(path) == 1);
    CHECK(Has(victims.place.Read(Victims::kRun + "/" + output), ": "));
  }
}

TEST_CASE("links: a folder of outputs that is a link elsewhere is not written to, and it is said") {
  Victims victims;
  victims.place.Write("one.yaml",
                      "name: transcripts\nitems: {range: 1..1}\nsteps:\n"
                      "  - {id: ask, chat: {model: mock/m, user: \"{{item.id}}\"}}\n"
                      "outputs:\n  - {file: \"kept/{{item.id}}.txt\", text: \"{{ask.text}}\"}\n");
  victims.Soft("kept", "outside/folder");
  ChildEnd end = RunChild(victims.place.Muster({"run", "one.yaml"}));
  CHECK(end.code == 1);
  CHECK(Has(end.out + end.err, "kept is a link, which is not followed below the output folder"));
  victims.CheckUntouched();
  fs::remove(victims.place / (Victims::kRun + "/kept"));
  CHECK(RunChild(victims.place.Muster({"run", "one.yaml"})).code == 0);
  CHECK(victims.place.Read(Victims::kRun + "/kept/1.txt") != "");
}

TEST_CASE("links: a lock or ledger that is a link is refused, and what it leads to is left alone") {
  for (const char* name : {"lock", "ledger.sqlite"}) {
    CAPTURE(name);
    Victims victims;
    victims.Soft(name, "outside/file");
    ChildEnd end = victims.place.RunToEnd(kQuickly);
    CHECK((end.code == 2 || end.code == 3));
    CHECK(end.err != "");
    victims.CheckUntouched();
  }
}

TEST_CASE("links: a command's folder that is a link elsewhere is not worked in, nor cleaned away") {
  Victims victims;
  victims.place.Write("command.yaml",
                      "name: transcripts\nitems: {range: 1..1}\nsteps:\n  - id: c\n"
                      "    command: {run: [sh, -c, \"echo made > made; cat made\"]}\n"
                      "outputs:\n  - {file: \"{{item.id}}.out\", text: \"{{c.text}}\"}\n");
  SUBCASE("the folder of all") { victims.Soft("work", "outside/folder"); }
  SUBCASE("the item's own") {
    fs::create_directories(victims.place / (Victims::kRun + "/work"));
    victims.Soft("work/1", "outside/folder");
  }
  ChildEnd end = RunChild(victims.place.Muster({"run", "command.yaml"}));
  CHECK_FALSE(end.overdue);
  victims.CheckUntouched();
  RunChild(victims.place.Muster({"clean", Victims::kRun}));
  victims.CheckUntouched();
}

}  // namespace muster
