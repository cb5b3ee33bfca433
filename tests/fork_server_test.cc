// Workers forked from one warmed process: each is a process like one that was started by exec, and
// where forking does not work, exec does.

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <filesystem>
#include <iterator>
#include <set>

#include "supervisor/pool/fork_spawner.h"
#include "tests/config_testing.h"
#include "tests/process_testing.h"
#include "tests/worker_line.h"

namespace muster {
namespace {

// One of its own threads, which would make forking unsafe: such a server refuses.
#if defined(__SANITIZE_THREAD__)
constexpr bool kCanFork = false;
#else
constexpr bool kCanFork = true;
#endif

constexpr const char* kSecret = "sk-secret-of-the-forks";

Start StartOf(const Config& config) {
  Start start;
  start.config = ConfigToJson(config);
  start.keys = Json{{"openai", kSecret}};
  return start;
}

// A fork spawner in a pool of its own, and what it has told.
struct Forks {
  explicit Forks(std::string program = ProgramPath("muster-worker")) {
    auto made =
        std::make_unique<ForkSpawner>(std::move(program), StartOf(OneStep(folder)),
                                      [this](const std::string& why) { notices.push_back(why); });
    spawner = made.get();
    driver = std::make_unique<PoolDriver>(std::move(made));
  }

  WorkerId Spawn() { return driver->Spawn({}); }
  pid_t PidOf(WorkerId worker) { return driver->PidOf(worker); }

