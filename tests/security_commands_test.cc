// Programs that a config has run: announced before the first item, given item fields as they are,
// and nothing of ours.

#include <filesystem>

#include "tests/process_testing.h"
#include "tests/torture/processes.h"
#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

const std::string kKey = FakeServer::kKey;

// What shells, option parsers and path lookups would take for more than a text.
const std::vector<std::string> kHostile = {"$(touch owned)",
                                           "`touch owned`",
                                           "; touch owned",
                                           "| touch owned",
                                           "&& touch owned",
                                           "' ; touch owned ; '",
                                           "\" ; touch owned",
                                           "> owned",
                                           "-oProxyCommand=touch owned",
                                           "--output=owned",
                                           "a\nb",
                                           "../../owned",
                                           "/tmp/../owned",
                                           "*",
                                           "~",
                                           "${HOME}",
                                           "{{item.id}}",
                                           "%s%n",
                                           "\\x41",
                                           "ä ö 中文 🙂",
                                           "\xef\xbb\xbf"
                                           "bom",
                                           "$IFS",
                                           "a b  c",
                                           "\t"};

std::string JsonLines(const std::vector<std::string>& values) {
  std::string lines;
  for (size_t i = 0; i < values.size(); ++i) {
    lines += DumpJson({{"id", "n" + std::to_string(i)}, {"value", values[i]}}) + "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("commands: fields of items are single arguments, whatever stands in them") {
  Workplace place(0);
  place.Write("items.jsonl", JsonLines(kHostile));
  place.Write("args.yaml",
              "name: args\nitems: {jsonl: items.jsonl}\nworkers: 2\nsteps:\n  - id: c\n"
              "    command:\n      run: [printf, '[%s]', \"{{item.value}}\", \"x{{item.value}}\"]\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{c.text}}\"}\n");
  ChildEnd end = RunChild(place.Muster({"run", "args.yaml"}));
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  for (size_t i = 0; i < kHostile.size(); ++i) {
    CHECK(place.Read("runs/args/n" + std::to_string(i) + ".txt") ==
          "[" + kHostile[i] + "][x" + kHostile[i] + "]");
  }
  for (const auto& entry : fs::recursive_directory_iterator(place.folder().path())) {
    CHECK_FALSE(Has(entry.path().filename(), "owned"));
  }
}

TEST_CASE("commands: run says what it will run before it runs it, and --dry-run and check do") {
  Workplace place(0);
  place.Write("tell.yaml",
              "name: tell\nparams: {tool: touch}\nitems: {range: 1..1}\nsteps:\n  - id: make\n"
              "    command: {run: [\"{{params.tool}}\", \"made {{item.id}}\"], env: [LANG]}\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{make.text}}\"}\n");
  const std::string line = "make: touch 'made {{item.id}}'";
  for (const Args& args : {Args{"check", "tell.yaml"}, Args{"run", "tell.yaml", "--dry-run"}}) {
    ChildEnd end = RunChild(place.Muster(args));
    CHECK_MESSAGE(Has(end.out, line), end.out << end.err);
    CHECK_FALSE(fs::exists(place / "runs"));
  }
  for (int columns : {0, 100}) {
    ChildOptions options = place.Muster({"run", "tell.yaml", "--fresh"});
    options.columns = columns;
    ChildEnd end = RunChild(options);
    size_t said = end.out.find("runs " + line);
    REQUIRE(said != std::string::npos);
    CHECK(said < end.out.find("[1]"));
    CHECK(Has(end.out, "sees LANG"));
  }
}

TEST_CASE("commands: they have no descriptor, variable or folder of ours, and no terminal") {
  FakeServer server;
  Workplace place(0);
  place.Ask(server);
  place.SetVariable("SECRET_OF_MINE", "not for commands");
  place.Write("look.yaml",
              "name: look\nitems: {range: 1..2}\nproviders:\n"
              "  openai: {api: openai-responses, key_env: OPENAI_API_KEY}\n"
              "params: {model: mock/m}\nsteps:\n"
              "  - {id: ask, chat: {model: \"{{params.model}}\", user: hello}}\n  - id: look\n"
              "    command:\n      run: [bash, -c, \"ls /proc/$$/fd; env; pwd; umask; cat; "
              "echo read:$?; : < /dev/tty; ps -o sid= -p $$; echo pid:$$\"]\n"
              "      env: [OPENAI_API_KEY]\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{look.text}}\"}\n");
  ChildOptions options = place.Muster(Args{"run", "look.yaml"} + place.asking());
  options.columns = 100;
  ChildEnd end = RunChild(options);
  CHECK_MESSAGE(end.code == 0, end.out);
  std::string text = place.Read("runs/look/1.txt");
  CHECK_FALSE(Has(text, kKey));
  CHECK_FALSE(Has(text, "OPENAI"));
  CHECK_FALSE(Has(text, "SECRET_OF_MINE"));
  CHECK(Has(text, "\n0077\n"));
  CHECK(Has(text, "read:0"));
  CHECK(Has(text, "\n" + place.folder().path() + "\n"));  // the config's
  for (const std::string& line : LinesOf(text)) {
    bool number = !line.empty() && line.find_first_not_of("0123456789") == std::string::npos;
    if (number && line.size() < 4)
      CHECK((line == "0" || line == "1" || line == "2" || line == "255"));
  }
}

TEST_CASE("commands: while they run the key stands in no process's environment or arguments") {
  FakeServer server;
  Workplace place(0);
  place.Ask(server);
  std::string token = "keys-of-" + place.folder().path();
  place.SetVariable("LANG", token);  // commands get it, so that they are found
  place.Write("wait.yaml",
              "name: wait\nitems: {range: 1..2}\nworkers: 2\nproviders:\n"
              "  openai: {api: openai-responses, key_env: OPENAI_API_KEY}\n"
              "params: {model: mock/m}\nsteps:\n"
              "  - {id: ask, chat: {model: \"{{params.model}}\", user: hello}}\n"
              "  - {id: wait, command: {run: [sh, -c, \"touch {{work}}/here; sleep 600; true\"]}}\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{wait.text}}\"}\n");
  Child run(place.Muster(Args{"run", "wait.yaml"} + place.asking()));
  auto waiting = [&] {
    std::error_code error;
    int there = 0;
    for (const auto& entry : fs::recursive_directory_iterator(place / "runs", error)) {
      there += entry.path().filename() == "here";
    }
    return there == 2;
  };
  REQUIRE(run.ReadUntil(waiting));
  int looked_at = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid()) continue;
    auto read = [&](const char* name) {
      std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
      return std::string{std::istreambuf_iterator<char>(file), {}};
    };
    std::string environ = read("environ");
    if (!Has(environ, token)) continue;
    ++looked_at;
    CAPTURE(read("comm"));
    CHECK_FALSE(Has(environ, kKey));
    CHECK_FALSE(Has(read("cmdline"), kKey));
    bool ours = Has(read("comm"), "muster");
    if (ours) {
      std::string limits = read("limits");
      size_t at = limits.find("Max core file size");
      REQUIRE(at != std::string::npos);
      CHECK(Has(limits.substr(at, 40), " 0 "));
    }
  }
  CHECK(looked_at >= (geteuid() == 0 ? 7 : 4));
  run.Signal(SIGKILL);
  run.Wait();
  for (const auto& [name, text] : place.FilesIn("runs")) CHECK_MESSAGE(!Has(text, kKey), name);
}

}  // namespace muster
