#include "supervisor/doctor/kernel_facts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "common/fd.h"
#include "supervisor/doctor/control_group.h"

namespace muster {
namespace {

// Signal 0 to ourselves: asks whether it could be sent. There is no child to wait for, which the
// kernel only says where it knows this kind of wait.
bool HasPidfds() {
  Fd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!self || syscall(SYS_pidfd_send_signal, self.get(), 0, nullptr, 0) != 0) return false;
  siginfo_t info{};
  int waited = waitid(P_PIDFD, static_cast<id_t>(self.get()), &info, WEXITED | WNOHANG);
  return waited == 0 || errno == ECHILD;
}

// Of descriptors that nobody can have.
bool HasCloseRange() { return syscall(SYS_close_range, ~0U, ~0U, 0) == 0; }

bool HasOpenat2() {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  Fd root(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how)));
  return static_cast<bool>(root);
}

// 0: a process with process numbers of its own can be made; else errno. Says nothing of its own:
// the child is a fork that ends at once.
int TryNamespaces() {
  auto pid = static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (pid == 0) _exit(0);
  if (pid < 0) return errno;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return 0;
}

Fact NamespacesFact(int error) {
  if (error == 0) return {FactKind::kOk, "PID namespaces", "can be made; muster needs none"};
  return {FactKind::kOk, "PID namespaces",
          fmt::format("cannot be made here ({}); muster needs none", ErrnoText(error))};
}

Fact ControlGroupsFact() {
  ControlGroup group = OwnControlGroup();
  std::string how = "none of version 2";
  if (!group.path.empty()) {
    how = fmt::format("{}, {} cgroup.kill", group.writable() ? "writable" : "not writable",
                      group.Has("cgroup.kill") ? "with" : "without");
  }
  return {FactKind::kOk, "control groups", how + "; muster needs none"};
}

std::string Release() {
  utsname names{};
  return uname(&names) == 0 ? fmt::format("{} {}, {}", names.sysname, names.release, names.machine)
                            : "unknown";
}

}  // namespace

Fact KernelFact(const std::string& release, const KernelCalls& calls) {
  Fact fact{FactKind::kOk, "kernel", release};
  auto say = [&](bool has, const char* name) {
    fact.detail += fmt::format(", {}{}", has ? "" : "no ", name);
  };
  say(calls.pidfd, "pidfd");
  say(calls.close_range, "close_range");
  say(calls.openat2, "openat2");
  if (calls.pidfd && calls.close_range) return fact;
  fact.kind = FactKind::kMissing;
  fact.advice = "Linux 5.9 or later, or a sandbox that lets these calls through";
  return fact;
}

Fact LeftoversFact(bool proc) {
  if (!proc) {
    return {FactKind::kMissing, "leftovers",
            "/proc cannot be read: what commands leave behind cannot be found", "mount it"};
  }
  return {FactKind::kOk, "leftovers",
          "what commands leave behind is ended by the worker, and by its keeper where the worker "
          "was killed; only a program that wipes its environment and daemonises survives a kill "
          "-9 of its worker"};
}

Facts KernelFacts() {
  KernelCalls calls{HasPidfds(), HasCloseRange(), HasOpenat2()};
  bool proc = access("/proc/self/environ", R_OK) == 0;
  return {KernelFact(Release(), calls), NamespacesFact(TryNamespaces()), ControlGroupsFact(),
          LeftoversFact(proc)};
}

}  // namespace muster
