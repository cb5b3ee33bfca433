// Where a key must never be found: files, outputs, command lines and environments.

#include "tests/workplace.h"

namespace muster {
namespace {

const std::string kKey = FakeServer::kKey;

// Every spelling in which a careless program would leak it.
const std::vector<std::string>& Spellings() {
  static const std::vector<std::string> kSpellings = {
      kKey, kKey.substr(0, 16), kKey.substr(kKey.size() - 16),
      "c2stY2FuYXJ5LTRmVDlxTHdaeDgxbU5iVmM3UmRF"};  // base64
  return kSpellings;
}

void CheckClean(const std::string& text, const std::string& what) {
  for (const std::string& spelling : Spellings()) {
    CHECK_MESSAGE(!Has(text, spelling), what);
  }
}

// A file of /proc; empty where it may not be read, which is as good.
std::string Proc(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("e2e: while a run is on, its processes carry the key in no command line or environment") {
  FakeServer server(R"({"rules": [{"action": {"hang": true}}]})");
  Workplace place(3);
  place.Ask(server);
  place.SetVariable("ANOTHER_VARIABLE", "stays-as-it-is");
  Child run(place.Run());
  REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 3; }));
  std::vector<pid_t> all = run.Children();
  REQUIRE(run.Workers().size() == 3);
  all.push_back(run.pid());
  for (pid_t pid : all) {
    CHECK(Has(Proc(pid, "cmdline"), "muster"));
    CheckClean(Proc(pid, "cmdline"), "a command line");
    CheckClean(Proc(pid, "environ"), "an environment");
  }
  // The look itself works: root sees the rest of the environment.
  if (geteuid() == 0) CHECK(Has(Proc(run.pid(), "environ"), "ANOTHER_VARIABLE=stays-as-it-is"));
  for (const auto& [name, text] : place.FilesIn("runs")) CheckClean(text, name);
}

TEST_CASE("e2e: a key that the provider repeats in errors, answers and headers is kept nowhere") {
  const std::string kActions[] = {
      R"({"status": 400, "body": {"error": {"message": "bad key KEY", "type": "x"}}})",
      R"({"status": 500, "headers": {"x-request-id": "KEY"}})",
      R"({"redirect": "http://127.0.0.1:9/?key=KEY"})",
      R"({"raw": "HTTP/1.1 KEY"})",
      R"({"status": 200, "body": "<html>KEY"})",
      R"({"echo_key": true})",
      R"({"text": "Your key is KEY, is it not?"})",
      R"({"text": "KEY", "finish": "refusal"})",
      R"({"body": {"id": "x", "status": "completed", "model": "KEY", "output": [{"type": "message",
          "content": [{"type": "output_text", "text": "KEY"}]}],
          "usage": {"input_tokens": 5, "output_tokens": 5}}})",
  };
  for (std::string action : kActions) {
    INFO(action);
    for (size_t at; (at = action.find("KEY")) != std::string::npos;) action.replace(at, 3, kKey);
    FakeServer server(R"({"rules": [{"times": 1, "action": )" + action + "}]}");
    Workplace place(1);
    place.Ask(server);
    place.Write("one.yaml",
                "name: one\nitems: {range: 1..1}\nparams: {model: mock/m}\nproviders:\n"
                "  openai: {api: openai-responses, key_env: OPENAI_API_KEY}\nsteps:\n"
                "  - {id: ask, chat: {model: \"{{params.model}}\", user: hello}}\n"
                "outputs:\n  - {file: one.txt, text: \"{{ask.text}} by {{ask.model}}\"}\n");
    Args run = Args{"run", "one.yaml", "--verbose"} + place.asking();
    std::string said;
    for (const Args& args :
         {run, run + Args{"--redo"}, Args{"status", "runs/one", "--items", "--json"}}) {
      ChildEnd end = RunChild(place.Muster(args));
      said += end.out + end.err;
      for (const auto& [name, text] : place.FilesIn("runs")) CheckClean(text, name);
    }
    CheckClean(said, "what was printed");
    CHECK(server.Book("asked") >= 1);
  }
}

TEST_CASE("e2e: a key on the command line or in the config is refused or never needed") {
  FakeServer server;
  Workplace place(1);
  place.Ask(server);
  ChildEnd flag = place.RunToEnd({"--api-key", kKey});
  CHECK(flag.code == 2);
  ChildEnd setting = place.RunToEnd({"--set", "providers.openai.key=" + kKey});
  CHECK(setting.code == 2);
  CHECK(server.Book("connections") == 0);
}

TEST_CASE("e2e: run directories and outputs are for their owner alone") {
  Workplace place(1);
  REQUIRE(place.RunToEnd().code == 0);
  using std::filesystem::perms;
  CHECK(std::filesystem::status(place / "runs/transcripts").permissions() == perms::owner_all);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(place / "runs/transcripts")) {
    if (!entry.is_regular_file()) continue;
    INFO(entry.path().string());
    CHECK((entry.status().permissions() & (perms::group_all | perms::others_all)) == perms::none);
  }
}

}  // namespace muster
