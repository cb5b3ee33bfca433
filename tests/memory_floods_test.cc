// What floods a process: printing commands and workers, bombs, answers and headers of any size.
// Each costs a bounded amount of memory and one clear error; the rest of the run goes on.

#include <signal.h>

#include <charconv>

#include "tests/process_testing.h"
#include "tests/stand_in.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// The most memory that a process has had, in MB; 0: it is gone.
int64_t PeakMb(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6) / 1024;
  }
  return 0;
}

// A run to its end, with the most memory that its supervisor and any of its workers had.
struct Measured {
  explicit Measured(const ChildOptions& options) {
    Child run(options);
    run.ReadUntil([&] {
      supervisor_mb = std::max(supervisor_mb, PeakMb(run.pid()));
      for (pid_t worker : run.Children()) worker_mb = std::max(worker_mb, PeakMb(worker));
      return false;
    });
    end = run.Wait();
  }
  ChildEnd end;
  int64_t supervisor_mb = 0, worker_mb = 0;
};

constexpr int64_t kSupervisorMb = 64;

std::string CommandConfig(const std::string& script) {
  return "name: flood\nitems: {range: 1..2}\nworkers: 2\nsteps:\n  - id: c\n    when: "
         "item.number == 1\n    command: {run: [sh, -c, \"" +
         script +
         "\"]}\noutputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{#c}}{{text}}{{/c}}\"}\n";
}

}  // namespace

TEST_CASE("floods: a command that prints without end is stopped, and costs its item alone") {
  Workplace place(0);
  place.Write("flood.yaml", CommandConfig("yes a line of some length | head -c 10G"));
  Measured run(place.Muster({"run", "flood.yaml"}));
  CHECK(run.end.code == 1);
  CHECK(Has(run.end.out, "✗ [1] failed: c: sh printed more than 12 MB"));
  CHECK(Has(run.end.out, "✓ [2] done"));
  CHECK(run.supervisor_mb < kSupervisorMb);
  CHECK(run.worker_mb < 96);
}

TEST_CASE("floods: of what a command complains of, its two ends are kept, and it is not held up") {
  const char* size = std::getenv("MUSTER_LONG") ? "10G" : "200M";
  Workplace place(0);
  place.Write("flood.yaml",
              CommandConfig(std::string("yes | head -c ") + size + " >&2; echo fine"));
  ChildOptions options = place.Muster({"run", "flood.yaml"});
  options.deadline = std::chrono::seconds(600);
  Measured run(options);
  CHECK(run.end.code == 0);
  CHECK(place.Read("runs/flood/1.txt") == "fine\n");
  CHECK(run.supervisor_mb < kSupervisorMb);
  CHECK(run.worker_mb < 64);
}

TEST_CASE("floods: a worker's own printing, and headers that promise gigabytes, take no memory") {
  Workplace place(0);
  place.Write("mock.yaml",
              "name: mock\nitems: {range: 1..6}\nworkers: 2\nsteps:\n"
              "  - {id: ask, chat: {model: mock/m, user: \"{{item.id}}\"}}\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n");
  struct Case {
    const char* misbehaviour;
    const char* said;
  };
  for (const Case& each : {Case{"--misbehave=printf-flood=100M", ""},
                           Case{"--misbehave=huge-length --once seen", "worker lost: protocol: "},
                           Case{"--misbehave=garbage --once seen2", "worker lost: protocol: "}}) {
    CAPTURE(std::string(each.misbehaviour));
    Measured run(WithBadWorker(place, each.misbehaviour, {"run", "mock.yaml", "--fresh"}));
    CHECK_MESSAGE(run.end.code == 0, run.end.out << run.end.err);
    CHECK(Has(run.end.out, each.said));
    CHECK(run.supervisor_mb < kSupervisorMb);
  }
}

TEST_CASE(
    "floods: replies that unpack or grow without end cost bounded memory and one error each") {
  for (std::string action : {R"({"gzip_bomb": 2000000000})", R"({"huge_body": 100000000})",
                             R"({"huge_header": 50000000})"}) {
    CAPTURE(action);
    FakeServer server(
        std::string(R"({"rules": [{"match": {"nth": 3}, "action": )") + action + "}]}",
        {"--no-fsync"});
    Workplace place(2);
    place.Ask(server);
    Measured run(place.Run({"--set", "providers.openai.stream=never"}));
    CHECK(run.end.code == 1);
    CHECK(Has(run.end.out, "is too large: more than "));
    CHECK(CountIn(place.Status(), "counts", "done") == 1);
    CHECK(run.supervisor_mb < kSupervisorMb);
    CHECK(run.worker_mb < 200);
    CHECK(place.RunToEnd({"--retry-failed"}).code == 0);
    CHECK(server.Book("asked") <= 17);
  }
}

TEST_CASE("floods: an answer too large for a frame is paid, kept as a failure, and no crash") {
  Workplace place(0);
  place.Write("mock.yaml",
              "name: mock\nitems: {range: 1..2}\nworkers: 2\nsteps:\n"
              "  - {id: ask, chat: {model: mock/m, user: \"{{item.id}}\"}}\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n");
  // Of 6 MB all is kept; bad-worker sends what is larger all the same, and is killed for it.
  Measured large(WithBadWorker(place, "--answer-size=6M", {"run", "mock.yaml"}));
  CHECK(large.end.code == 0);
  CHECK(large.supervisor_mb < 400);
  const char* size = std::getenv("MUSTER_LONG") ? "100M" : "20M";
  Measured larger(
      WithBadWorker(place, std::string("--answer-size=") + size, {"run", "mock.yaml", "--fresh"}));
  CHECK(larger.end.code == 1);
  CHECK(Has(larger.end.out, "quarantined"));
  CHECK(larger.supervisor_mb < 400);
}

TEST_CASE("floods: a config that multiplies itself is refused at once") {
  std::string bomb = "name: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += "*" + before + ", ";
    bomb += "]\n";
  }
  std::string deep(1'000'000, '['), wide = "name: x\nitems: {range: 1..1}\nsteps: [";
  for (int i = 0; i < 300'000; ++i) wide += "a,";
  for (const std::string& text : {bomb, "a: " + deep, wide + "]\n", std::string(40'000'000, '-')}) {
    Workplace place(0);
    place.Write("bomb.yaml", text);
    for (const char* command : {"run", "check"}) {
      Measured run(place.Muster({command, "bomb.yaml"}));
      CHECK(run.end.code == 2);
      CHECK(run.end.err.size() < 5'000);
      CHECK(run.supervisor_mb < 300);
    }
  }
}

}  // namespace muster
