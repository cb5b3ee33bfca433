// How workers end: told to, made to, and left alone by a supervisor that is no more.

#include <doctest/doctest.h>

#include <algorithm>

#include "common/fd.h"
#include "tests/config_testing.h"
#include "tests/process_testing.h"

namespace muster {
namespace {

// Which of two workers was lost first.
bool LostBefore(const PoolDriver& driver, WorkerId first, WorkerId second) {
  auto& ends = driver.ends();
  return std::ranges::find(ends, first) < std::ranges::find(ends, second);
}

bool AreGone(const std::vector<pid_t>& pids) { return std::ranges::all_of(pids, IsGone); }

TEST_CASE("a stop is a goodbye for who listens, TERM for who does not, KILL for who will not") {
  PoolDriver driver;
  WorkerId listens = driver.Spawn(BadWorker());
  WorkerId busy = driver.Spawn(BadWorker({"--latency=60000"}));
  WorkerId hangs = driver.Spawn(BadWorker({"--misbehave=hang@hello"}));
  WorkerId stubborn =
      driver.Spawn(BadWorker({"--misbehave=ignores-term", "--misbehave=hang@hello"}));
  WorkerId stopped = driver.Spawn(BadWorker({"--misbehave=stop@hello"}));
  WorkerId real = driver.Spawn(RealWorker());
  for (WorkerId worker : {listens, busy, hangs, stubborn, stopped, real}) {
    driver.Hear<Hello>(worker);
  }
  driver.Begin(busy);
  driver.Hear<Call>(busy);
  driver.Send(busy, PoolDriver::GoFor(1));
  for (WorkerId worker : {listens, busy, hangs, stubborn, stopped, real}) {
    driver.Send(worker, Stop{});
  }
  for (WorkerId worker : {listens, busy, real}) {
    CHECK(driver.Lost(worker).said_bye);
    CHECK(LostBefore(driver, worker, hangs));
  }
  CHECK(driver.Lost(hangs).how == "SIGTERM");
  CHECK(driver.Lost(stubborn).how == "SIGKILL");
  CHECK(driver.Lost(stopped).how == "SIGKILL");
  CHECK(LostBefore(driver, hangs, stubborn));
  CHECK(LostBefore(driver, hangs, stopped));
}

TEST_CASE("a killed worker is told with the reason, also when it was stopped by SIGSTOP") {
  PoolDriver driver;
  WorkerId hangs = driver.Spawn(BadWorker({"--misbehave=hang@hello"}));
  WorkerId stopped = driver.Spawn(BadWorker({"--misbehave=stop@hello"}));
  WorkerId deaf = driver.Spawn(BadWorker({"--misbehave=stop@hello"}));
  driver.Hear<Hello>(hangs);
  for (WorkerId worker : {stopped, deaf}) {
    pid_t pid = driver.PidOf(worker);
    REQUIRE(Eventually([&] { return StateOf(pid) == 'T'; }));
  }
  driver.pool().Kill(hangs, SIGABRT, "killed: silent for 30 s");
  driver.pool().Kill(stopped, SIGKILL, "killed: the run was stopped");
  driver.pool().Kill(deaf, SIGABRT, "killed: silent for 30 s");  // does not come through
  CHECK(driver.Lost(hangs).how == "killed: silent for 30 s");
  CHECK(driver.Lost(stopped).how == "killed: the run was stopped");
  CHECK(driver.Lost(deaf).how == "killed: silent for 30 s");
  CHECK(LostBefore(driver, hangs, deaf));
  CHECK(LostBefore(driver, stopped, deaf));
}

TEST_CASE("a worker that closes its output and lives on is killed") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker({"--misbehave=mute@hello"}));
  CHECK(driver.Lost(worker).how == "killed: it closed its output and lived on");
}

TEST_CASE("a child that holds a dead worker's pipes delays nothing, and ends with the pool") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker({"--misbehave=grandchild"}));
  driver.Begin(worker);
  WorkerLost lost = driver.Lost(worker);
  CHECK(lost.how == "exit code 3");
  auto children = PidsIn(lost.stderr_tail, "child");
  REQUIRE(children.size() == 1);
  CHECK_FALSE(IsGone(children[0]));
  driver.Destroy();
  CHECK(IsGone(children[0]));
}

