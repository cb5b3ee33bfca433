// Child processes: what they are given, what is taken from them, and that nothing of them is left.

#include "worker/command/command.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>

#include "tests/command_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

pid_t PidIn(const std::string& path) {
  std::ifstream file(path);
  pid_t pid = 0;
  file >> pid;
  return pid;
}

// The pid that a script writes there, once it has.
pid_t AwaitPid(CommandRunner& runner, const std::string& path) {
  for (int i = 0; i < 2'000 && PidIn(path) == 0; ++i) {
    runner.Perform();
    usleep(5'000);
  }
  return PidIn(path);
}

TEST_CASE("a command's input reaches it and its output comes back whole") {
  CommandRequest request = CommandOf({"cat"});
  request.stdin_text = std::string("one\ntwo\0three\0", 15);
  CommandOutcome outcome = RunToEnd(request);
  CHECK(outcome.end == CommandEnd::kExited);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.signal == 0);
  CHECK(outcome.output == request.stdin_text);
  CHECK(outcome.errors.empty());
}

TEST_CASE("ten megabytes go in while ten come out") {
  CommandRequest request = CommandOf({"cat"});
  request.stdin_text.resize(10'000'000);
  for (size_t i = 0; i < request.stdin_text.size(); ++i) {
    request.stdin_text[i] = static_cast<char>(i * 31 % 251);
  }
  CommandOutcome outcome = RunToEnd(request);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == request.stdin_text);
}

TEST_CASE("a command that does not read its input has not failed") {
  CommandRequest request = ShellCommand("echo done");
  request.stdin_text.assign(1'000'000, 'x');
  CommandOutcome outcome = RunToEnd(request);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "done\n");
}

TEST_CASE("a command without input reads the end of it") {
  CHECK(RunToEnd(ShellCommand("cat; echo end")).output == "end\n");
}

TEST_CASE("exit codes and signals are told apart") {
  struct Row {
    const char* script;
    int exit_code, signal;
  };
  for (const Row& row : {Row{"exit 0", 0, 0}, Row{"exit 7", 7, 0}, Row{"exit 127", 127, 0},
                         Row{"kill -9 $$", 0, SIGKILL}, Row{"kill -SEGV $$", 0, SIGSEGV}}) {
    CAPTURE(row.script);
    CommandOutcome outcome = RunToEnd(ShellCommand(row.script));
    CHECK(outcome.end == CommandEnd::kExited);
    CHECK(outcome.exit_code == row.exit_code);
    CHECK(outcome.signal == row.signal);
  }
}

TEST_CASE("what cannot be started says why") {
  TempDir folder;
  std::string file = folder / "plain";
  std::ofstream(file) << "no program";
  SUBCASE("not on the path") {
    CommandOutcome outcome = RunToEnd(CommandOf({"no-such-program-at-all"}));
    CHECK(outcome.end == CommandEnd::kNotFound);
    CHECK(outcome.why == "No such file or directory");
  }
  SUBCASE("no such path") {
    CHECK(RunToEnd(CommandOf({folder / "none"})).end == CommandEnd::kNotFound);
  }
  SUBCASE("not executable") {
    CommandOutcome outcome = RunToEnd(CommandOf({file}));
    CHECK(outcome.end == CommandEnd::kNoStart);
    CHECK(outcome.why == "Permission denied");
  }
  SUBCASE("no program") {
    REQUIRE(chmod(file.c_str(), 0700) == 0);
    CommandOutcome outcome = RunToEnd(CommandOf({file}));
    CHECK(outcome.end == CommandEnd::kNoStart);
    CHECK(outcome.why == "Exec format error");
  }
  SUBCASE("no such folder") {
    CommandRequest request = CommandOf({"true"});
    request.folder = folder / "none";
    CommandOutcome outcome = RunToEnd(request);
    CHECK(outcome.end == CommandEnd::kNoStart);
    CHECK(outcome.why == request.folder + ": No such file or directory");
  }
}

TEST_CASE("a program is looked for in its own PATH, never in the working folder") {
  TempDir folder;
  std::string program = folder / "own-program";
  std::ofstream(program) << "#!/bin/sh\necho mine\n";
  REQUIRE(chmod(program.c_str(), 0700) == 0);
  CommandRequest request = CommandOf({"own-program"});
  request.folder = folder.path();
  request.environment = {"PATH=:.:/nowhere"};
  CHECK(RunToEnd(request).end == CommandEnd::kNotFound);
  request.environment = {"PATH=/nowhere:" + folder.path()};
  CHECK(RunToEnd(request).output == "mine\n");
}

