#include "tests/torture/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace muster::torture {
namespace {

// Prepared before the fork: between fork and exec only system calls.
std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(std::move(text));
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

timespec Remaining(Clock::time_point until) {
  auto left = std::max(until - Clock::now(), Clock::duration(0));
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  return {ns / 1'000'000'000, ns % 1'000'000'000};
}

}  // namespace

std::string Child::Ending::Text() const {
  if (exit_code) return fmt::format("exit code {}", *exit_code);
  return fmt::format("SIG{}", sigabbrev_np(signal));
}

Result<std::unique_ptr<Child>> Child::Start(const Command& command) {
  auto out = MakePipe(), err = MakePipe();
  if (!out) return Error{out.error()};
  if (!err) return Error{err.error()};
  std::vector<std::string> environment = Environment(command.environment);
  std::vector<char*> argv = Pointers(command.argv), envp = Pointers(environment);
  std::unique_ptr<Child> child(new Child());
  if (!command.log.empty()) {
    child->log_.Reset(open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  child->started_ = Clock::now();
  pid_t pid = fork();
  if (pid < 0) return Fail("cannot fork: {}", ErrnoText(errno));
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a campaign that is stopped leaves nothing behind
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(out->write.get(), 1);
    dup2(err->write.get(), 2);
    if (null > 2) close(null);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (command.before_exec) command.before_exec();
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  child->pid_ = pid;
  child->pidfd_.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  child->out_ = std::move(out->read);
  child->err_ = std::move(err->read);
  for (int fd : {child->out_.get(), child->err_.get()}) (void)SetNonBlocking(fd);
  return child;
}

Child::~Child() {
  if (pid_ == 0 || ended()) return;
  Signal(SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Child::Signal(int signal) { syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0); }

void Child::Drain(Fd& from, std::string& to) {
  char chunk[65536];
  while (from) {
    ssize_t n = read(from.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    if (n == 0) return from.Reset();
    to.append(chunk, static_cast<size_t>(n));
    if (log_ && write(log_.get(), chunk, static_cast<size_t>(n)) < 0) log_.Reset();
  }
}

void Child::TakeLines() {
  for (size_t end; (end = output_.find('\n', lines_end_)) != std::string::npos;) {
    if (on_line) on_line(output_.substr(lines_end_, end - lines_end_));
    lines_end_ = end + 1;
  }
}

void Child::Reap() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return;
  ending_.emplace();
  if (WIFEXITED(status)) ending_->exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ending_->signal = WTERMSIG(status);
}

void Child::AlsoWatch(int fd, std::function<void()> on_ready) {
  also_ = fd;
  on_also_ = std::move(on_ready);
}

bool Child::PumpUntil(Clock::time_point until) {
  while (!ended()) {
    pollfd fds[]{{pidfd_.get(), POLLIN, 0},
                 {out_.get(), POLLIN, 0},
                 {err_.get(), POLLIN, 0},
                 {also_, POLLIN, 0}};
    timespec left = Remaining(until);
    int ready = ppoll(fds, 4, &left, nullptr);
    if (fds[3].revents != 0) on_also_();
    if (fds[0].revents != 0) Reap();
    Drain(out_, output_);
    Drain(err_, errors_);
    TakeLines();
    if (ready == 0 || Clock::now() >= until) break;
  }
  return ended();
}

Result<std::unique_ptr<Child>> RunToEnd(const Child::Command& command,
                                        std::chrono::milliseconds limit) {
  auto child = Child::Start(command);
  if (!child) return child;
  if (!(*child)->PumpUntil(Clock::now() + limit)) {
    return Fail("{} did not end within {} ms", command.argv[0], limit.count());
  }
  return child;
}

}  // namespace muster::torture
