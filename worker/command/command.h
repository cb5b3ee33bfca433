#pragma once

// Child processes for the worker's one loop: programs that are given their input, watched, and
// ended together with whatever they started. Nothing here blocks, and there are no threads.
//
// What ends with a program: its process group; and, where the worker adopts orphans (AdoptOrphans),
// every process that it left behind. When the worker itself is killed by SIGKILL, the kernel kills
// the program at once, and a keeper (keeper.h) what the program has started, but for what has wiped
// its environment.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster {

// A program to run. It gets a session of its own without a terminal, umask 077, its input on a
// pipe, and no other descriptor than 0, 1 and 2.
struct CommandRequest {
  std::vector<std::string> argv;  // argv[0] without a slash is looked for in environment's PATH
  std::string stdin_text;
  std::string folder;                    // where it runs; must exist
  std::vector<std::string> environment;  // all of it: "NAME=value"
  std::chrono::milliseconds total_limit{600'000};
  std::optional<std::chrono::milliseconds> silence_limit;  // without a byte of output
  size_t max_output = 12 * 1024 * 1024;                    // bytes of stdout; more is a failure
  // Let go of when the program and all that it started are gone: a temporary folder, say.
  std::shared_ptr<void> holds;
};

// Why a command did not end by itself.
enum class CommandEnd {
  kExited,    // it did: exit_code or signal
  kNotFound,  // no such program
  kNoStart,   // it could not be started: `why`
  kTimedOut,  // killed: over total_limit
  kSilent,    // killed: over silence_limit
  kTooLarge,  // killed: more than max_output
};

struct CommandOutcome {
  CommandEnd end = CommandEnd::kExited;
  std::string why;       // of kNotFound and kNoStart: "No such file or directory"
  int exit_code = 0;     // when no signal ended it
  int signal = 0;        // that ended it, ours included; 0: none
  std::string output;    // its stdout, max_output bytes at most
  std::string errors;    // its stderr; of a long one its two ends
  size_t left_over = 0;  // processes that it left behind and that were killed
  int64_t total_ms = 0;  // from Start() to its death
};

// The processes that are under way. Single-threaded; callbacks run inside Perform(). Destroying it
// kills them all and waits for their deaths.
class CommandRunner {
 public:
  CommandRunner();
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;

  using Callback = std::function<void(CommandOutcome)>;

  // Starts a program; `done` is called once, never from inside Start itself. Returns a number to
  // Abort() with.
  int64_t Start(CommandRequest request, Callback done);
  // Kills a program and what it started at once; its callback is not called.
  void Abort(int64_t number);
  // Sends SIGKILL to all of them and returns: for a process that is about to end itself.
  void KillAll();
  size_t running() const;  // also those that are only being buried

  // Poll these for reading, no longer than UntilNextDeadline(), then Perform().
  std::vector<int> fds() const;
  void Perform();
  // `timeout`, less where something must be done before; at least 0.
  std::chrono::milliseconds UntilNextDeadline(std::chrono::milliseconds timeout) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
