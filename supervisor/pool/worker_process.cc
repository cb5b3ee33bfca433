#include "supervisor/pool/worker_process.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace muster {
namespace {

using std::chrono::milliseconds;

// The stop timetable. Retired: input closed now, TERM after 2 s, KILL 2 s later. Killed by another
// signal than KILL: KILL 5 s later, so that ABRT has time to be seen.
constexpr milliseconds kTermAfter{2'000};
constexpr milliseconds kKillAfterTerm{2'000};
constexpr milliseconds kKillAfterSignal{5'000};
constexpr milliseconds kKillAfterClosedOutput{1'000};
// A launcher is never killed at once: it must take back what it started. TERM, and KILL so soon
// that a second Ctrl+C still is over within half a second.
constexpr milliseconds kKillLauncherAfter{300};

constexpr size_t kStderrTail = 4096;
constexpr size_t kReadAtOnce = 4 * 1024 * 1024;  // of one worker in one turn
constexpr size_t kMostUnsent = 4 * kMaxFrame;    // a worker that does not read is killed

// What can be seen when bytes that are no frame come by way of a launcher.
constexpr const char* kWhoPrints =
    "; expected the worker's messages alone: the launcher, and start-up files of the shell there "
    "(.bashrc, .profile), must print to standard error or nothing";

// SIGKILL that is not ours is mostly the kernel's, which ran out of memory.
std::string DescribeEnd(int status, bool ours, int64_t peak_memory_kb) {
  if (WIFSIGNALED(status)) {
    const char* name = sigabbrev_np(WTERMSIG(status));
    std::string text = fmt::format("SIG{}", name ? name : "?");
    if (WTERMSIG(status) != SIGKILL || ours) return text;
    return fmt::format("{}, perhaps out of memory at {} MB", text, peak_memory_kb / 1024);
  }
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

WorkerProcess::~WorkerProcess() {
  if (process_.pid == 0) return;
  if (process_.carried) {  // it takes back what it started, if it is let
    Signal(SIGTERM);
    pollfd end{pidfd(), POLLIN, 0};
    poll(&end, 1, static_cast<int>(kKillLauncherAfter.count()));
  }
  Signal(SIGKILL);
  while (waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void WorkerProcess::Queue(std::string_view json) {
  if (sent_ == unsent_.size()) {
    unsent_.clear();
    sent_ = 0;
  }
  AppendFrame(json, unsent_);
}

bool WorkerProcess::reads_too_little() const { return unsent_.size() - sent_ > kMostUnsent; }

bool WorkerProcess::Flush() {
  while (has_unsent() && process_.input) {
    ssize_t n = write(input(), unsent_.data() + sent_, unsent_.size() - sent_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) sent_ = unsent_.size();  // it is gone; its pidfd will tell
    if (n > 0) sent_ += static_cast<size_t>(n);
  }
  if (!has_unsent() && close_when_sent_) process_.input.Reset();
  return !has_unsent();
}

void WorkerProcess::ReadOutput(Time now, std::vector<PoolEvent>* events) {
  static char chunk[65536];  // one thread, not kept between calls
  for (size_t total = 0; process_.output && total < kReadAtOnce;) {
    ssize_t n = read(output(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return Deafen(now);
    total += static_cast<size_t>(n);
    decoder_.Feed({chunk, static_cast<size_t>(n)});
    for (;;) {
      auto frame = decoder_.Next();
      if (frame && !*frame) break;
      auto message = frame ? DecodeFromWorker(**frame) : Result<FromWorker>(Error{frame.error()});
      if (!message) {
        bool between = process_.carried && !frame;
        Kill(now, SIGKILL, "protocol: " + message.error() + (between ? kWhoPrints : ""));
        return Deafen(now);
      }
      Take(std::move(*message), events);
    }
    if (static_cast<size_t>(n) < sizeof chunk) return;  // that was all there is for now
  }
}

// Its output has ended, or is not to be listened to: it has a moment to end, then it is killed.
void WorkerProcess::Deafen(Time now) {
  process_.output.Reset();
  if (next_step_) return;
  next_step_ = now + kKillAfterClosedOutput;
  next_signal_ = process_.carried ? SIGTERM : SIGKILL;
}

// Keeps what is about the process itself; everything else is for the supervisor.
void WorkerProcess::Take(FromWorker message, std::vector<PoolEvent>* events) {
  if (auto* bye = std::get_if<Bye>(&message)) {
    said_bye_ = true;
    boot_failure_ = bye->boot_failure;
    return;
  }
  events->push_back(WorkerSaid{id_, std::move(message)});
}

void WorkerProcess::ReadErrors() {
  char chunk[4096];
  for (size_t total = 0; process_.errors && total < kReadAtOnce;) {
    ssize_t n = read(errors(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return process_.errors.Reset();
    total += static_cast<size_t>(n);
    stderr_tail_.append(chunk, static_cast<size_t>(n));
    if (stderr_tail_.size() > 2 * kStderrTail) {
      stderr_tail_.erase(0, stderr_tail_.size() - kStderrTail);
    }
  }
}

void WorkerProcess::Retire(Time now) {
  if (next_step_) return;
  close_when_sent_ = true;
  Flush();
  next_step_ = now + kTermAfter;
  next_signal_ = SIGTERM;
}

void WorkerProcess::Kill(Time now, int signal, const std::string& why) {
  if (why_.empty()) why_ = why;
  if (process_.carried && signal == SIGKILL) {
    Signal(SIGTERM);
    next_step_ = std::min(now + kKillLauncherAfter, next_step_.value_or(Time::max()));
  } else {
    Signal(signal);
    next_step_ = now + (signal == SIGKILL ? kKillAfterTerm : kKillAfterSignal);
  }
  next_signal_ = SIGKILL;
}

void WorkerProcess::Step(Time now) {
  if (!next_step_ || *next_step_ > now) return;
  if (why_.empty() && !process_.output) why_ = "killed: it closed its output and lived on";
  Signal(next_signal_);
  next_signal_ = SIGKILL;
  next_step_ = now + kKillAfterTerm;
}

// By pidfd, where that is allowed; by number it is the same process as long as we have not reaped
// it.
void WorkerProcess::Signal(int signal) {
  sent_kill_ = sent_kill_ || signal == SIGKILL;
  if (syscall(SYS_pidfd_send_signal, pidfd(), signal, nullptr, 0) == 0) return;
  if (errno != ESRCH && process_.pid > 0) kill(process_.pid, signal);
}

WorkerLost WorkerProcess::Reap(Time now, std::vector<PoolEvent>* events) {
  int status = 0;
  rusage usage{};
  while (wait4(process_.pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  process_.pid = 0;
  ReadOutput(now, events);
  ReadErrors();
  WorkerLost lost;
  lost.worker = id_;
  bool exited = WIFEXITED(status);
  // A launcher's exit code may be its own.
  lost.boot_failure =
      !boot_failure_.empty() || (exited && WEXITSTATUS(status) == kWorkerBootFailure);
  lost.said_bye = said_bye_ && !lost.boot_failure && exited && WEXITSTATUS(status) == 0;
  lost.how = why_.empty() ? DescribeEnd(status, sent_kill_, usage.ru_maxrss) : why_;
  if (!boot_failure_.empty()) lost.how = boot_failure_;
  if (stderr_tail_.size() > kStderrTail) stderr_tail_.erase(0, stderr_tail_.size() - kStderrTail);
  lost.stderr_tail = std::move(stderr_tail_);
  lost.peak_memory_kb = usage.ru_maxrss;
  return lost;
}

}  // namespace muster
