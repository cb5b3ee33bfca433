// A new user's mistakes: each is told in one clear sentence, before anything is asked or paid.

#include <unistd.h>

#include <algorithm>

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr uid_t kNobody = 65534;

// The one sentence that `options` must end with: exit code 2, nothing on stdout, one line.
std::string Mistake(const ChildOptions& options) {
  ChildEnd end = RunChild(options);
  CHECK(end.code == 2);
  CHECK(end.out == "");
  CHECK_MESSAGE(LinesOf(end.err).size() == 1, end.err);
  return end.err;
}

// The transcripts config with one piece of its text replaced; returns the line of it.
int64_t Edit(const Workplace& place, const std::string& from, const std::string& to) {
  std::string text = place.Read(kTranscripts);
  size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  int64_t line = 1 + std::count(text.begin(), text.begin() + static_cast<ssize_t>(at), '\n');
  place.Write(kTranscripts, text.replace(at, from.size(), to));
  return line;
}

}  // namespace

TEST_CASE(
    "e2e: mistakes in the config are told by place, with what was meant, and nothing is asked") {
  struct Case {
    const char *from, *to;
    std::vector<std::string> said;
    bool by_line = true;
  };
  const std::vector<Case> kCases = {
      {"workers: 4", "wrokers: 4", {"wrokers", "\"workers\""}},
      {"workers: 4", "workers: many", {"many", "whole number"}},
      {"reasoning_effort: high", "reasoning_effort: hihg", {"\"high\""}},
      {"prompts/chunk.md", "prompts/chnuk.md", {"prompts/chnuk.md"}},
      {"{{each.text}}", "{{each.txet}}", {"each.txet", "each.text"}},
      {"api: openai-responses ", "api: openai-response ", {"openai-responses"}},
      {"for_each: item.files", "for_each: item.flies", {"item.flies", "item.files"}, false},
      {"{{params.personas}}/*", "personen/*", {"items.directories", "personen"}, false},
      {"_summary.json", "_summery.json", {"items.join", "_summery.json"}, false},
  };
  FakeServer server;
  for (const Case& each : kCases) {
    INFO(std::string(each.to));
    Workplace place(2);
    place.Ask(server);
    std::string line =
        std::string(kTranscripts) + ":" + std::to_string(Edit(place, each.from, each.to));
    for (const char* command : {"run", "check"}) {
      ChildOptions options = place.Muster(Args{command, kTranscripts} + place.asking());
      std::string said = Mistake(options);
      for (const std::string& part : each.said) CHECK_MESSAGE(Has(said, part), said);
      if (each.by_line) CHECK_MESSAGE(Has(said, line + ":"), said);
    }
  }
  CHECK(server.Book("asked") == 0);
  CHECK(server.Book("connections") == 0);
}

TEST_CASE("e2e: mistakes on the command line are told in one line with what was meant") {
  struct Case {
    Args args;
    std::vector<std::string> said;
  };
  const std::string kConfig = kTranscripts;
  const std::vector<Case> kCases = {
      {{"run"}, {"CONFIG"}},
      {{"rnu", kConfig}, {"rnu", "\"run\""}},
      {{"run", "nowhere.yaml"}, {"nowhere.yaml", "no such file"}},
      {{"run", "transcripts"}, {"transcripts", "not a file"}},
      {{"run", kConfig, "--wrokers", "2"}, {"--wrokers", "--workers"}},
      {{"run", kConfig, "--workers", "0"}, {"--workers", "1 to 10000"}},
      {{"run", kConfig, "--limit", "0"}, {"--limit", "1 to 1000000000"}},
      {{"run", kConfig, "--set", "model"}, {"--set model", "name=value"}},
      {{"run", kConfig, "--set", "modell=mock/x"}, {"modell", "\"model\""}},
      {{"run", kConfig, "--set", "workers=x"}, {"workers", "whole number"}},
      {{"run", kConfig, "--set", "steps.chunk.chat.user=x"}, {"chunk", "\"chunks\""}},
      {{"run", kConfig, "--set", "providers.openai.base_url=ftp://x"}, {"base_url", "https://"}},
      {{"run", kConfig, "--range", "5"}, {"--range", "\"5\"", "1..10"}},
      {{"run", kConfig, "--range", "9..2"}, {"--range", "9..2"}},
      {{"run", kConfig, "--only", "business_owner_5"}, {"business_owner_5", "business_owner_05"}},
      {{"run", kConfig, "--redo", "--keep-done"}, {"--redo", "--keep-done"}},
      {{"status", "nowhere"}, {"nowhere"}},
      {{"status"}, {"no run in runs"}},
      {{"ctl", "nowhere", "pause"}, {"nowhere"}},
      {{"ctl", "nowhere", "puase"}, {"puase", "\"pause\""}},
      {{"ctl", "nowhere", "set", "wokers=3"}, {"wokers", "\"workers\""}},
      {{"run", kConfig, "--max-cost", "much"}, {"--max-cost", "US dollars"}},
      {{"run", kConfig, "--pilot", "0"}, {"--pilot"}},
      {{"check", "nowhere.yaml"}, {"nowhere.yaml"}},
  };
  Workplace place(3);
  for (const Case& each : kCases) {
    INFO(each.args.back());
    std::string said = Mistake(place.Muster(each.args));
    for (const std::string& part : each.said) CHECK_MESSAGE(Has(said, part), said);
  }
}

