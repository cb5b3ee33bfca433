// The pool in surroundings that are not as usual: limits, signals, closed descriptors, PID 1.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "common/fd.h"
#include "tests/config_testing.h"
#include "tests/process_testing.h"

namespace muster {
namespace {

// A worker does an item and says goodbye; "" when all went well.
std::string DoOneItem(PoolDriver& driver) {
  WorkerId worker = driver.Spawn(BadWorker());
  driver.Begin(worker);
  if (driver.Finish(worker).outcome != Outcome::kDone) return "the item was not done";
  driver.Send(worker, Stop{});
  WorkerLost lost = driver.Lost(worker);
  return lost.said_bye ? "" : "no goodbye: " + lost.how;
}

TEST_CASE("a program that cannot be started is an error that names it") {
  ConfigFolder folder;
  folder.Write("text", "no program");
  PoolDriver driver;
  auto missing = driver.TrySpawn({folder / "missing"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == "cannot start " + (folder / "missing") + ": No such file or directory");
  auto text = driver.TrySpawn({folder / "text"});
  REQUIRE_FALSE(text);
  CHECK(text.error() == "cannot start " + (folder / "text") + ": Permission denied");
  CHECK(driver.pool().alive() == 0);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(DoOneItem(driver) == "");
}

TEST_CASE("without descriptors left starting a worker is an error, and the others work on") {
  CHECK(InChild([]() -> std::string {
          PoolDriver driver;
          WorkerId first = driver.Spawn(BadWorker());
          driver.Hear<Hello>(first);
          // With every number of descriptors that are left Spawn succeeds or says what is missing.
          for (rlim_t limit = 10; limit < 30; ++limit) {
            rlimit few{limit, 4096};
            if (setrlimit(RLIMIT_NOFILE, &few) != 0) return "no setrlimit";
            auto more = driver.TrySpawn(BadWorker());
            if (more) {
              driver.pool().Kill(*more, SIGKILL, "enough");
              driver.Lost(*more);
              continue;
            }
            if (more.error().find("Too many open files") == std::string::npos) return more.error();
            if (limit == 29) return "30 descriptors were not enough";
          }
          if (waitpid(-1, nullptr, WNOHANG) != 0) return "a child is left that is no worker";
          driver.Begin(first);
          return driver.Finish(first).outcome == Outcome::kDone ? "" : "the first worker is lost";
        }) == "");
}

TEST_CASE("signals to the supervisor come as events, in whatever turn") {
  CHECK(InChild([]() -> std::string {
          PoolDriver driver;
          for (int number : {SIGINT, SIGTERM, SIGHUP, SIGCONT}) {
            size_t before = driver.signals().size();
            kill(getpid(), number);
            driver.WaitUntil([&] { return driver.signals().size() > before; });
          }
          bool all = driver.signals() == std::vector{SIGINT, SIGTERM, SIGHUP, SIGCONT};
          return all ? DoOneItem(driver) : "not the four signals";
        }) == "");
}

TEST_CASE("a hangup that was ignored at the start, as under nohup, stays ignored") {
  CHECK(InChild([]() -> std::string {
          signal(SIGHUP, SIG_IGN);
          PoolDriver driver;
          kill(getpid(), SIGHUP);
          kill(getpid(), SIGTERM);
          driver.WaitUntil([&] { return !driver.signals().empty(); });
          driver.Turn();
          bool term = driver.signals() == std::vector{SIGTERM};
          return term ? DoOneItem(driver) : "not TERM alone";
        }) == "");
}

TEST_CASE("a parent that had us ignore SIGCHLD does not cost us how workers end") {
  CHECK(InChild([]() -> std::string {
          signal(SIGCHLD, SIG_IGN);
          PoolDriver driver;
          WorkerLost lost = driver.Lost(driver.Spawn(BadWorker({"--misbehave=exit=7@start"})));
          return lost.how == "exit code 7" ? "" : lost.how;
        }) == "");
}

TEST_CASE("workers start with no signal blocked or ignored that we block or ignore") {
  CHECK(InChild([]() -> std::string {
          signal(SIGPIPE, SIG_IGN);
          signal(SIGXFSZ, SIG_IGN);
          PoolDriver driver;
          WorkerId worker =
              driver.Spawn({"sh", "-c", "exec grep -E '^Sig(Blk|Ign)' /proc/self/status >&2"});
          std::string status = driver.Lost(worker).stderr_tail;
          auto mask_of = [&status](const char* name) {
            size_t at = status.find(name);
            return at == status.npos ? ~0ull : std::strtoull(&status[at + 7], nullptr, 16);
          };
          auto bit = [](int number) { return 1ull << (number - 1); };
          if (mask_of("SigBlk:") != 0) return "blocked: " + status;
          if (mask_of("SigIgn:") & (bit(SIGPIPE) | bit(SIGXFSZ))) return "ignored: " + status;
          return "";
        }) == "");
}

TEST_CASE("a worker has a session of its own") {
  PoolDriver driver;
  pid_t pid = driver.PidOf(driver.Spawn(BadWorker()));
  CHECK(getsid(pid) == pid);
}

TEST_CASE("a thousand interruptions a second change nothing") {
  CHECK(InChild([]() -> std::string {
          struct sigaction action {};
          action.sa_handler = [](int) {};  // without SA_RESTART
          sigaction(SIGALRM, &action, nullptr);
          PoolDriver driver;
          itimerval often{{0, 1'000}, {0, 1'000}};
          setitimer(ITIMER_REAL, &often, nullptr);
          std::string wrong;
          for (int i = 0; i < 5 && wrong.empty(); ++i) wrong = DoOneItem(driver);
          return wrong;
        }) == "");
}

TEST_CASE("a supervisor that was started with 0, 1 and 2 closed works") {
  CHECK(InChild([]() -> std::string {
          for (int fd : {0, 1, 2}) close(fd);
          OpenStandardDescriptors();
          PoolDriver driver;
          return DoOneItem(driver);
        }) == "");
}

TEST_CASE("muster-worker that is started with closed descriptors exits and breaks nothing") {
  for (int closed : {0, 1, 2}) {
    CAPTURE(closed);
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      int null = open("/dev/null", O_RDWR);
      for (int fd : {0, 1, 2}) dup2(null, fd);
      close(closed);
      execl(ProgramPath("muster-worker").c_str(), "muster-worker", "--pipe", nullptr);
      _exit(126);
    }
    int status = 0;
    bool ended = Eventually([&] { return waitpid(child, &status, WNOHANG) == child; });
    if (!ended) kill(child, SIGKILL), waitpid(child, nullptr, 0);
    REQUIRE(ended);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) >= 100);
    CHECK(WEXITSTATUS(status) <= 102);
  }
}

