// `muster doctor`: what follows from what was read of a machine, and the program as a whole.

#include <doctest/doctest.h>

#include <filesystem>

#include "common/protocol.h"
#include "supervisor/doctor/config_facts.h"
#include "supervisor/doctor/control_group.h"
#include "supervisor/doctor/folder_facts.h"
#include "supervisor/doctor/kernel_facts.h"
#include "supervisor/doctor/limit_facts.h"
#include "supervisor/doctor/program_search.h"
#include "supervisor/doctor/surroundings_facts.h"
#include "supervisor/doctor/worker_facts.h"
#include "supervisor/ledger/file_system.h"
#include "tests/stand_in.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr char kCanary[] = "sk-canary-0123456789";
constexpr uint64_t kGb = 1'000'000'000;

Args Everything(const ConfigFolder& folder) {
  Args names;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The fact's line of a page, whatever stands before it.
std::string LineAbout(const std::string& page, const std::string& what) {
  for (const std::string& line : LinesOf(page)) {
    size_t at = line.find(what);
    if (at != line.npos && at == 9) return line;
  }
  return "";
}

// ---- facts of what was read ----

TEST_CASE("doctor: open files are enough, for fewer workers, or for none") {
  CHECK(OpenFilesFact(std::nullopt, 10'000).kind == FactKind::kOk);
  CHECK(OpenFilesFact(1024, 8).kind == FactKind::kOk);
  Fact few = OpenFilesFact(1024, 1000);
  CHECK(few.kind == FactKind::kNote);
  CHECK(Has(few.detail, "4,040 are needed for 1,000 workers, 1,024 are allowed"));
  CHECK_FALSE(few.advice.empty());
  CHECK(OpenFilesFact(20, 1).kind == FactKind::kMissing);
}

TEST_CASE("doctor: processes and memory are held against the workers that run here") {
  CHECK(ProcessesFact(std::nullopt, 5, 1000).kind == FactKind::kOk);
  CHECK(ProcessesFact(4096, 100, 1000).kind == FactKind::kOk);
  CHECK(ProcessesFact(4096, 3000, 1000).kind == FactKind::kNote);
  CHECK(ProcessesFact(100, 200, 1).kind == FactKind::kMissing);  // no overflow below zero
  CHECK(MemoryFact(8 * kGb, 1000).kind == FactKind::kOk);
  CHECK(MemoryFact(kGb, 1000).kind == FactKind::kNote);
}

TEST_CASE("doctor: available memory is read as the kernel writes it") {
  CHECK(AvailableIn("MemTotal:  9 kB\nMemFree: 8 kB\nMemAvailable:   12345 kB\n") == 12345 * 1024);
  CHECK_FALSE(AvailableIn("MemTotal: 9 kB\n").has_value());
  CHECK_FALSE(AvailableIn("MemAvailable:   ").has_value());
}

TEST_CASE(
    "doctor: a kernel without the calls that muster needs is told apart from one without others") {
  CHECK(KernelFact("Linux 6.1", {true, true, true}).kind == FactKind::kOk);
  CHECK(KernelFact("Linux 5.5", {true, true, false}).kind == FactKind::kOk);
  Fact old = KernelFact("Linux 5.3", {false, true, false});
  CHECK(old.kind == FactKind::kMissing);
  CHECK(old.detail == "Linux 5.3, no pidfd, close_range, no openat2");
  CHECK(LeftoversFact(false).kind == FactKind::kMissing);
  CHECK(Has(LeftoversFact(true).detail, "survives a kill -9"));
}

TEST_CASE("doctor: the control group is the one of version 2") {
  CHECK(GroupIn("0::/user.slice/a.scope\n") == "/user.slice/a.scope");
  CHECK(GroupIn("9:name=systemd:/\n8:pids:/x\n0::/\n") == "/");
  CHECK(GroupIn("8:pids:/x\n").empty());
  CHECK_FALSE(ControlGroup().Number("pids.max").has_value());
}

TEST_CASE("doctor: shared and fleeting file systems and little space are noted") {
  CHECK(FileSystemFact({"/f", 0xEF53, kGb}).kind == FactKind::kOk);
  CHECK(Has(FileSystemFact({"/f", 0xEF53, kGb}).detail, "ext4, local"));
  CHECK(FileSystemFact({"/f", 0x6969, kGb}).kind == FactKind::kNote);
  CHECK(Has(FileSystemFact({"/f", 0x6969, kGb}).detail, "NFS, shared"));
  CHECK(FileSystemFact({"/f", 0x01021994, kGb}).kind == FactKind::kNote);
  CHECK(Has(FileSystemFact({"/f", 0x1234567, kGb}).detail, "type 0x1234567"));
  CHECK(FreeSpaceFact({"/f", 0, 100 * kGb}).kind == FactKind::kOk);
  CHECK(FreeSpaceFact({"/f", 0, kGb / 2}).kind == FactKind::kNote);
  CHECK(FreeSpaceFact({"/f", 0, 1'000'000}).kind == FactKind::kMissing);
}

TEST_CASE("doctor: the ledger and the doctor call the same file systems shared") {
  for (uint32_t type : {0x6969u, 0x517Bu, 0xFF534D42u, 0xFE534D42u, 0x65735546u, 0x5346414Fu,
                        0x00C36400u, 0x01021997u, 0x0BD00BD0u, 0x47504653u, 0x19830326u}) {
    CHECK_MESSAGE(IsSharedFileSystem(type), FileSystemName(type));
  }
  CHECK_FALSE(IsSharedFileSystem(0xEF53));
  CHECK_FALSE(OnSharedFileSystem("/nowhere/at/all"));
}

TEST_CASE("doctor: the nearest folder of what is not there yet is found") {
  ConfigFolder folder;
  folder.Write("a/file", "");
  CHECK(NearestFolder(folder / "a/b/c") == folder / "a");
  CHECK(NearestFolder(folder / "a/file/c") == folder / "a");
  CHECK(NearestFolder("/nowhere/at/all") == "/");
}

TEST_CASE("doctor: a clock that is years off is no clock") {
  constexpr int64_t kBuilt = 1'780'000'000, kYear = 365 * 86'400;
  CHECK(ClockFact(kBuilt + 60, kBuilt).kind == FactKind::kOk);
  CHECK(ClockFact(kBuilt - 60, kBuilt).kind == FactKind::kOk);  // built on another machine
  CHECK(ClockFact(0, kBuilt).kind == FactKind::kMissing);
  CHECK(ClockFact(kBuilt + 100 * kYear, kBuilt).kind == FactKind::kMissing);
}

TEST_CASE("doctor: a terminal is told by what decides how progress is shown") {
  CHECK(Has(TerminalFact({false, "xterm", "", "C"}).detail, "plain lines"));
  CHECK(Has(TerminalFact({true, "dumb", "", "C"}).detail, "plain lines"));
  CHECK(TerminalFact({true, "xterm", "", "de_DE.UTF-8"}).detail == "xterm, colours");
  CHECK(TerminalFact({true, "xterm", "1", "C.utf8"}).detail == "xterm, no colours");
  CHECK(TerminalFact({true, "xterm", "", "C"}).kind == FactKind::kNote);
}

TEST_CASE("doctor: a worker's answer shows its build, libcurl and certificates") {
  Json answer{{"build", BuildId()},
              {"libcurl", "7.88.1"},
              {"tls", "OpenSSL/3.0"},
              {"certificates", "/c"},
              {"found", true}};
  Facts facts = ReadWorkerFacts("/w", DumpJson(answer), true);
  REQUIRE(facts.size() == 3);
  CHECK_FALSE(AnyMissing(facts));
  answer["found"] = false;
  CHECK(AnyMissing(ReadWorkerFacts("/w", DumpJson(answer), true)));
  CHECK_FALSE(AnyMissing(ReadWorkerFacts("/w", DumpJson(answer), false)));
  answer["build"] = "other";
  CHECK(Has(ReadWorkerFacts("/w", DumpJson(answer), false)[0].detail, "another build (other"));
  for (const char* other : {"", "[]", "{\"build\": 3}", "hello"}) {
    CHECK_MESSAGE(AnyMissing(ReadWorkerFacts("/w", other, false)), other);
  }
}

TEST_CASE("doctor: programs are looked for as the worker looks for them") {
  ConfigFolder folder;
  folder.Write("bin/tool", "#!/bin/sh\n");
  folder.Write("bin/text", "");
  fs::permissions(folder / "bin/tool", fs::perms::owner_all);
  std::string path = "::relative:/nowhere:" + folder / "bin";
  CHECK(FindProgram("tool", "/", path) == folder / "bin/tool");
  CHECK(FindProgram("text", "/", path).empty());
  CHECK(FindProgram("tool", "/", "").empty());
  CHECK(FindProgram("bin/tool", folder.path(), "") == folder / "bin/tool");
  CHECK(FindProgram("bin", folder.path(), folder.path()).empty());
}

TEST_CASE("doctor: a page shows nothing that a terminal would obey") {
  Facts facts{{FactKind::kMissing, "x\x1b[2J", "y\nz", "do \a"}, {FactKind::kNote, "w", "v"}};
  std::string page = FactsPage(facts);
  CHECK(page.find_first_of("\x1b\a") == page.npos);
  CHECK(LinesOf(page).size() == 3);
  CHECK(Has(page, "1 of what is needed is missing, 1 note"));
  Json json = FactsJson(facts);
  CHECK(json["missing"] == 1);
  CHECK(json["facts"][0]["kind"] == "missing");
}

// ---- the program ----

const std::string kOpenAi =
    "name: d\nitems: {range: 1..3}\nsteps:\n"
    "  - {id: ask, chat: {model: openai/gpt-5.1, user: hello}}\n";

TEST_CASE("doctor: a machine that runs muster lacks nothing, and keeps nothing of it") {
  Workplace place(1);
  Args before = Everything(place.folder());
  ChildEnd end = RunChild(place.Muster({"doctor", "--run", "deep/er/run"}));
  CHECK_MESSAGE(end.code == 0, end.out, end.err);
  CHECK(Everything(place.folder()) == before);
  for (const char* what : {"kernel", "open files", "processes", "memory", "worker program",
                           "fork server", "locks", "commits", "sockets", "SQLite", "libcurl"}) {
    CHECK_MESSAGE(LineAbout(end.out, what).starts_with("ok "), what, "\n", end.out);
  }
  CHECK(Has(LineAbout(end.out, "run directory"), "in " + place.folder().path() + ":"));
  CHECK(Has(end.out, "nothing that is needed is missing"));
}

TEST_CASE("doctor: a key that is missing is named; one that is there is never shown") {
  Workplace place(1);
  place.Write("c.yaml", kOpenAi);
  ChildEnd end = RunChild(place.Muster({"doctor", "c.yaml"}));
  CHECK(end.code == 2);
  std::string line = LineAbout(end.out, "provider openai");
  CHECK_MESSAGE(line.starts_with("missing"), end.out);
  CHECK(Has(line, "api.openai.com, its key is not in OPENAI_API_KEY"));

  place.SetVariable("OPENAI_API_KEY", kCanary);
  Args before = Everything(place.folder());
  for (const Args& args : {Args{"doctor", "c.yaml"}, Args{"doctor", "c.yaml", "--json"}}) {
    end = RunChild(place.Muster(args));
    CHECK_MESSAGE(end.code == 0, end.out, end.err);
    CHECK_FALSE(Has(end.out + end.err, kCanary));
  }
  auto json = ParseJson(end.out);
  REQUIRE(json);
  CHECK(CountIn(Json{{"sum", *json}}, "sum", "missing") == 0);
  CHECK(Everything(place.folder()) == before);
  place.SetVariable("OPENAI_API_KEY", std::string(kCanary) + "\nX: y");
  end = RunChild(place.Muster({"doctor", "c.yaml"}));
  CHECK(end.code == 2);
  CHECK(Has(end.out, "the key in OPENAI_API_KEY contains a line break"));
  CHECK_FALSE(Has(end.out + end.err, kCanary));
}

TEST_CASE("doctor: programs and launchers that are not there are named, each for who needs it") {
  Workplace place(1);
  place.Write("c.yaml", R"(name: d
items: {range: 1..3}
pools:
  - {workers: 1}
  - {name: far, workers: 2, launch: [no-such-launcher, -n1]}
steps:
  - {id: draw, command: {run: [no-such-program, "{{item.id}}"]}}
  - {id: list, command: {run: [sh, -c, "true"]}}
  - {id: never, when: "false", command: {run: [no-such-either]}}
  - {id: by_item, command: {run: ["{{item.id}}"]}}
)");
  ChildEnd end = RunChild(place.Muster({"doctor", "c.yaml"}));
  CHECK_MESSAGE(end.code == 2, end.out, end.err);
  CHECK(Has(LineAbout(end.out, "step draw"), "the program no-such-program was not found"));
  CHECK(LineAbout(end.out, "step draw").starts_with("missing"));
  CHECK(LineAbout(end.out, "step list").starts_with("ok "));
  CHECK(LineAbout(end.out, "step by_item").starts_with("ok "));
  CHECK_FALSE(Has(end.out, "no-such-either"));
  CHECK(Has(LineAbout(end.out, "launcher of pool far"), "no-such-launcher was not found"));
  CHECK(Has(end.out, "2 of what is needed is missing"));
}

TEST_CASE("doctor: a model without a price is noted, and missing where a budget needs one") {
  Workplace place(1);
  place.SetVariable("OPENAI_API_KEY", kCanary);
  place.Write("c.yaml",
              "name: d\nitems: {range: 1..3}\nsteps:\n"
              "  - {id: ask, chat: {model: openai/no-such-model, user: hello}}\n");
  ChildEnd end = RunChild(place.Muster({"doctor", "c.yaml"}));
  CHECK_MESSAGE(end.code == 0, end.out);
  CHECK(LineAbout(end.out, "price of openai/no-such-model").starts_with("note"));
  end = RunChild(place.Muster({"doctor", "c.yaml", "--set", "budget.max_cost=1"}));
  CHECK(end.code == 2);
  CHECK(LineAbout(end.out, "price of openai/no-such-model").starts_with("missing"));
}

TEST_CASE("doctor: a config with mistakes and items that are not there are told with the rest") {
  Workplace place(1);
  place.Write("c.yaml",
              "name: d\nitems: {csv: gone.csv}\nsteps:\n"
              "  - {id: ask, chat: {model: mock/m, user: hello}}\n");
  ChildEnd end = RunChild(place.Muster({"doctor", "c.yaml"}));
  CHECK(end.code == 2);
  CHECK_MESSAGE(Has(end.out, "gone.csv"), end.out);
  place.Write("c.yaml", "name: d\nitmes: {range: 1..3}\n");
  end = RunChild(place.Muster({"doctor", "c.yaml"}));
  CHECK(end.code == 2);
  CHECK(Has(LineAbout(end.out, "config"), "itmes"));
  CHECK_FALSE(LineAbout(end.out, "kernel").empty());
}

TEST_CASE("doctor: more workers than there can be open files for are noted") {
  Workplace place(1);
  ChildOptions options = place.Muster({"doctor", "-j", "5000"});
  options.argv = Args{"/bin/sh", "-c", "ulimit -n 300 && exec \"$@\"", "sh"} + options.argv;
  ChildEnd end = RunChild(options);
  CHECK_MESSAGE(end.code == 0, end.out, end.err);
  CHECK(Has(LineAbout(end.out, "open files"), "20,040 are needed for 5,000 workers, 300 are"));
}

TEST_CASE("doctor: a worker that is another program, or none, is missing") {
  Workplace place(1);
  ChildEnd end = RunChild(WithBadWorker(place, "", {"doctor"}));
  CHECK(end.code == 2);
  CHECK_MESSAGE(LineAbout(end.out, "worker program").starts_with("missing"), end.out);
  fs::remove(place / "bin/muster-worker");
  ChildOptions alone = place.Muster({"doctor"});
  alone.argv[0] = place / "bin/muster";
  end = RunChild(alone);
  CHECK(end.code == 2);
  CHECK(Has(LineAbout(end.out, "worker program"), "No such file"));
}

}  // namespace
}  // namespace muster
