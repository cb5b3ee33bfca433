#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/fd.h"
#include "common/result.h"

namespace muster::torture {

using Clock = std::chrono::steady_clock;

// A program that was started and is being listened to: its output and errors are read as they come.
// The object owns the process; destroying it kills and reaps. One that is killed otherwise is
// reaped by PumpUntil.
class Child {
 public:
  struct Command {
    std::vector<std::string> argv;
    std::map<std::string, std::string> environment;  // added to this process's own
    std::string log = {};                            // what it says is appended there; empty: not
    std::function<void()> before_exec = {};          // in the child: only system calls
  };

  // How it ended: an exit code, or a signal.
  struct Ending {
    std::optional<int> exit_code;
    int signal = 0;
    std::string Text() const;
  };

  static Result<std::unique_ptr<Child>> Start(const Command& command);
  Child(const Child&) = delete;
  ~Child();

  // Listens until `until`, or until the process has ended and all it said is read. True: it ended.
  bool PumpUntil(Clock::time_point until);
  bool ended() const { return ending_.has_value(); }
  const Ending& ending() const { return *ending_; }

  // By pidfd, so never another process.
  void Signal(int signal);

  pid_t pid() const { return pid_; }
  Clock::time_point started() const { return started_; }
  const std::string& output() const { return output_; }  // so far
  const std::string& errors() const { return errors_; }

  // While it is listened to, `on_ready` is called whenever this descriptor can be read.
  void AlsoWatch(int fd, std::function<void()> on_ready);

  // Called with every whole line of its output.
  std::function<void(const std::string& line)> on_line;

 private:
  Child() = default;
  void Drain(Fd& from, std::string& to);
  void TakeLines();
  void Reap();

  pid_t pid_ = 0;
  Fd pidfd_, out_, err_, log_;
  Clock::time_point started_;
  std::string output_, errors_;
  int also_ = -1;
  std::function<void()> on_also_;
  size_t lines_end_ = 0;  // how much of output_ was given to on_line
  std::optional<Ending> ending_;
};

// Runs a command to its end; an error when it takes longer than `limit`.
Result<std::unique_ptr<Child>> RunToEnd(const Child::Command& command,
                                        std::chrono::milliseconds limit);

}  // namespace muster::torture
