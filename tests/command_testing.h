#pragma once

// What the tests of child processes share.

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "common/fd.h"
#include "tests/files.h"
#include "worker/command/command.h"
#include "worker/command/leftovers.h"

namespace muster {

// This process adopts orphans while one of these lives.
struct Adopting {
  Adopting() { AdoptOrphans(); }
  ~Adopting() { prctl(PR_SET_CHILD_SUBREAPER, 0); }
  Adopting(const Adopting&) = delete;
};

// One turn as a worker's loop takes it.
inline void TurnOf(CommandRunner& runner) {
  auto wait = runner.UntilNextDeadline(std::chrono::milliseconds(1'000));
  std::vector<pollfd> polls;
  for (int fd : runner.fds()) polls.push_back({fd, POLLIN, 0});
  poll(polls.data(), polls.size(), static_cast<int>(wait.count()));
  runner.Perform();
}

inline CommandRequest CommandOf(std::vector<std::string> argv) {
  CommandRequest request;
  request.argv = std::move(argv);
  request.folder = "/";
  request.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  request.total_limit = std::chrono::milliseconds(60'000);
  return request;
}

inline CommandRequest ShellCommand(const std::string& script) {
  return CommandOf({"sh", "-c", script});
}

inline CommandOutcome RunToEnd(CommandRunner& runner, CommandRequest request) {
  std::optional<CommandOutcome> outcome;
  runner.Start(std::move(request), [&](CommandOutcome ended) { outcome = std::move(ended); });
  CHECK_FALSE(outcome);
  while (!outcome) TurnOf(runner);
  CHECK(runner.running() == 0);
  CHECK(runner.fds().empty());
  return *outcome;
}

inline CommandOutcome RunToEnd(CommandRequest request) {
  CommandRunner runner;
  return RunToEnd(runner, std::move(request));
}

// Whether a process of that number exists and is no zombie.
inline bool Lives(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/stat";
  auto text = ReadFile(path, 4096);
  if (!text) return false;
  size_t name_end = text->rfind(')');
  return name_end != text->npos && (*text)[name_end + 2] != 'Z';
}

// Whether it is gone before long.
inline bool Vanishes(pid_t pid) {
  for (int i = 0; i < 2'000 && Lives(pid); ++i) usleep(5'000);
  return !Lives(pid);
}

}  // namespace muster