  ConfigFolder folder;
  std::vector<std::string> notices;
  ForkSpawner* spawner = nullptr;
  std::unique_ptr<PoolDriver> driver;
};

// A line of /proc/PID/status: "SigIgn", "PPid", ….
std::string StatusOf(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return line.substr(name.size() + 2);
  }
  return "";
}

size_t OurDescriptors() { return DescriptorsOf(getpid()).size(); }

TEST_CASE(
    "a forked worker is a child of ours, warm, and does an item without being told a config") {
  Forks forks;
  WorkerId worker = forks.Spawn();
  Hello hello = forks.driver->Hear<Hello>(worker);
  CHECK(hello.warm == kCanFork);
  if (!kCanFork) return;
  CHECK(StatusOf(static_cast<pid_t>(hello.pid), "PPid") == std::to_string(getpid()));
  CHECK(ReadBytes("/proc/" + std::to_string(hello.pid) + "/cmdline").find("--pipe") !=
        std::string::npos);
  CHECK(getsid(static_cast<pid_t>(hello.pid)) == hello.pid);
  forks.driver->Begin(worker);
  CHECK(forks.driver->Finish(worker).outputs.at(0).text == "a: forty-two");
  forks.driver->Send(worker, Stop{});
  WorkerLost lost = forks.driver->Lost(worker);
  CHECK(lost.said_bye);
  CHECK(lost.peak_memory_kb > 0);
  CHECK(lost.stderr_tail == "");
  CHECK(forks.notices.empty());
}

TEST_CASE("a start with a config counts for a forked worker too") {
  Forks forks;
  WorkerId worker = forks.Spawn();
  auto config = forks.folder.Load(
      "name: other\nitems: {range: 1..3}\nsteps:\n"
      "  - {id: ask, chat: {model: mock/m, user: hi}, mock: something else}\n"
      "outputs: [{file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}]\n");
  REQUIRE(config.ok());
  forks.driver->Begin(worker, StartOf(*config));
  CHECK(forks.driver->Finish(worker).outputs.at(0).text == "something else");
}

TEST_CASE("a worker that is not warm cannot start without a config") {
  WorkerLine line;
  line.Start(Start{});
  CHECK(line.Next<Bye>().boot_failure.find("config") != std::string::npos);
  CHECK(line.ExitCode() == kWorkerBootFailure);
}

TEST_CASE("a forked worker dies alone, and its server and siblings go on") {
  Forks forks;
  WorkerId a = forks.Spawn(), b = forks.Spawn();
  forks.PidOf(a);
  forks.PidOf(b);
  pid_t server = forks.spawner->server_pid();
  forks.driver->pool().Kill(a, SIGKILL, "");
  CHECK(forks.driver->Lost(a).how.starts_with("SIGKILL"));
  CHECK(forks.spawner->server_pid() == server);
  forks.driver->Begin(b);
  CHECK(forks.driver->Finish(b).outcome == Outcome::kDone);
  CHECK(forks.PidOf(forks.Spawn()) > 0);
  CHECK(forks.spawner->server_pid() == server);
  CHECK(forks.notices.size() == (kCanFork ? 0 : 1));
}

TEST_CASE(
    "forked workers have three pipes of their own and nothing else; the server none of them") {
  if (!kCanFork) return;
  Fd careless(open("/dev/zero", O_RDONLY));  // not close-on-exec
  REQUIRE(careless);
  Forks forks;
  std::set<std::string> all;
  std::vector<pid_t> pids;
  for (int i = 0; i < 3; ++i) pids.push_back(forks.PidOf(forks.Spawn()));
  for (pid_t pid : pids) {
    auto descriptors = DescriptorsOf(pid);
    if (descriptors.empty()) {
      MESSAGE("skipped: this user may not look into the worker");
      return;
    }
    CHECK(descriptors[0] == "/dev/null");
    CHECK(descriptors[1] == descriptors[2]);
    std::set<std::string> pipes;
    for (auto [fd, what] : descriptors) {
      CAPTURE(what);
      bool pipe = what.starts_with("pipe:");
      CHECK((pipe || what == "/dev/null" || what.starts_with("anon_inode:") ||
             what.starts_with("socket:")));  // the last two are curl's own wake-ups
      if (pipe) pipes.insert(what);
    }
    CHECK(pipes.size() == 3);
    for (const std::string& pipe : pipes) CHECK(all.insert(pipe).second);
  }
  auto of_server = DescriptorsOf(forks.spawner->server_pid());
  CHECK(of_server.size() == 4);  // 0, 1, 2 and the socket
  for (const auto& [fd, what] : of_server) CHECK_FALSE(all.contains(what));
  std::set<std::string> sockets;
  for (pid_t pid : pids) {
    for (const auto& [fd, what] : DescriptorsOf(pid)) CHECK(what != of_server[3]);
  }
}

TEST_CASE("forked workers have signals, masks and limits as those by exec") {
  Forks forks;
  pid_t forked = forks.PidOf(forks.Spawn());
  WorkerLine line;
  pid_t executed = static_cast<pid_t>(line.Next<Hello>().pid);
  for (const char* name : {"SigIgn", "SigCgt", "SigBlk", "Umask", "NoNewPrivs", "Seccomp"}) {
    CAPTURE(name);
    CHECK(StatusOf(forked, name) == StatusOf(executed, name));
  }
  CHECK(StatusOf(forked, "SigBlk") == "0000000000000000");
  for (pid_t pid : {forked, forks.spawner->server_pid()}) {
    if (pid == 0) continue;
    rlimit cores{1, 1};
    REQUIRE(prlimit(pid, RLIMIT_CORE, nullptr, &cores) == 0);
    CHECK(cores.rlim_cur == 0);
    CHECK(cores.rlim_max == 0);
  }
}

TEST_CASE("keys are neither in the arguments nor in the environment of server and forks") {
  Forks forks;
  pid_t forked = forks.PidOf(forks.Spawn());
  for (pid_t pid : {forked, forks.spawner->server_pid()}) {
    for (const char* file : {"/cmdline", "/environ"}) {
      CHECK(ReadBytes("/proc/" + std::to_string(pid) + file).find(kSecret) == std::string::npos);
    }
  }
}

TEST_CASE("server and forks die with the supervisor, however it dies") {
  if (!kCanFork) return;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Fd pids(ends[0]), tell(ends[1]);
  std::string end = InChild([&] {
    Forks forks;
    pid_t told[3] = {forks.PidOf(forks.Spawn()), forks.PidOf(forks.Spawn()),
                     forks.spawner->server_pid()};
    ssize_t written = write(tell.get(), told, sizeof told);
    (void)written;
    raise(SIGKILL);
    return std::string("lives on");
  });
  CHECK(end == "the process died, status 9");
  pid_t told[3];
  REQUIRE(read(pids.get(), told, sizeof told) == sizeof told);
  for (pid_t pid : told) {
    CAPTURE(pid);
    CHECK(Eventually([pid] { return IsGone(pid); }));
  }
}

TEST_CASE("a dead server is replaced once; then workers come by exec, and that is told once") {
  if (!kCanFork) return;
  Forks forks;
  forks.PidOf(forks.Spawn());
  pid_t first = forks.spawner->server_pid();
  kill(first, SIGKILL);
  CHECK(forks.driver->Hear<Hello>(forks.Spawn()).warm);
  pid_t second = forks.spawner->server_pid();
  CHECK(second != first);
  CHECK(forks.notices.empty());
  kill(second, SIGKILL);
  for (int i = 0; i < 2; ++i) {
    WorkerId worker = forks.Spawn();
    CHECK_FALSE(forks.driver->Hear<Hello>(worker).warm);
    forks.driver->Begin(worker, StartOf(OneStep(forks.folder)));
    CHECK(forks.driver->Finish(worker).outcome == Outcome::kDone);
  }
  CHECK(forks.spawner->server_pid() == 0);
  CHECK(forks.notices == std::vector<std::string>{"it has ended"});
}

TEST_CASE("a server that stops answering is killed and replaced") {
  if (!kCanFork) return;
  Forks forks;
  forks.PidOf(forks.Spawn());
  pid_t first = forks.spawner->server_pid();
  kill(first, SIGSTOP);
  CHECK(forks.driver->Hear<Hello>(forks.Spawn()).warm);
  CHECK(IsGone(first));
}

TEST_CASE(
    "while a signal to stop is pending, nobody waits long for a server that does not answer") {
  if (!kCanFork) return;
  Forks forks;
  auto took = [&](bool hurried) {
    forks.PidOf(forks.Spawn());
    kill(forks.spawner->server_pid(), SIGSTOP);
    if (hurried) raise(SIGTERM);  // blocked: the pool hears it in its next turn
    auto began = TestClock::now();
    forks.Spawn();
    return TestClock::now() - began;
  };
  auto unhurried = took(false), hurried = took(true);
  CHECK(hurried < unhurried / 2);
  REQUIRE(forks.driver->WaitUntil([&] { return !forks.driver->signals().empty(); }));
  CHECK(forks.driver->signals() == std::vector<int>{SIGTERM});
}

TEST_CASE("a server that cannot make itself heard ends, and is not waited for") {
  if (!kCanFork || !CanTrace()) return;
  TempDir folder;
  std::string wrapper = folder / "worker";
  WriteBytes(
      wrapper,
      "#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 exec strace -qq -f -o /dev/null -e trace=sendto"
      " -e inject=sendto:error=ENOMEM " +
          ProgramPath("muster-worker") + " \"$@\"\n");
  std::filesystem::permissions(wrapper, std::filesystem::perms::owner_all);
  Forks forks(wrapper);
  CHECK_FALSE(forks.driver->Hear<Hello>(forks.Spawn()).warm);
  CHECK(forks.notices == std::vector<std::string>{"it has ended"});
}

TEST_CASE("a program that is no fork server of this build: exec, whose worker is then refused") {
  Forks forks(ProgramPath("bad-worker"));
  WorkerId worker = forks.Spawn();
  CHECK_FALSE(forks.driver->Hear<Hello>(worker).warm);
  CHECK(forks.notices.size() == 1);
}

TEST_CASE("what is prepared before is what the first worker is forked from") {
  Forks forks;
  forks.spawner->Prepare();
  pid_t server = forks.spawner->server_pid();
  REQUIRE(server > 0);
  CHECK(forks.driver->Hear<Hello>(forks.Spawn()).warm == kCanFork);
  if (kCanFork) CHECK(forks.spawner->server_pid() == server);
}

TEST_CASE("a program that is not there is an error of Spawn") {
  ForkSpawner spawner("/nonexistent/muster-worker", Start{});
  auto spawned = spawner.Spawn();
  REQUIRE_FALSE(spawned.ok());
  CHECK(spawned.error() == "cannot start /nonexistent/muster-worker: No such file or directory");
}

TEST_CASE("a config that a worker cannot take is told by the worker, by exec") {
  std::vector<std::string> notices;
  Start start;
  start.config = Json{{"no", "config"}};
  ForkSpawner spawner(ProgramPath("muster-worker"), start,
                      [&](const std::string& why) { notices.push_back(why); });
  auto spawned = spawner.Spawn();
  REQUIRE(spawned.ok());
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].starts_with("config: "));
  CHECK(spawner.server_pid() == 0);
  kill(spawned->pid, SIGKILL);
  waitpid(spawned->pid, nullptr, 0);
}

TEST_CASE("200 forks leave no process and no descriptor behind") {
  size_t before = OurDescriptors();
  pid_t server = 0;
  {
    Forks forks;
    std::vector<WorkerId> workers;
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < 20; ++i) workers.push_back(forks.Spawn());
      for (int i = 0; i < 20; ++i) {
        WorkerId worker = workers[workers.size() - 20 + static_cast<size_t>(i)];
        forks.PidOf(worker);
        if (i % 2) forks.driver->Send(worker, Stop{});
        if (i % 2 == 0) forks.driver->pool().Kill(worker, SIGKILL, "");
      }
      for (int i = 0; i < 20; ++i) {
        forks.driver->Lost(workers[workers.size() - 20 + static_cast<size_t>(i)]);
      }
    }
    CHECK(forks.driver->pool().alive() == 0);
    server = forks.spawner->server_pid();
  }
  CHECK((server == 0 || StateOf(server) == 'X'));
  CHECK(waitpid(-1, nullptr, WNOHANG) < 0);  // no child at all
  CHECK(OurDescriptors() == before);
}

}  // namespace
}  // namespace muster