TEST_CASE("e2e: an unknown provider is told with the nearest name, at every step that names it") {
  Workplace place(1);
  ChildEnd end = RunChild(place.Run({"--set", "model=opnai/gpt-5.1"}));
  CHECK(end.code == 2);
  CHECK(end.out == "");
  for (const std::string& line : LinesOf(end.err)) {
    CHECK(Has(line, "\"opnai\"; did you mean \"openai\"?"));
  }
  CHECK(LinesOf(end.err).size() <= 2);
}

TEST_CASE("e2e: a key that is not set is told by its variable; an empty one is not set") {
  FakeServer server;
  for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("")}) {
    Workplace place(1);
    place.Ask(server);
    place.SetVariable("OPENAI_API_KEY", value);
    std::string said = Mistake(place.Run());
    CHECK(Has(said, "OPENAI_API_KEY"));
    CHECK(Has(said, "openai"));
    CHECK_FALSE(std::filesystem::exists(place / "runs"));
  }
  CHECK(server.Book("connections") == 0);
}

TEST_CASE("e2e: a file that is not YAML, or says nothing, is told with its place") {
  Workplace place(1);
  place.Write("bad.yaml", "name: x\nitems: [1, 2\nsteps: }\n");
  CHECK(Has(Mistake(place.Muster({"run", "bad.yaml"})), "bad.yaml:3:"));
  place.Write("list.yaml", "- 1\n- 2\n");
  CHECK(Has(Mistake(place.Muster({"run", "list.yaml"})), "list.yaml:1:1"));
  place.Write("empty.yaml", "");
  CHECK(Has(Mistake(place.Muster({"run", "empty.yaml"})), "empty.yaml"));
  place.Write("binary.yaml", std::string("\x00\xff\xfe\x01", 4));
  CHECK(Has(Mistake(place.Muster({"run", "binary.yaml"})), "binary.yaml"));
}

TEST_CASE("e2e: several mistakes are told at once, a line each") {
  Workplace place(1);
  Edit(place, "workers: 4", "wrokers: 4");
  Edit(place, "verbosity: high", "verbosity: loud");
  ChildEnd end = RunChild(place.Run());
  CHECK(end.code == 2);
  CHECK(LinesOf(end.err).size() == 2);
}

TEST_CASE("e2e: a run directory that cannot be made or written is told with its path") {
  FakeServer server;
  Workplace place(1);
  place.Ask(server);
  place.Write("file", "not a folder");
  CHECK(Has(Mistake(place.Run({"--run", "file"})), "/file"));
  CHECK(Has(Mistake(place.Run({"--run", "file/below"})), "/file/below"));

  ChildOptions options = place.Run({"--run", "locked/run"});
  std::filesystem::create_directory(place / "locked");
  if (geteuid() == 0) {
    std::filesystem::permissions(place.folder().path(), std::filesystem::perms(0755));
    options.user = kNobody;
    ChildOptions probe = place.Muster({"--version"});
    probe.user = kNobody;
    if (RunChild(probe).code != 0) {
      MESSAGE("skipped: no permission (another user cannot start the program here)");
      return;
    }
  } else {
    std::filesystem::permissions(place / "locked", std::filesystem::perms(0500));
  }
  std::string said = Mistake(options);
  CHECK(Has(said, "locked/run"));
  CHECK(Has(said, "Permission denied"));
  CHECK(server.Book("connections") == 0);
}

TEST_CASE("e2e: without arguments, and with --help, both programs say what they can do") {
  Workplace place(1);
  ChildEnd bare = RunChild(place.Muster({}));
  CHECK(bare.code == 2);
  for (const char* command : {"run", "check", "status"}) CHECK(Has(bare.out + bare.err, command));
  ChildEnd help = RunChild(place.Muster({"run", "--help"}));
  CHECK(help.code == 0);
  for (const char* option : {"--set", "--workers", "--only", "--range", "--limit", "--fresh",
                             "--redo", "--keep-done", "--retry-failed", "--sequential"}) {
    CHECK(Has(help.out, option));
  }
  CHECK(RunChild(place.Worker({"--help"})).code == 0);
  CHECK(Has(RunChild(place.Muster({"--version"})).out, "muster ("));
}

TEST_CASE("e2e: output that cannot be written is no crash") {
  Workplace place(1);
  for (const char* words : {"settings >/dev/full", "check transcripts/transcripts.yaml >/dev/full",
                            "status runs/transcripts >/dev/full", "run nowhere.yaml 2>/dev/full",
                            "run transcripts/transcripts.yaml >/dev/full"}) {
    INFO(words);
    ChildOptions shell = place.Run();
    shell.argv = {"sh", "-c", "\"$0\" " + std::string(words), shell.argv[0]};
    CHECK(RunChild(shell).code <= 3);
  }
  CHECK(CountIn(place.Status(), "counts", "done") == 1);
}

}  // namespace muster
