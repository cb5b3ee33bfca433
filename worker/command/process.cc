#include "worker/command/process.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "worker/command/leftovers.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kKillAfterTerm{2'000};
constexpr milliseconds kDrain{100};          // for what a dead program's pipes still hold
constexpr size_t kReadAtOnce = 1024 * 1024;  // of one pipe in one turn

}  // namespace

bool IsDead(pid_t pid) {
  siginfo_t info{};
  int waited = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return waited == 0 && info.si_pid == pid;
}

Result<std::unique_ptr<CommandProcess>> CommandProcess::Start(int64_t number,
                                                              CommandRequest request, int epoll,
                                                              CommandRunner::Callback done) {
  std::unique_ptr<CommandProcess> process(new CommandProcess(number, epoll));
  request.environment.push_back(MakeMark(number));
  auto child = StartChild(request.argv, request.environment, request.folder);
  if (!child) {
    process->reaped_ = true;
    return Error{child.error()};
  }
  process->request_ = std::move(request);
  process->done_ = std::move(done);
  process->child_ = std::move(*child);
  process->started_ = process->last_output_ = std::chrono::steady_clock::now();
  process->Watch(process->child_.pidfd, Channel::kDeath, EPOLLIN);
  process->Watch(process->child_.input, Channel::kInput, EPOLLOUT);
  process->Watch(process->child_.output, Channel::kOutput, EPOLLIN);
  process->Watch(process->child_.errors, Channel::kErrors, EPOLLIN);
  return process;
}

CommandProcess::~CommandProcess() {
  if (reaped_) return;
  Kill();
  Reap();
}

void CommandProcess::Watch(const Fd& fd, Channel channel, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(number_) * kChannels + static_cast<uint64_t>(channel);
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd.get(), &event);
}

// Not just closed: a process between fork and exec may hold it for a moment, and events with it.
void CommandProcess::StopWatching(Fd& fd) {
  if (!fd) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd.get(), nullptr);
  fd.Reset();
}

void CommandProcess::Ready(Channel channel, Time now) {
  switch (channel) {
    case Channel::kDeath:
      return NoteDeath(now);
    case Channel::kInput:
      return Write();
    case Channel::kOutput:
      return Read(child_.output, now);
    case Channel::kErrors:
      return Read(child_.errors, now);
  }
}

// A program that does not read its input to the end has decided so: no failure.
void CommandProcess::Write() {
  const std::string& text = request_.stdin_text;
  while (child_.input && written_ < text.size()) {
    ssize_t n = write(child_.input.get(), text.data() + written_, text.size() - written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) break;
    written_ += static_cast<size_t>(n);
  }
  StopWatching(child_.input);
}

void CommandProcess::Read(Fd& fd, Time now) {
  static char chunk[65536];  // one thread, not kept between calls
  for (size_t total = 0; fd && total < kReadAtOnce;) {
    ssize_t n = read(fd.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return StopWatching(fd);
    total += static_cast<size_t>(n);
    last_output_ = now;
    std::string_view bytes(chunk, static_cast<size_t>(n));
    if (&fd == &child_.errors) {
      errors_.Append(bytes);
    } else {
      TakeOutput(bytes);
    }
  }
}

void CommandProcess::TakeOutput(std::string_view bytes) {
  size_t room = request_.max_output - outcome_.output.size();
  outcome_.output.append(bytes.substr(0, room));
  if (bytes.size() <= room) return;
  if (outcome_.end == CommandEnd::kExited) outcome_.end = CommandEnd::kTooLarge;
  Kill();  // first: one whose pipe is closed could end by itself
  StopWatching(child_.output);
}

void CommandProcess::NoteDeath(Time now) {
  if (dead_) return;
  dead_ = true;
  outcome_.total_ms = std::chrono::duration_cast<milliseconds>(now - started_).count();
  epoll_ctl(epoll_, EPOLL_CTL_DEL, child_.pidfd.get(), nullptr);
  look_again_ = now + kDrain;
  patience_ends_ = now + kDrain + kPatience;
}

void CommandProcess::Stop(CommandEnd why, Time now) {
  outcome_.end = why;
  kill(-child_.pid, SIGTERM);  // not reaped: the number is still its own
  kill_at_ = now + kKillAfterTerm;
}

void CommandProcess::KeepLimits(Time now) {
  if (dead_) return;
  if (kill_at_) {
    if (*kill_at_ <= now) Kill();
    return;
  }
  if (now - started_ >= request_.total_limit) return Stop(CommandEnd::kTimedOut, now);
  if (request_.silence_limit && now - last_output_ >= *request_.silence_limit) {
    Stop(CommandEnd::kSilent, now);
  }
}

void CommandProcess::Kill() {
  if (reaped_) return;
  kill_at_ = Time::max();  // nothing more to decide
  kill(-child_.pid, SIGKILL);
  kill(child_.pid, SIGKILL);  // it may not have its own group yet
}

void CommandProcess::Forget() { done_ = nullptr; }

CommandProcess::Time CommandProcess::next() const {
  bool drained = !child_.output && !child_.errors;
  if (dead_) return drained && !reaped_ ? Time::min() : look_again_;
  if (kill_at_) return *kill_at_;
  Time next = started_ + request_.total_limit;
  if (request_.silence_limit) next = std::min(next, last_output_ + *request_.silence_limit);
  return next;
}

void CommandProcess::Close() {
  if (reaped_) return;
  for (Fd* fd : {&child_.input, &child_.output, &child_.errors}) StopWatching(*fd);
  kill(-child_.pid, SIGKILL);  // before it is reaped: then the number could be another group's
  Reap();
  auto failure = WhyNotStarted(child_);
  if (!failure) return;
  bool missing = !failure->of_folder && failure->error == ENOENT;
  outcome_.end = missing ? CommandEnd::kNotFound : CommandEnd::kNoStart;
  outcome_.why = ErrnoText(failure->error);
  if (failure->of_folder) outcome_.why = request_.folder + ": " + outcome_.why;
}

void CommandProcess::Reap() {
  int status = 0;
  while (waitpid(child_.pid, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
  if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
}

bool CommandProcess::BuryLeftover(pid_t pid) {
  leftovers_.insert(pid);
  kill(pid, SIGKILL);  // a child of ours: the number is its own until we have waited for it
  return waitpid(pid, nullptr, WNOHANG) == pid;
}

void CommandProcess::Report() {
  outcome_.errors = errors_.Text();
  outcome_.left_over = leftovers_.size();
  if (auto done = std::move(done_)) done(std::move(outcome_));
}

}  // namespace muster
