// Launched workers that are lost: the worker, its launcher, the connection, the supervisor; and
// Ctrl+C once and twice.

#include "tests/pools_testing.h"

namespace muster {
namespace {

const char kSlow[] = R"({"rules": [{"action": {"delay_ms": 300}}]})";
// The first three calls, one of each worker.
const char kSlowAtFirst[] = R"({"rules": [{"match": {"nth": 1}, "action": {"delay_ms": 800}},
    {"match": {"nth": 2}, "action": {"delay_ms": 800}},
    {"match": {"nth": 3}, "action": {"delay_ms": 800}}]})";
const char kSilent[] = R"({"rules": [{"action": {"hang": true}}]})";

pid_t ParentOf(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  size_t name_end = line.rfind(')');
  REQUIRE(name_end != line.npos);
  return std::atoi(line.c_str() + name_end + 4);  // ") S 123"
}

// Until all workers have a call in the air, and two of them are carried.
void UntilAllWork(const PoolPlace& pools, const FakeServer& server, Child& run, int64_t workers) {
  REQUIRE(run.ReadUntil(
      [&] { return server.Book("in_air") == workers && pools.Carried().size() == 2; }));
}

}  // namespace

TEST_CASE("e2e: a launched worker is lost, its launcher, or both: its item is done by another") {
  struct Loss {
    std::string how;
    bool worker, launcher;
  };
  for (Loss loss :
       {Loss{"child", true, false}, Loss{"child", false, true}, Loss{"child", true, true},
        Loss{"exec", true, false}, Loss{"helper", false, true}}) {
    CAPTURE(loss.how);
    CAPTURE(loss.worker);
    CAPTURE(loss.launcher);
    FakeServer server(kSlowAtFirst);
    PoolPlace pools(kLocalPool + CarriedPool(loss.how), 15);
    Child run(pools.Run(server));
    UntilAllWork(pools, server, run, 3);
    pid_t worker = pools.Carried().front(), launcher = ParentOf(worker);
    if (loss.launcher) kill(launcher, SIGKILL);
    if (loss.worker) kill(worker, SIGKILL);
    ChildEnd end = run.Wait();
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    CHECK_MESSAGE(CountOf(end.out, "worker lost: ") == 1, end.out);
    pools.CheckAllDone(server, 1);
    CHECK(pools.Ask("SELECT item FROM attempts WHERE attempt = 2").size() == 1);
    pools.CheckNobodyLeft();
  }
}

TEST_CASE(
    "e2e: a launcher that drops the connection or kills its worker and exits with 0 is lost") {
  for (std::string how : {"cut", "killer"}) {
    CAPTURE(how);
    FakeServer server("", {"--latency-ms=100"});
    PoolPlace pools(kLocalPool + CarriedPool(how), 24);
    ChildEnd end = RunChild(pools.Run(server));
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    CHECK(std::filesystem::exists(pools.place() / (how == "cut" ? "cut" : "killed")));
    CHECK(CountOf(end.out, "worker lost: ") <= 1);
    pools.CheckAllDone(server, 1);
    pools.CheckNobodyLeft();
  }
}

TEST_CASE("e2e: workers whose supervisor was killed end with their lease, also one that stood") {
  FakeServer server(kSlow);
  PoolPlace pools(CarriedPool("hold", 2, ", lease: 1s"), 40);
  std::vector<pid_t> workers;
  {
    Child run(pools.Run(server));
    UntilAllWork(pools, server, run, 2);
    workers = pools.Carried();
    kill(workers.front(), SIGSTOP);
    run.Signal(SIGKILL);
    CHECK(run.Wait().code == 128 + SIGKILL);
  }
  CHECK_FALSE(pools.Left().empty());  // who carries them holds their pipes open
  CHECK(Eventually([&] { return IsGone(workers.back()); }));
  usleep(1'500'000);  // beyond the lease of the one that stands, too
  int64_t asked = server.Book("asked");
  CHECK(StateOf(workers.front()) == 'T');
  kill(workers.front(), SIGCONT);
  CHECK(Eventually([&] { return IsGone(workers.front()); }));
  CHECK(server.Book("asked") == asked);

  server.SetScript(R"({"rules": []})");
  ChildOptions again = pools.Run(server, {"--sequential"});
  ChildEnd end = RunChild(again);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  pools.CheckAllDone(server, 2);
}

TEST_CASE("e2e: Ctrl+C once finishes what launched workers have in the air and leaves nobody") {
  for (std::string how : {"exec", "stubborn", "helper"}) {
    CAPTURE(how);
    FakeServer server(kSlow);
    PoolPlace pools(kLocalPool + CarriedPool(how), 40);
    Child run(pools.Run(server));
    UntilAllWork(pools, server, run, 3);
    run.Signal(SIGINT);
    ChildEnd end = run.Wait();
    CHECK_MESSAGE(end.code == 130, end.out << end.err);
    CHECK(Has(end.out, "finishing 3 calls in the air"));
    Json status = pools.Status();
    CHECK(CountIn(status, "totals", "unknown_tries") == 0);
    CHECK(CountIn(status, "totals", "calls") == server.Book("answered"));
    CHECK(CountIn(status, "totals", "cost_picodollars") == server.Book("picodollars"));
    pools.CheckNobodyLeft();
  }
}

TEST_CASE("e2e: Ctrl+C twice ends launchers, their helpers and workers at once") {
  for (std::string how : {"exec", "child", "stubborn", "helper", "hold"}) {
    CAPTURE(how);
    FakeServer server(kSilent);
    PoolPlace pools(kLocalPool + CarriedPool(how));
    Child run(pools.Run(server));
    UntilAllWork(pools, server, run, 3);
    run.Signal(SIGINT);
    REQUIRE(run.ReadUntil("Ctrl+C again stops at once"));
    run.Signal(SIGINT);
    ChildEnd end = run.Wait();
    CHECK_MESSAGE(end.code == 130, end.out << end.err);
    CHECK_FALSE(end.overdue);
    CHECK(CountIn(pools.Status(), "totals", "unknown_tries") == 3);
    pools.CheckNobodyLeft();
  }
}

}  // namespace muster
