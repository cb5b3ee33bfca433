#include "supervisor/pool/spawner.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "supervisor/pool/descriptor_limit.h"

namespace muster {
namespace {

// Everything the child needs, prepared before the fork: between fork and exec only system calls.
struct ChildPlan {
  std::vector<char*> argv;
  int input, output, errors, report;
  pid_t parent;
  int death_signal;  // when we die
};

// Moves the three pipe ends to 0, 1 and 2. They are all above 2: the supervisor opened those first.
bool PlaceDescriptors(const ChildPlan& plan) {
  return dup2(plan.input, 0) == 0 && dup2(plan.output, 1) == 1 && dup2(plan.errors, 2) == 2;
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  setsid();
  prctl(PR_SET_PDEATHSIG, plan.death_signal);
  RestoreDescriptorLimit();
  if (getppid() != plan.parent) _exit(127);  // it died before prctl
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Close-on-exec for what lies above: the report pipe must live until the exec.
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (PlaceDescriptors(plan)) execvp(plan.argv[0], plan.argv.data());
  int error = errno;
  ssize_t ignored = write(plan.report, &error, sizeof error);
  (void)ignored;
  _exit(127);
}

// The errno of a failed exec, 0 when it succeeded (the report pipe closed without a word).
int ReadReport(int fd) {
  int error = 0;
  ssize_t n;
  do {
    n = read(fd, &error, sizeof error);
  } while (n < 0 && errno == EINTR);
  return n == sizeof error ? error : 0;
}

}  // namespace

Result<WorkerPipes> WorkerPipes::Make() {
  auto input = MakePipe(), output = MakePipe(), errors = MakePipe();
  for (auto* pipe : {&input, &output, &errors}) {
    if (!*pipe) return Error{pipe->error()};
  }
  for (const Fd* ours : {&input->write, &output->read, &errors->read}) {
    if (auto set = SetNonBlocking(ours->get()); !set) return Error{set.error()};
  }
  return WorkerPipes{*std::move(input), *std::move(output), *std::move(errors)};
}

Spawned WorkerPipes::SpawnedAs(NewProcess process) && {
  return Spawned{process.pid, std::move(process.pidfd), std::move(input.write),
                 std::move(output.read), std::move(errors.read)};
}

Result<NewProcess> StartProgram(const std::vector<std::string>& command, StandardFds fds,
                                int death_signal) {
  auto report = MakePipe();
  if (!report) return Error{report.error()};
  ChildPlan plan{{},       fds.input,   fds.output, fds.errors, report->write.get(),
                 getpid(), death_signal};
  for (const std::string& word : command) plan.argv.push_back(const_cast<char*>(word.c_str()));
  plan.argv.push_back(nullptr);
  pid_t pid = fork();
  if (pid < 0) return Fail("cannot fork: {}", ErrnoText(errno));
  if (pid == 0) RunChild(plan);
  report->write.Reset();
  int error = ReadReport(report->read.get());
  if (error != 0) {
    waitpid(pid, nullptr, 0);
    return Fail("cannot start {}: {}", command[0], ErrnoText(error));
  }
  return OpenChild(pid);
}

Result<NewProcess> OpenChild(pid_t pid) {
  NewProcess process{pid, Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)))};
  if (process.pidfd) return process;
  int why = errno;
  kill(pid, SIGKILL);  // not yet waited for: the pid is still its own
  waitpid(pid, nullptr, 0);
  return Fail("cannot open a pidfd: {}", ErrnoText(why));
}

void KillAndBury(const Fd& pidfd) {
  if (!pidfd || syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0) return;
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), nullptr, WEXITED) != 0 && errno == EINTR) {
  }
}

Result<Spawned> ExecSpawner::Spawn() {
  auto pipes = WorkerPipes::Make();
  if (!pipes) return Error{pipes.error()};
  // Killed by KILL, srun leaves a job behind that waits for its turn, and later has no task.
  auto process = StartProgram(command_, pipes->theirs(), launches_ ? SIGTERM : SIGKILL);
  if (!process) return Error{process.error()};
  Spawned spawned = std::move(*pipes).SpawnedAs(*std::move(process));
  spawned.carried = launches_;
  return spawned;
}

}  // namespace muster
