#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "common/protocol.h"
#include "common/result.h"
#include "supervisor/pool/spawner.h"

namespace muster {

// Our side of a fork server (worker/fork_server.h has its side): a child of ours that makes further
// children of ours. Every call waits, but never without a bound, and not long while a signal to
// stop is pending. After an error the server is of no more use and is to be destroyed, which kills
// it and waits for it.
class ForkServer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Starts `command` and tells it `start`; it makes itself ready while we go on.
  static Result<ForkServer> Begin(const std::vector<std::string>& command, const Start& start);
  ForkServer(ForkServer&&) = default;
  ~ForkServer();

  // Waits until it is ready. The error is why it is not, in its own words where it has said any.
  Result<void> AwaitReady();

  // Makes a process of these descriptors; the first one waits until it is ready.
  Result<NewProcess> Fork(StandardFds fds);

  pid_t pid() const { return process_.pid; }

 private:
  ForkServer(NewProcess process, Fd socket, Fd errors)
      : process_(std::move(process)), socket_(std::move(socket)), errors_(std::move(errors)) {}

  Result<void> Tell(const Start& start);
  Result<void> Send(std::string_view bytes, Time until);
  Result<void> SendRequest(StandardFds fds, Time until);
  Result<size_t> Receive(char* to, size_t most, Time until);
  Result<void> WaitFor(short events, Time until) const;
  std::string LastWords() const;

  NewProcess process_;
  Fd socket_;
  Fd errors_;  // its stderr
  bool ready_ = false;
};

}  // namespace muster