TEST_CASE("a command inherits no descriptor but its three") {
  Fd leak(open("/dev/null", O_RDONLY));  // without close-on-exec, as a careless library opens
  REQUIRE(leak);
  CommandOutcome outcome = RunToEnd(ShellCommand("ls /proc/self/fd"));
  // ls has its own folder open while it lists.
  CHECK(outcome.output == "0\n1\n2\n3\n");
  CHECK(RunToEnd(ShellCommand("readlink /proc/self/fd/3")).exit_code != 0);
}

TEST_CASE("a command has the environment and folder it was given, and nothing of ours") {
  TempDir folder;
  setenv("MUSTER_TEST_SECRET", "canary", 1);
  CommandRequest request = ShellCommand("pwd; umask; env");
  request.folder = folder.path();
  request.environment.push_back("GIVEN=yes");
  std::string output = RunToEnd(request).output;
  unsetenv("MUSTER_TEST_SECRET");
  CHECK(output.starts_with(std::filesystem::canonical(folder.path()).string() + "\n0077\n"));
  CHECK(output.find("GIVEN=yes\n") != output.npos);
  CHECK(output.find("canary") == output.npos);
}

TEST_CASE("a command has a session without a terminal and the usual signals") {
  CommandOutcome outcome =
      RunToEnd(ShellCommand("(: </dev/tty) 2>/dev/null && echo terminal; "
                            "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leader; "
                            "exec grep -E 'SigBlk|SigIgn' /proc/self/status"));
  // Of the program itself: a shell blocks signals for a moment while it starts another.
  CHECK(outcome.output == "leader\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a flood ends the command and takes no memory") {
  CommandRequest request = ShellCommand("yes | head -c 10000000000");
  request.max_output = 1'000'000;
  CommandOutcome outcome = RunToEnd(request);
  CHECK(outcome.end == CommandEnd::kTooLarge);
  CHECK(outcome.output.size() == 1'000'000);
  CHECK(outcome.signal == SIGKILL);
}

TEST_CASE("an output of just the size allowed is whole") {
  CommandRequest request = ShellCommand("yes | head -c 100000");
  request.max_output = 100'000;
  CommandOutcome outcome = RunToEnd(request);
  CHECK(outcome.end == CommandEnd::kExited);
  CHECK(outcome.output.size() == 100'000);
}

TEST_CASE("of a long stderr the two ends are kept") {
  CommandOutcome outcome =
      RunToEnd(ShellCommand("(echo first; yes | head -c 30000000; echo last) >&2"));
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.errors.starts_with("first\ny\n"));
  CHECK(outcome.errors.ends_with("y\nlast\n"));
  CHECK(outcome.errors.size() < 140'000);
  CHECK(outcome.errors.find("bytes left out") != outcome.errors.npos);
}

TEST_CASE("a command over its time is asked to end, then killed") {
  CommandRequest asked = ShellCommand("trap 'echo bye; exit 3' TERM; echo up; sleep 600 & wait");
  asked.total_limit = milliseconds(300);
  CommandOutcome outcome = RunToEnd(asked);
  CHECK(outcome.end == CommandEnd::kTimedOut);
  CHECK(outcome.output == "up\nbye\n");
  CHECK(outcome.exit_code == 3);
  CommandRequest deaf = ShellCommand("trap '' TERM; echo up; sleep 600");
  deaf.total_limit = milliseconds(300);
  outcome = RunToEnd(deaf);
  CHECK(outcome.end == CommandEnd::kTimedOut);
  CHECK(outcome.output == "up\n");
  CHECK(outcome.signal == SIGKILL);
  CHECK(outcome.total_ms >= 2'300);
}

TEST_CASE("silence is counted from the last byte") {
  CommandRequest request = ShellCommand("for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done");
  request.silence_limit = milliseconds(1'000);
  CHECK(RunToEnd(request).end == CommandEnd::kExited);
  request = ShellCommand("echo once; exec sleep 600");
  request.silence_limit = milliseconds(300);
  CommandOutcome outcome = RunToEnd(request);
  CHECK(outcome.end == CommandEnd::kSilent);
  CHECK(outcome.output == "once\n");
}

TEST_CASE("a grandchild that holds the pipe does not hold the call, and is killed") {
  Adopting adopting;
  TempDir folder;
  std::string file = folder / "pid";
  CommandOutcome outcome = RunToEnd(ShellCommand("sleep 600 & echo $! > " + file + "; echo ok"));
  CHECK(outcome.output == "ok\n");
  CHECK(outcome.total_ms < 60'000);
  CHECK(Vanishes(PidIn(file)));
  CHECK(outcome.left_over >= 1);
}

TEST_CASE("a daemon that left the session is found and killed") {
  Adopting adopting;
  TempDir folder;
  std::string file = folder / "pid";
  CommandOutcome outcome = RunToEnd(ShellCommand(
      "setsid sh -c 'setsid sleep 600 >/dev/null 2>&1 & echo $! > " + file + "' ; echo ok"));
  CHECK(outcome.output == "ok\n");
  REQUIRE(PidIn(file) > 0);
  CHECK_FALSE(Lives(PidIn(file)));
  CHECK(outcome.left_over >= 1);
  CHECK(OurChildren().count(PidIn(file)) == 0);  // and waited for
}

TEST_CASE("the daemon of one command does not die with another") {
  Adopting adopting;
  TempDir folder;
  std::string file = folder / "pid";
  CommandRunner runner;
  bool done = false;
  int64_t first = runner.Start(
      ShellCommand("setsid sh -c 'setsid sleep 600 & echo $! > " + file + "'; sleep 600"),
      [](CommandOutcome) { FAIL("an aborted command must not call back"); });
  pid_t daemon = AwaitPid(runner, file);
  REQUIRE(daemon > 0);
  runner.Start(ShellCommand("exit 0"), [&](CommandOutcome) { done = true; });
  while (!done) TurnOf(runner);
  CHECK(Lives(daemon));
  runner.Abort(first);
  while (runner.running() > 0) TurnOf(runner);
  CHECK_FALSE(Lives(daemon));
}

TEST_CASE("children that are not the runner's stay alone") {
  Adopting adopting;
  pid_t other = fork();
  if (other == 0) {
    pause();
    _exit(0);
  }
  CHECK(RunToEnd(ShellCommand("exit 0")).left_over == 0);
  CHECK(Lives(other));
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
}

TEST_CASE("an aborted command is gone with what it started, and its folder is let go of then") {
  Adopting adopting;
  TempDir folder;
  std::string file = folder / "pid";
  auto held = std::make_shared<int>(1);
  CommandRunner runner;
  CommandRequest request = ShellCommand("trap '' TERM; sleep 600 & echo $! > " + file + "; wait");
  request.holds = held;
  int64_t number = runner.Start(request, [](CommandOutcome) { FAIL("called back"); });
  request.holds.reset();
  pid_t grandchild = AwaitPid(runner, file);
  REQUIRE(grandchild > 0);
  runner.Abort(number);
  CHECK(held.use_count() == 2);
  while (runner.running() > 0) TurnOf(runner);
  CHECK(held.use_count() == 1);
  CHECK_FALSE(Lives(grandchild));
}

TEST_CASE("many commands side by side each get their own") {
  CommandRunner runner;
  std::vector<std::string> outputs(20);
  int left = 20;
  for (size_t i = 0; i < outputs.size(); ++i) {
    CommandRequest request = CommandOf({"cat"});
    request.stdin_text = std::string(100'000, static_cast<char>('a' + i));
    runner.Start(request, [&, i](CommandOutcome outcome) {
      outputs[i] = outcome.output;
      --left;
    });
  }
  while (left > 0) TurnOf(runner);
  for (size_t i = 0; i < outputs.size(); ++i) {
    CHECK(outputs[i] == std::string(100'000, static_cast<char>('a' + i)));
  }
}

TEST_CASE("a callback may start and abort others") {
  CommandRunner runner;
  bool second_done = false;
  int64_t third = 0;
  runner.Start(ShellCommand("exit 0"), [&](CommandOutcome) {
    runner.Abort(third);
    runner.Start(ShellCommand("exit 0"), [&](CommandOutcome) { second_done = true; });
  });
  third = runner.Start(ShellCommand("exec sleep 600"), [](CommandOutcome) { FAIL("aborted"); });
  while (!second_done || runner.running() > 0) TurnOf(runner);
  CHECK(runner.running() == 0);
}

TEST_CASE("a runner that is destroyed leaves nothing") {
  Adopting adopting;
  TempDir folder;
  std::string file = folder / "pid";
  pid_t grandchild = 0;
  {
    CommandRunner runner;
    runner.Start(ShellCommand("sleep 600 & echo $! > " + file + "; sleep 600"),
                 [](CommandOutcome) { FAIL("called back"); });
    grandchild = AwaitPid(runner, file);
    REQUIRE(grandchild > 0);
  }
  CHECK_FALSE(Lives(grandchild));
}

TEST_CASE("commands die with a worker that is killed") {
  TempDir folder;
  std::string file = folder / "pid";
  pid_t worker = fork();
  if (worker == 0) {
    CommandRunner runner;
    runner.Start(ShellCommand("echo $$ > " + file + "; exec sleep 600"), [](CommandOutcome) {});
    for (;;) TurnOf(runner);
  }
  pid_t command = 0;
  for (int i = 0; i < 2'000 && (command = PidIn(file)) == 0; ++i) usleep(5'000);
  REQUIRE(command > 0);
  kill(worker, SIGKILL);
  waitpid(worker, nullptr, 0);
  CHECK(Vanishes(command));
}

}  // namespace
}  // namespace muster
