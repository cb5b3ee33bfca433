// Which descriptors a worker has, and which it must not have.

#include <doctest/doctest.h>
#include <fcntl.h>

#include <map>
#include <set>

#include "common/fd.h"
#include "tests/config_testing.h"
#include "tests/process_testing.h"

namespace muster {
namespace {

std::set<std::string> PipesOf(const std::map<int, std::string>& descriptors) {
  std::set<std::string> pipes;
  for (const auto& [fd, what] : descriptors) {
    if (what.starts_with("pipe:")) pipes.insert(what);
  }
  return pipes;
}

TEST_CASE("a new process has three pipes of its own and nothing else of ours") {
  Fd careless(open("/dev/zero", O_RDONLY));  // not close-on-exec
  REQUIRE(careless);
  PoolDriver driver;
  std::set<std::string> all;
  for (int i = 0; i < 3; ++i) {
    auto descriptors = DescriptorsOf(driver.PidOf(driver.Spawn(BadWorker())));
    REQUIRE(descriptors.size() == 3);
    CHECK(descriptors.count(0) + descriptors.count(1) + descriptors.count(2) == 3);
    for (const std::string& pipe : PipesOf(descriptors)) CHECK(all.insert(pipe).second);
  }
  CHECK(all.size() == 9);
}

TEST_CASE("muster-worker moves its protocol where nothing prints, and shares no pipe") {
  PoolDriver driver;
  std::set<std::string> all;
  for (int i = 0; i < 3; ++i) {
    auto descriptors = DescriptorsOf(driver.PidOf(driver.Spawn(RealWorker())));
    if (descriptors.empty()) {
      MESSAGE("skipped: this user may not look into the worker");
      return;
    }
    CHECK(descriptors[0] == "/dev/null");
    CHECK(descriptors[1] == descriptors[2]);
    CHECK(descriptors[1].starts_with("pipe:"));
    for (auto [fd, what] : descriptors) {
      CAPTURE(fd);
      CAPTURE(what);
      CHECK((what.starts_with("pipe:") || what == "/dev/null" || what.starts_with("anon_inode:") ||
             what.starts_with("socket:")));  // the last two are curl's own wake-ups
    }
    auto pipes = PipesOf(descriptors);
    CHECK(pipes.size() == 3);
    for (const std::string& pipe : pipes) CHECK(all.insert(pipe).second);
  }
}

TEST_CASE("what a library prints to standard output does no harm to the protocol") {
  ConfigFolder folder;
  auto config = folder.Load(kLeastConfig);
  REQUIRE(config.ok());
  PoolDriver driver;
  WorkerId worker = driver.Spawn(RealWorker());
  std::string stdout_of = "/proc/" + std::to_string(driver.PidOf(worker)) + "/fd/1";
  Fd printed(open(stdout_of.c_str(), O_WRONLY | O_CLOEXEC));
  if (!printed) {
    MESSAGE("skipped: this user may not look into the worker");
    return;
  }
  std::string line = "a library says hello\n";
  REQUIRE(write(printed.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  Start start;
  start.config = ConfigToJson(*config);
  driver.Begin(worker, start);
  CHECK(driver.Finish(worker).outcome == Outcome::kDone);
  driver.Send(worker, Stop{});
  WorkerLost lost = driver.Lost(worker);
  CHECK(lost.said_bye);
  CHECK(lost.stderr_tail == line);
}

TEST_CASE("workers that come and go leave no descriptor behind") {
  PoolDriver driver;
  driver.Lost(driver.Spawn(BadWorker({"--misbehave=kill9@hello"})));
  size_t before = DescriptorsOf(getpid()).size();
  for (int i = 0; i < 5; ++i) {
    driver.Lost(driver.Spawn(BadWorker({"--misbehave=kill9@hello"})));
    CHECK_FALSE(driver.TrySpawn({"/nowhere/to/be/found"}));
  }
  CHECK(DescriptorsOf(getpid()).size() == before);
}

}  // namespace
}  // namespace muster
