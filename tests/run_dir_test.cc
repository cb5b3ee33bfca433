#include "supervisor/run_dir.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "tests/config_testing.h"

namespace muster {
namespace {

// Runs `body` in a child process; its exit code, or minus its signal.
int InChild(const std::function<int()>& body) {
  pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool Taken(const std::variant<RunDir, RunDir::Problem>& result) {
  return std::holds_alternative<RunDir>(result);
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

TEST_CASE("run dir: is made with its parents, for its owner alone") {
  ConfigFolder folder;
  auto taken = RunDir::Take(folder / "runs/deep/one", false);
  REQUIRE(Taken(taken));
  CHECK(ModeOf(folder / "runs/deep/one") == 0700);
  CHECK(ModeOf(folder / "runs/deep/one/lock") == 0600);
  CHECK(std::get<RunDir>(taken).ledger() == folder / "runs/deep/one/ledger.sqlite");
  CHECK(std::get<RunDir>(taken).set_aside().empty());
}

TEST_CASE("run dir: a second process is told who has it, and changes nothing") {
  ConfigFolder folder;
  folder.Write("run/ledger.sqlite", "books");
  auto taken = RunDir::Take(folder / "run", false);
  REQUIRE(Taken(taken));
  pid_t owner = getpid();
  for (bool fresh : {false, true}) {
    CHECK(InChild([&] {
            auto second = RunDir::Take(folder / "run", fresh);
            auto* problem = std::get_if<RunDir::Problem>(&second);
            if (!problem) return 1;
            if (!problem->in_use) return 2;
            return problem->message.ends_with(fmt::format("process {}", owner)) ? 0 : 3;
          }) == 0);
  }
  CHECK(InChild([&] { return OwnerOf(folder / "run") == owner ? 0 : 1; }) == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "run.1"));
  CHECK(std::filesystem::exists(folder / "run/ledger.sqlite"));
}

TEST_CASE("run dir: of many that start at once exactly one gets it") {
  ConfigFolder folder;
  constexpr int kStarts = 30;
  int gate[2], held[2];
  REQUIRE(pipe(gate) == 0);
  REQUIRE(pipe(held) == 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kStarts; ++i) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    char byte;
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 0) _exit(9);  // until the gate opens
    auto taken = RunDir::Take(folder / "run", false);
    char outcome = Taken(taken) ? 'y' : std::get<RunDir::Problem>(taken).in_use ? 'n' : '?';
    if (write(held[1], &outcome, 1) != 1) _exit(8);
    for (;;) pause();  // with the lock, until killed
  }
  close(gate[0]);
  close(gate[1]);
  std::string outcomes;
  for (char outcome; outcomes.size() < kStarts && read(held[0], &outcome, 1) == 1;) {
    outcomes += outcome;
  }
  CHECK(std::count(outcomes.begin(), outcomes.end(), 'y') == 1);
  CHECK(std::count(outcomes.begin(), outcomes.end(), 'n') == kStarts - 1);
  int64_t owner = OwnerOf(folder / "run");
  CHECK(std::find(children.begin(), children.end(), owner) != children.end());
  for (pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  close(held[0]);
  close(held[1]);
  CHECK(OwnerOf(folder / "run") == 0);  // gone with its owner, however that ended
  CHECK(Taken(RunDir::Take(folder / "run", false)));
}

TEST_CASE("run dir: children of its owner do not have the lock") {
  ConfigFolder folder;
  std::optional<RunDir> owner(std::get<RunDir>(RunDir::Take(folder / "run", false)));
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  pid_t child = fork();
  if (child == 0) {
    close(ready[1]);
    char byte;
    (void)!read(ready[0], &byte, 1);  // until the test is over
    _exit(0);
  }
  close(ready[0]);
  owner.reset();
  CHECK(InChild([&] { return Taken(RunDir::Take(folder / "run", false)) ? 0 : 1; }) == 0);
  close(ready[1]);
  waitpid(child, nullptr, 0);
}

TEST_CASE("run dir: fresh sets an older run aside, whole, under the first free name") {
  ConfigFolder folder;
  for (int n = 1; n <= 3; ++n) {
    folder.Write("run/ledger.sqlite", fmt::format("books {}", n));
    auto taken = RunDir::Take(folder / "run", true);
    REQUIRE(Taken(taken));
    CHECK(std::get<RunDir>(taken).set_aside() == folder / fmt::format("run.{}", n));
    CHECK_FALSE(std::filesystem::exists(folder / "run/ledger.sqlite"));
    CHECK(OwnerOf(folder / fmt::format("run.{}", n)) == 0);
    CHECK(InChild([&] { return OwnerOf(folder / "run") != 0 ? 0 : 1; }) == 0);
  }
  std::ifstream file(folder / "run.2/ledger.sqlite");
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "books 2");
}

TEST_CASE("run dir: without an older run, fresh sets nothing aside") {
  ConfigFolder folder;
  auto taken = RunDir::Take(folder / "run", true);
  REQUIRE(Taken(taken));
  CHECK(std::get<RunDir>(taken).set_aside().empty());
  CHECK_FALSE(std::filesystem::exists(folder / "run.1"));
}

TEST_CASE(
    "run dir: what cannot be used is said, with the reason, and is not taken for a run in use") {
  ConfigFolder folder;
  folder.Write("file", "no folder");
  folder.Write("elsewhere", "");
  std::filesystem::create_directory(folder / "planted");
  std::filesystem::create_symlink(folder / "elsewhere", folder / "planted/lock");
  for (const char* name : {"file", "file/below", "planted"}) {
    CAPTURE(name);
    auto taken = RunDir::Take(folder / name, false);
    auto* problem = std::get_if<RunDir::Problem>(&taken);
    REQUIRE(problem);
    CHECK_FALSE(problem->in_use);
    CHECK(problem->message.find(folder / name) != std::string::npos);
  }
}

TEST_CASE("run dir: nobody owns a directory that is not there") {
  ConfigFolder folder;
  CHECK(OwnerOf(folder / "nothing") == 0);
}

}  // namespace
}  // namespace muster