TEST_CASE("what a worker left in another session ends with the pool, with its own children") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker({"--misbehave=daemon", "--misbehave=exit@kept"}));
  driver.Begin(worker);
  WorkerLost lost = driver.ServeUntilLost(worker);
  auto left = PidsIn(lost.stderr_tail, "daemon");
  REQUIRE(left.size() == 1);
  left.push_back(PidsIn(lost.stderr_tail, "child").at(0));
  for (pid_t pid : left) CHECK_FALSE(IsGone(pid));
  driver.Destroy();
  for (pid_t pid : left) CHECK(IsGone(pid));
}

TEST_CASE("strangers that end as our children are buried") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker({"--misbehave=daemon", "--misbehave=exit@kept"}));
  driver.Begin(worker);
  WorkerLost lost = driver.ServeUntilLost(worker);
  pid_t stranger = PidsIn(lost.stderr_tail, "daemon").at(0);
  kill(stranger, SIGKILL);
  CHECK(driver.WaitUntil([&] { return kill(stranger, 0) != 0; }));  // no zombie either
}

TEST_CASE("destroying the pool leaves no worker, whatever it is at") {
  PoolDriver driver;
  std::vector<WorkerId> workers;
  for (int i = 0; i < 4; ++i) {
    workers.push_back(driver.Spawn(BadWorker({"--misbehave=hang@hello"})));
    workers.push_back(driver.Spawn(BadWorker({"--misbehave=stop@hello"})));
    workers.push_back(driver.Spawn(BadWorker({"--misbehave=ignores-term"})));
    workers.push_back(driver.Spawn(RealWorker()));
  }
  std::vector<pid_t> pids;
  for (WorkerId worker : workers) pids.push_back(driver.PidOf(worker));
  driver.Destroy();
  for (pid_t pid : pids) CHECK(kill(pid, 0) != 0);  // reaped, too
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);       // no children at all
}

// A process with a pool of four workers that have calls in the air; `answers` gets their numbers.
pid_t StartOwner(const std::vector<std::string>& command, const Start& start, int answers) {
  fflush(nullptr);
  pid_t owner = fork();
  if (owner != 0) return owner;
  try {
    PoolDriver driver;
    std::vector<pid_t> pids;
    for (int i = 0; i < 4; ++i) {
      WorkerId worker = driver.Spawn(command);
      driver.Begin(worker, start);
      driver.Hear<Call>(worker);
      driver.Send(worker, PoolDriver::GoFor(1));
      pids.push_back(driver.PidOf(worker));
    }
    driver.Turn();
    if (write(answers, pids.data(), pids.size() * sizeof(pid_t)) < 0) _exit(1);
    for (;;) driver.Turn(seconds(1));
  } catch (...) {
  }
  _exit(1);
}

// Kills such a process; true when its workers then end.
bool EndWithTheirOwner(const std::vector<std::string>& command, const Start& start) {
  auto pipe = MakePipe();
  REQUIRE(pipe.ok());
  pid_t owner = StartOwner(command, start, pipe->write.get());
  pipe->write.Reset();
  pid_t pids[4];
  bool told = read(pipe->read.get(), pids, sizeof pids) == sizeof pids;
  bool lived = told && std::ranges::none_of(pids, IsGone);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  REQUIRE(told);
  REQUIRE(lived);
  return Eventually([&] { return AreGone({pids, pids + 4}); });
}

TEST_CASE("workers end with a supervisor that was killed, also those that hang or ignore TERM") {
  CHECK(EndWithTheirOwner(BadWorker({"--misbehave=hang@go"}), {}));
  CHECK(EndWithTheirOwner(BadWorker({"--misbehave=ignores-term", "--latency=60000"}), {}));
}

TEST_CASE("muster-worker ends with a supervisor that was killed, in the middle of a call") {
  ConfigFolder folder;
  auto config =
      folder.Load(std::string(kLeastConfig) + "providers: {mock: {mock: {latency: 60s..60s}}}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  Start start;
  start.config = ConfigToJson(*config);
  CHECK(EndWithTheirOwner(RealWorker(), start));
}

}  // namespace
}  // namespace muster
