#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "common/result.h"
#include "worker/command/child.h"
#include "worker/command/command.h"
#include "worker/command/ends.h"

namespace muster {

// What of a process can be ready; with its number this is the data of its epoll events.
enum class Channel : uint64_t { kDeath, kInput, kOutput, kErrors };
inline constexpr uint64_t kChannels = 4;

// Whether a child of ours has ended and only waits to be waited for.
bool IsDead(pid_t pid);

// One program under way, passive: it never waits by itself. It lives until it has been buried: its
// death seen by pidfd, its pipes drained, its group killed. Destroying it kills and reaps it.
class CommandProcess {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // How long is waited for killed processes to be gone. One that the kernel cannot end (a dead
  // network file system) is left to itself then.
  static constexpr std::chrono::milliseconds kPatience{1'000};

  // Its descriptors are added to `epoll`, which must outlive it.
  static Result<std::unique_ptr<CommandProcess>> Start(int64_t number, CommandRequest request,
                                                       int epoll, CommandRunner::Callback done);
  CommandProcess(const CommandProcess&) = delete;
  ~CommandProcess();

  pid_t pid() const { return child_.pid; }
  int64_t number() const { return number_; }
  bool dead() const { return dead_; }

  void Ready(Channel channel, Time now);
  // Kills it when a limit is over: TERM, two seconds, KILL.
  void KeepLimits(Time now);
  void Kill();    // it and its group, at once
  void Forget();  // nobody wants its outcome any more

  // When something is to be done that no event tells.
  Time next() const;

  // Of a dead one. Close: the end of its pipes and of its group. BuryLeftover: kills a process it
  // left behind; true when that is gone. Report: calls back.
  void Close();
  bool BuryLeftover(pid_t pid);
  Time patience_ends() const { return patience_ends_; }
  void LookAgainAt(Time time) { look_again_ = time; }
  void Report();

 private:
  CommandProcess(int64_t number, int epoll) : number_(number), epoll_(epoll) {}

  void Watch(const Fd& fd, Channel channel, uint32_t events);
  void StopWatching(Fd& fd);
  void Write();
  void Read(Fd& fd, Time now);
  void TakeOutput(std::string_view bytes);
  void NoteDeath(Time now);
  void Stop(CommandEnd why, Time now);
  void Reap();

  int64_t number_;
  int epoll_;
  CommandRequest request_;
  CommandRunner::Callback done_;  // empty: nobody waits
  CommandChild child_;
  CommandOutcome outcome_;
  Ends errors_;
  size_t written_ = 0;  // of the request's stdin_text
  bool dead_ = false;
  bool reaped_ = false;
  Time started_, last_output_;
  std::optional<Time> kill_at_;      // after TERM
  Time look_again_, patience_ends_;  // once dead
  std::set<pid_t> leftovers_;
};

}  // namespace muster