// What a pool as PID 1 of its namespace must be able to do.
std::string AsFirstProcess() {
  if (getpid() != 1) return "not the first process";
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return "cannot mount /proc";
  }
  PoolDriver driver;
  kill(1, SIGTERM);
  driver.WaitUntil([&] { return !driver.signals().empty(); });
  if (driver.signals() != std::vector{SIGTERM}) return "TERM did not come";
  WorkerId leaves = driver.Spawn(BadWorker({"--misbehave=daemon", "--misbehave=segv@kept"}));
  driver.Begin(leaves);
  WorkerLost lost = driver.ServeUntilLost(leaves);
  if (lost.how != "SIGSEGV") return lost.how;
  auto left = PidsIn(lost.stderr_tail, "daemon");
  if (left.size() != 1 || IsGone(left[0])) return "no daemon: " + lost.stderr_tail;
  if (std::string wrong = DoOneItem(driver); !wrong.empty()) return wrong;
  driver.Destroy();
  return IsGone(left[0]) ? "" : "the daemon lives on";
}

TEST_CASE("a supervisor can be process 1 of a container") {
  std::string result = InChild([]() -> std::string {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return "not allowed";
    return InChild(AsFirstProcess);
  });
  if (result == "not allowed") {
    MESSAGE("skipped: no PID namespace for this user");
    return;
  }
  CHECK(result == "");
}

}  // namespace
}  // namespace muster
