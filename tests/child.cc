#include "tests/child.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPiece{20};  // a look at the condition that is waited for
constexpr int kCannotStart = 127;

// As a login shell would start it: nothing blocked, nothing ignored.
void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
}

void SetEnvironment(const ChildOptions& options) {
  for (const auto& [name, value] : options.env) {
    value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
  }
}

bool BecomeUser(const std::optional<uid_t>& user) {
  return !user || (setgid(*user) == 0 && setuid(*user) == 0);
}

}  // namespace

Child::Child(const ChildOptions& options) : deadline_(Clock::now() + options.deadline) {
  Fd terminal;
  Pipe out, err;
  if (options.columns > 0) {
    winsize size{24, static_cast<unsigned short>(options.columns), 0, 0};
    int mine = -1, its = -1;
    if (openpty(&mine, &its, nullptr, nullptr, &size) != 0) std::abort();
    out_.Reset(mine);
    terminal.Reset(its);
    fcntl(mine, F_SETFD, FD_CLOEXEC);
  } else {
    auto one = MakePipe(), two = MakePipe();
    if (!one || !two) std::abort();
    out = std::move(*one);
    err = std::move(*two);
  }
  pid_ = fork();
  if (pid_ < 0) std::abort();
  if (pid_ == 0) Become(options, terminal, out, err);
  if (options.columns == 0) {
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    (void)SetNonBlocking(err_.get());
  }
  (void)SetNonBlocking(out_.get());
}

void Child::Become(const ChildOptions& options, const Fd& terminal, const Pipe& out,
                   const Pipe& err) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  ResetSignals();
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (terminal) ioctl(terminal.get(), TIOCSCTTY, 0);
  dup2(terminal ? terminal.get() : null, 0);
  dup2(terminal ? terminal.get() : out.write.get(), 1);
  dup2(terminal ? terminal.get() : err.write.get(), 2);
  if (terminal && terminal.get() > 2) close(terminal.get());
  SetEnvironment(options);
  if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(kCannotStart);
  if (!BecomeUser(options.user)) _exit(kCannotStart);
  std::vector<char*> words;
  for (const std::string& word : options.argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(kCannotStart);
}

Child::~Child() {
  if (reaped_) return;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::vector<pid_t> Child::Children() const {
  std::string number = std::to_string(pid_);
  std::ifstream list("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> children;
  for (pid_t child; list >> child;) children.push_back(child);
  return children;
}

std::vector<pid_t> Child::Workers() const {
  std::vector<pid_t> workers = Children();
  std::erase_if(workers, [](pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
    std::string program, argument;
    std::getline(file, program, '\0');
    std::getline(file, argument, '\0');
    return argument != "--pipe";
  });
  return workers;
}

void Child::Signal(int signal) const {
  if (!reaped_) kill(pid_, signal);
}

void Child::Type(const std::string& keys) {
  if (write(out_.get(), keys.data(), keys.size()) < 0) CloseOutput();
}

void Child::CloseOutput() {
  out_.Reset();
  err_.Reset();
}

bool Child::ReadUntil(const std::string& text) {
  return ReadUntil([&] { return end_.out.find(text) != std::string::npos; });
}

bool Child::ReadUntil(const std::function<bool()>& condition) {
  for (;;) {
    if (condition()) return true;
    if (Overdue()) return false;
    if (!Read(kPiece) && Reap()) return condition();
  }
}

ChildEnd Child::Wait() {
  ReadUntil([] { return false; });
  return end_;
}

ChildEnd Child::WaitUnread() {
  while (!Reap() && !Overdue()) usleep(2'000);
  return Wait();
}

// Kills it when its time is up.
bool Child::Overdue() {
  if (Clock::now() < deadline_) return false;
  if (!reaped_) {
    end_.overdue = true;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    reaped_ = true;
    end_.code = 128 + SIGKILL;
  }
  return true;
}

// One wait for output and for the end; false when there was nothing, or nothing can come any more.
bool Child::Read(milliseconds patience) {
  pollfd asked[] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
  if (!out_ && !err_) {
    usleep(2'000);
    return false;
  }
  if (poll(asked, 2, reaped_ ? 0 : static_cast<int>(patience.count())) <= 0) return false;
  bool some = asked[0].revents != 0 && Take(out_, &end_.out);
  return (asked[1].revents != 0 && Take(err_, &end_.err)) || some;
}

bool Child::Take(Fd& from, std::string* to) {
  char bytes[65536];
  ssize_t got = read(from.get(), bytes, sizeof bytes);
  if (got > 0) to->append(bytes, static_cast<size_t>(got));
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) from.Reset();  // EIO: a terminal
  return got > 0;
}

// True once it has ended and all it said has been read.
bool Child::Reap() {
  if (reaped_) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  reaped_ = true;
  end_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  while (Read(milliseconds(0))) {
  }
  return true;
}

ChildEnd RunChild(const ChildOptions& options) { return Child(options).Wait(); }

bool ProcessEnded(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return true;
  size_t state = line.rfind(") ");
  return state != std::string::npos && (line[state + 2] == 'Z' || line[state + 2] == 'X');
}

}  // namespace muster
