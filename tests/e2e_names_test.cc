// Items with unusual names, and outputs that get in each other's way.

#include "common/safe_name.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// Folders that shells, file systems, templates and formats take for something else.
const std::vector<std::string>& Names() {
  static const std::vector<std::string> kNames = {"two words",   "-rf",    "--help",
                                                  "日本語",      "naïve",  "$(touch x)",
                                                  "semi;colon",  "quo'te", "dq\"x",
                                                  "*",           "a&b",    "back\\slash",
                                                  "{{item.id}}", "%s%n",   "{}",
                                                  "CON",         "a..b",   "#hash",
                                                  "@at",         "e=mc2",  std::string(200, 'L')};
  return kNames;
}

void WriteConfig(const Workplace& place, const std::string& output) {
  for (const std::string& name : Names()) place.Write("people/" + name + "/1.txt", "I am " + name);
  place.Write("names.yaml",
              "name: names\nitems: {directories: people/*, files: \"*.txt\"}\n"
              "providers:\n  mock: {api: mock, mock: {latency: 1ms..2ms}}\n"
              "steps:\n  - id: ask\n    for_each: item.files\n"
              "    chat: {model: mock/gpt-5.1, user: \"{{each.text}}\"}\n    mock: \"answer to "
              "{{each.text}}\"\n"
              "outputs:\n  - {file: \"" +
                  output + "\", text: \"{{#ask}}{{text}}{{/ask}}\"}\n");
}

}  // namespace

TEST_CASE("e2e: items with unusual names are done, written and found by their own names") {
  Workplace place(1);
  WriteConfig(place, "out/{{item.id}}.txt");
  ChildEnd end = RunChild(place.Muster({"run", "names.yaml"}));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  Files files = place.FilesIn("runs/names/out");
  CHECK(files.size() == Names().size());
  for (const std::string& name : Names()) {
    INFO(name);
    CHECK(files[SafeName(name) + ".txt"] == "answer to I am " + name);
    CHECK(Has(end.out, "✓ [" + name + "] done"));
  }
  CHECK_FALSE(std::filesystem::exists(place / "x"));

  SUBCASE("each by --only, as one word or after an equals sign") {
    for (const std::string& name : Names()) {
      INFO(name);
      ChildEnd only = RunChild(place.Muster({"run", "names.yaml", "--only=" + name}));
      CHECK(only.code == 0);
      CHECK(Has(only.out, "all 1 selected items are done"));
    }
  }
  SUBCASE("and by muster-worker --item") {
    for (const std::string& name : {Names()[0], Names()[1], Names()[3], Names()[12]}) {
      ChildEnd item = RunChild(place.Worker({"names.yaml", "--item=" + name, "--json"}));
      CHECK(item.code == 0);
      auto report = ParseJson(item.out);
      REQUIRE(report);
      CHECK(StringMember(*report, "item") == name);
    }
  }
  SUBCASE("status knows them, too") {
    Json status = place.Status("runs/names");
    for (const Json& item : status["items"]) CHECK(item["status"] == "done");
  }
}

TEST_CASE("e2e: the command to go on with is quoted so that a shell runs it as it was meant") {
  FakeServer server(R"({"rules": [{"action": {"error": "insufficient_quota"}}]})");
  Workplace place(1);
  place.Ask(server);
  std::filesystem::rename(place / "transcripts", place / "my config's $HOME");
  ChildOptions run =
      place.Muster(Args{"run", "my config's $HOME/transcripts.yaml", "--run", "a b;c", "--fresh"} +
                   place.asking());
  ChildEnd end = RunChild(run);
  REQUIRE(end.code == 5);
  std::string command = CommandAfter("to go on", end.out);
  CHECK_FALSE(Has(command, "--fresh"));
  server.SetScript(R"({"rules": []})");
  run.argv = {"sh", "-c", command};
  ChildEnd resumed = RunChild(run);
  CHECK_MESSAGE(resumed.code == 0, command << "\n" << resumed.err);
  CHECK(std::filesystem::exists(place / "a b;c/ledger.sqlite"));
}

TEST_CASE(
    "e2e: two items with one output: the second fails in clear words, the first's file stays") {
  Workplace place(1);
  WriteConfig(place, "same.txt");
  ChildEnd end = RunChild(place.Muster({"run", "names.yaml", "-j", "1", "--limit", "3"}));
  CHECK(end.code == 1);
  CHECK(Has(end.out, "1 done, 2 failed"));
  CHECK(Has(end.out, "output same.txt is already item "));
  CHECK(Has(end.out, "let its path contain {{item.id}}"));
  CHECK(place.FilesIn("runs/names").count("same.txt") == 1);
  Json status = place.Status("runs/names");
  for (const Json& item : status["items"]) {
    if (item["status"] != "done") continue;
    CHECK(place.Read("runs/names/same.txt") == "answer to I am " + StringMember(item, "id"));
  }
}

TEST_CASE("e2e: an item may not write outside the output folder") {
  Workplace place(1);
  for (const char* path : {"../out.txt", "/tmp/muster-outside.txt", "a/../../x.txt"}) {
    WriteConfig(place, path);
    ChildEnd end = RunChild(place.Muster({"run", "names.yaml"}));
    CHECK(end.code == 2);
    CHECK(Has(end.err, "not a file inside the output folder"));
  }
  CHECK_FALSE(std::filesystem::exists("/tmp/muster-outside.txt"));
}

}  // namespace muster
