// The whole program with a worker that misbehaves, in every way that it knows, at every moment: all
// items have their end, and what is left is told.

#include <signal.h>

#include <algorithm>

#include "tests/process_testing.h"
#include "tests/stand_in.h"

namespace muster {
namespace {

std::string MockConfig(int64_t items, const std::string& guard = "worker_silence: 10s") {
  return "name: mock\nitems: {range: 1.." + std::to_string(items) + "}\nworkers: 3\nguard: {" +
         guard +
         "}\nsteps:\n  - {id: ask, chat: {model: mock/m, user: \"{{item.id}}\"}}\n"
         "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n";
}

int64_t AttemptsOf(const Json& status, const std::string& item) {
  for (const Json& each : status["items"]) {
    if (StringMember(each, "id") == item) return *IntMember(each, "attempts");
  }
  return -1;
}

}  // namespace

TEST_CASE("bad workers: one of them misbehaving costs one attempt; every item is done, once") {
  const char* const kKinds[] = {
      "segv",      "segv@call",       "segv@go",       "segv@called",  "segv@kept",  "segv@done",
      "abort",     "kill9@mid-frame", "exit",          "exit0",        "exit0@kept", "mute",
      "garbage",   "huge-length",     "no-newline",    "unknown-type", "grandchild", "early",
      "duplicate", "wrong-item",      "wrong-attempt", "segv@hello",   "segv@begun"};
  for (std::string kind : kKinds) {
    CAPTURE(kind);
    Workplace place(0);
    place.Write("mock.yaml", MockConfig(6));
    ChildEnd end = RunChild(
        WithBadWorker(place, "--misbehave=" + kind + " --once seen", {"run", "mock.yaml"}));
    CHECK_MESSAGE(end.code == 0, end.out << end.err);
    CHECK_FALSE(end.overdue);
    Json status = place.Status("runs/mock");
    CHECK(CountIn(status, "counts", "done") == 6);
    CHECK(CountIn(status, "totals", "calls") == 6);
    int64_t attempts = 0;
    for (const Json& item : status["items"]) attempts += *IntMember(item, "attempts");
    CHECK(attempts <= 7);
    CHECK(CountIn(status, "totals", "unknown_tries") <= 1);
  }
}

TEST_CASE("bad workers: one that hangs or is stopped is killed for its silence, the item retried") {
  for (std::string kind : {"hang", "stop"}) {
    CAPTURE(kind);
    Workplace place(0);
    place.Write("mock.yaml", MockConfig(4, "worker_silence: 1500ms"));
    ChildEnd end = RunChild(
        WithBadWorker(place, "--misbehave=" + kind + " --once seen", {"run", "mock.yaml"}));
    CHECK_MESSAGE(end.code == 0, end.out << end.err);
    CHECK(Has(end.out, "killed: silent for 1.5 s"));
    CHECK(CountIn(place.Status("runs/mock"), "counts", "done") == 4);
  }
}

TEST_CASE("bad workers: an item that kills every worker is set aside, over kill -9 too") {
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(30));
  ChildOptions options =
      WithBadWorker(place, "--misbehave=segv --only 7 --latency=30", {"run", "mock.yaml"});
  for (int kill = 0; kill < 3; ++kill) {
    Child run(options);
    run.ReadUntil("✓");
    run.ReadUntil("worker lost: SIGSEGV");
    run.Signal(SIGKILL);
    run.Wait();
  }
  ChildEnd end = RunChild(options);
  CHECK(end.code == 1);
  Json status = place.Status("runs/mock");
  CHECK(CountIn(status, "counts", "done") == 29);
  CHECK(CountIn(status, "counts", "quarantined") == 1);
  // Two that died of it, and those that our kills took along.
  CHECK(AttemptsOf(status, "7") <= 2 + 3);
}

TEST_CASE("bad workers: one that can never start ends the run at once with its reason") {
  struct Case {
    const char* kind;
    const char* said;
  };
  for (const Case& each : {Case{"boot-fail", "bad-worker was told not to start"},
                           Case{"other-build", "different builds"}}) {
    CAPTURE(each.kind);
    Workplace place(0);
    place.Write("mock.yaml", MockConfig(4));
    ChildEnd end = RunChild(
        WithBadWorker(place, std::string("--misbehave=") + each.kind, {"run", "mock.yaml"}));
    CHECK(end.code == 2);
    CHECK(Has(end.out + end.err, each.said));
    CHECK(CountIn(place.Status("runs/mock"), "totals", "tries") == 0);
  }
}

TEST_CASE("bad workers: a missing or broken worker program is told before anything is begun") {
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(4));
  ChildOptions options = WithBadWorker(place, "", {"run", "mock.yaml"});
  std::string worker = place / "bin/muster-worker";
  std::filesystem::remove(worker);
  ChildEnd missing = RunChild(options);
  CHECK(missing.code == 2);
  CHECK(Has(missing.err, worker));
  place.Write("bin/muster-worker", "#!/no/such/interpreter\n");
  std::filesystem::permissions(worker, std::filesystem::perms::owner_all);
  ChildEnd broken = RunChild(options);
  CHECK(broken.code == 2);
  CHECK(Has(broken.out + broken.err, worker));
  CHECK_FALSE(broken.overdue);
}

// Takes the time that the restarts are put off: MUSTER_LONG=1.
TEST_CASE("bad workers: workers that all die at once are started less and less, then no more") {
  if (!std::getenv("MUSTER_LONG")) {
    MESSAGE("skipped: takes 15 s; MUSTER_LONG=1");
    return;
  }
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(4));
  ChildOptions options =
      WithBadWorker(place, "--misbehave=segv@start", {"run", "mock.yaml", "--workers", "1"});
  options.deadline = std::chrono::seconds(60);
  ChildEnd end = RunChild(options);
  CHECK(end.code == 5);
  CHECK(Has(end.out, "8 workers died within a minute and no item was finished"));
}

}  // namespace muster
