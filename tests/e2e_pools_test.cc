// Workers that launchers carry, beside local ones: who does what, launchers that fail in every way,
// workers that do not fit, and other sizes of a living run.

#include "tests/pools_testing.h"
#include "tests/programs.h"

namespace muster {
namespace {

// A pool that cannot work, and what is said of it beside local workers and alone.
struct Broken {
  std::string pool;
  std::string said;
  int code = 5;  // where there is no other
};

std::vector<Broken> BrokenPools() {
  std::string bad_worker = std::filesystem::absolute(ProgramPath("bad-worker")).lexically_normal();
  return {
      {"  - {workers: 2, launch: [no-such-launcher, -n1]}\n",
       "cannot start no-such-launcher: No such file or directory", 2},
      {CarriedPool("fail"), "did not start: exit code 255: no node is free; it is tried again"},
      {"  - {name: gone, workers: 2, launch: [env], program: /nowhere/muster-worker}\n",
       "did not start: exit code 127: env: '/nowhere/muster-worker': No such file or directory"},
      {CarriedPool("silent", 2, ", start_within: 300ms"),
       "did not start: killed: did not report within 300 ms; it is tried again"},
      {CarriedPool("chatty"),
       "did not start: protocol: text in place of a message: \"Welcome to node7\"; expected the "
       "worker's messages alone: the launcher, and start-up files of the shell there"},
      {fmt::format("  - {{name: old, workers: 2, launch: [env, "
                   "BAD_WORKER=--misbehave=other-build], program: {}}}\n",
                   bad_worker),
       "pool old: worker and supervisor are of different builds (another and ", 2},
  };
}

// A run of its own for each of these, all at the same time.
struct Batch {
  Batch(const FakeServer& server, const std::string& local) {
    for (const Broken& each : BrokenPools()) {
      places.push_back(std::make_unique<PoolPlace>(local + each.pool));
      ChildOptions options = places.back()->Run(server);
      options.env["LC_ALL"] = "C";
      runs.push_back(std::make_unique<Child>(options));
    }
  }
  std::vector<std::unique_ptr<PoolPlace>> places;
  std::vector<std::unique_ptr<Child>> runs;
};

bool CanUnshare(const std::string& what) {
  ChildOptions options;
  options.argv = {"unshare", what, "mount", "-t", "tmpfs", "none", "/mnt"};
  if (what == "-u") options.argv = {"unshare", what, "hostname", "elsewhere"};
  return RunChild(options).code == 0;
}

}  // namespace

TEST_CASE("e2e: local workers and launched ones on two nodes share the items, each done once") {
  bool nodes = CanUnshare("-u");
  if (!nodes) MESSAGE("names of nodes are not told apart (unshare cannot be used here)");
  FakeServer server("", {"--latency-ms=60"});
  PoolPlace pools(
      "  - {name: cluster, workers: 2, nodes: [north, south], launch: [bash, "
      "carrier.sh, " +
          std::string(nodes ? "node, " : "exec, env, NODE=") + "\"{{node}}\"]}\n  - {workers: 2}\n",
      24);
  ChildEnd end = RunChild(pools.Run(server));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  pools.CheckAllDone(server);
  CHECK(server.Book("asked") == 24);
  CHECK(pools.Ask("SELECT count(*) FROM attempts").front() == "24");
  std::vector<std::string> expected{"cluster/north/1", "cluster/south/1", "w1", "w2"};
  CHECK(pools.Ask("SELECT DISTINCT worker FROM attempts ORDER BY worker") == expected);
  CHECK(pools.Ask("SELECT worker FROM attempts WHERE item = 1").front().starts_with("w"));
  auto on = [&](const std::string& name) {
    return pools.Ask("SELECT worker FROM attempts WHERE node = '" + name + "' GROUP BY worker");
  };
  if (nodes) CHECK(on("north") == std::vector<std::string>{"cluster/north/1"});
  if (nodes) CHECK(on("south") == std::vector<std::string>{"cluster/south/1"});
  CHECK(pools.Ask("SELECT 1 FROM attempts WHERE node = ''").empty());
  pools.CheckNobodyLeft();
}

TEST_CASE("e2e: pools that cannot work: the run goes on with the others, and ends without any") {
  FakeServer nobody, server("", {"--latency-ms=120"});
  std::vector<Broken> broken = BrokenPools();
  Batch alone(nobody, ""), beside(server, kLocalPool);
  for (size_t i = 0; i < broken.size(); ++i) {
    CAPTURE(broken[i].said);
    ChildEnd end = beside.runs[i]->Wait();
    CHECK_MESSAGE(end.code == 0, end.out << end.err);
    CHECK_MESSAGE(CountOf(end.out, broken[i].said) == 1, end.out);
    CHECK(CountIn(beside.places[i]->Status(), "counts", "done") == 12);
    beside.places[i]->CheckNobodyLeft();
  }
  CHECK(server.Book("asked") == 12 * static_cast<int64_t>(broken.size()));
  for (size_t i = 0; i < broken.size(); ++i) {
    CAPTURE(broken[i].said);
    ChildEnd end = alone.runs[i]->Wait();
    CHECK_FALSE(end.overdue);
    CHECK_MESSAGE(end.code == broken[i].code, end.out << end.err);
    CHECK_MESSAGE(CountOf(end.out, broken[i].said) >= 1, end.out);
    CHECK(CountIn(alone.places[i]->Status(), "counts", "pending") == 12);
    alone.places[i]->CheckNobodyLeft();
  }
  CHECK(nobody.Book("connections") == 0);
}

TEST_CASE("e2e: a worker that sees another folder is refused where files go through it") {
  if (!CanUnshare("-m")) {
    MESSAGE("skipped: a worker that sees another folder (unshare cannot be used here)");
    return;
  }
  const std::string kList = "  - {id: ask, command: {run: [sh, -c, \"echo hello\"]}}\n";
  FakeServer server;
  for (std::string how : {"elsewhere", "swallow"}) {  // with the worker's exit code and without
    CAPTURE(how);
    for (bool local : {true, false}) {
      CAPTURE(local);
      PoolPlace pools((local ? kLocalPool : "") + CarriedPool(how), 12, kList);
      ChildEnd end = RunChild(pools.Run(server));
      CHECK_MESSAGE(end.code == (local ? 0 : 2), end.out << end.err);
      std::string said =
          fmt::format("does not see the run directory {}/runs/pools (", pools.token());
      CHECK_MESSAGE(CountOf(end.out, "warning: pool cluster: a worker cannot start: ") == 1,
                    end.out);
      CHECK(Has(end.out, said));
      CHECK(Has(end.out, "expected a file system that all machines share"));
      CHECK(CountIn(pools.Status(), "counts", "done") == (local ? 12 : 0));
      pools.CheckNobodyLeft();
    }
  }
  // Of calls alone nothing goes through files.
  PoolPlace pools(CarriedPool("elsewhere"));
  ChildEnd end = RunChild(pools.Run(server));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  pools.CheckAllDone(server);
}

TEST_CASE("e2e: pools are given other sizes while the run lives") {
  FakeServer server("", {"--latency-ms=60"});
  PoolPlace pools(kLocalPool + CarriedPool("child", 3), 5'000);
  Child run(pools.Run(server));
  REQUIRE(run.ReadUntil([&] { return pools.Carried().size() == 3; }));
  auto ctl = [&](const Args& words) {
    ChildEnd end = RunChild(pools.place().Muster(Args{"ctl", "runs/pools", "set"} + words));
    return end.out + end.err;
  };
  CHECK(ctl({"cluster.workers=1", "workers=3"}) ==
        "cluster.workers is 1, was 3\nworkers is 3, was 1\n");
  CHECK(run.ReadUntil([&] { return pools.Carried().size() == 1 && run.Workers().size() == 3; }));
  CHECK(ctl({"cluster.workers=2"}) == "cluster.workers is 2, was 1\n");
  CHECK(run.ReadUntil([&] { return pools.Carried().size() == 2; }));
  std::string unknown = ctl({"clutser.workers=2"});
  CHECK_MESSAGE(Has(unknown, "there is no pool of clutser workers"), unknown);
  run.Signal(SIGINT);
  ChildEnd end = run.Wait();
  CHECK(end.code == 130);
  CHECK(server.Book("answered") == CountIn(pools.Status(), "totals", "calls"));
  CHECK(CountIn(pools.Status(), "totals", "unknown_tries") == 0);
  pools.CheckNobodyLeft();
}

}  // namespace muster
