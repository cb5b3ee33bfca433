#include "worker/command/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace muster {
namespace {

// Everything the child needs, prepared before the fork: between fork and exec only system calls.
struct ChildPlan {
  std::vector<std::string> candidates;  // paths to try in order
  std::vector<char*> argv, environment;
  const char* folder;
  int input, output, errors, report;
  pid_t parent;
};

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string PathOf(const std::vector<std::string>& environment) {
  for (const std::string& each : environment) {
    if (each.starts_with("PATH=")) return each.substr(5);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

// Where the program may be. An empty or relative part of PATH would mean the working folder: it is
// passed over.
std::vector<std::string> Candidates(const std::string& program, const std::string& path) {
  if (program.find('/') != program.npos) return {program};
  std::vector<std::string> found;
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = std::min(path.find(':', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    if (part.starts_with('/')) found.push_back(part + "/" + program);
    begin = end + 1;
  }
  return found;
}

// What the kernel itself takes for a signal's action; all zeros: its default.
struct KernelSigaction {
  void (*handler)(int) = SIG_DFL;
  unsigned long flags = 0;
  void (*restorer)() = nullptr;
  uint64_t mask = 0;
};

void ResetSignals() {
  // What is ignored would stay so. Not by signal(): that refuses the C library's own two, which a
  // parent that used posix_spawn (make does) leaves ignored.
  const KernelSigaction by_default{};
  for (int number = 1; number < NSIG; ++number) {
    syscall(SYS_rt_sigaction, number, &by_default, nullptr, sizeof by_default.mask);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Tries each path; errno says why none would do, "no permission" before "not there".
void Exec(const ChildPlan& plan) {
  int why = ENOENT;
  for (const std::string& path : plan.candidates) {
    execve(path.c_str(), plan.argv.data(), plan.environment.data());
    if (errno != ENOENT && errno != ENOTDIR) why = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  errno = why;
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // it died before prctl
  ResetSignals();
  umask(077);
  // Close-on-exec for what lies above: the report pipe must live until the exec.
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  bool placed = dup2(plan.input, 0) == 0 && dup2(plan.output, 1) == 1 && dup2(plan.errors, 2) == 2;
  StartFailure failure{placed && chdir(plan.folder) != 0, errno};
  if (placed && !failure.of_folder) {
    Exec(plan);
    failure.error = errno;
  }
  ssize_t ignored = write(plan.report, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

int OpenPidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

Result<CommandChild> StartChild(const std::vector<std::string>& argv,
                                const std::vector<std::string>& environment,
                                const std::string& folder) {
  assert(!argv.empty());
  auto input = MakePipe(), output = MakePipe(), errors = MakePipe(), report = MakePipe();
  for (auto* pipe : {&input, &output, &errors, &report}) {
    if (!*pipe) return Error{pipe->error()};
  }
  assert(input->read.get() > 2);  // 0, 1 and 2 are always open
  ChildPlan plan{Candidates(argv[0], PathOf(environment)),
                 Pointers(argv),
                 Pointers(environment),
                 folder.c_str(),
                 input->read.get(),
                 output->write.get(),
                 errors->write.get(),
                 report->write.get(),
                 getpid()};
  pid_t pid = fork();
  if (pid < 0) return Fail("cannot fork: {}", ErrnoText(errno));
  if (pid == 0) RunChild(plan);
  CommandChild child{pid,
                     Fd(OpenPidfd(pid)),
                     std::move(input->write),
                     std::move(output->read),
                     std::move(errors->read),
                     std::move(report->read)};
  int why = child.pidfd ? 0 : errno;
  for (const Fd* fd : {&child.input, &child.output, &child.errors, &child.report}) {
    if (auto set = SetNonBlocking(fd->get()); !set && why == 0) why = EINVAL;
  }
  if (why != 0) {
    kill(pid, SIGKILL);  // not yet waited for: the pid is still its own
    waitpid(pid, nullptr, 0);
    return Fail("cannot watch a process: {}", ErrnoText(why));
  }
  return child;
}

std::optional<StartFailure> WhyNotStarted(const CommandChild& child) {
  StartFailure failure;
  ssize_t n;
  do {
    n = read(child.report.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  return n == sizeof failure ? std::optional(failure) : std::nullopt;
}

}  // namespace muster
