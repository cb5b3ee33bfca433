#include "worker/command/keeper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

// All that runs in the keeper is system calls and buffers of its own: it is made of a process that
// may have threads, whose locks nobody would open there any more.

namespace muster {
namespace {

constexpr int64_t kPatienceMs = 2'000;  // with what forks on and on
constexpr size_t kMostMark = 128;

// An entry of a folder as the kernel writes it: two numbers of 8 bytes, its size in 2, a byte, and
// its name.
constexpr size_t kSizeAt = 16, kNameAt = 19;

struct Mark {
  char text[kMostMark];
  size_t size;
};

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000 + now.tv_nsec / 1'000'000;
}

// Whether a process was started with the mark in its environment.
bool HasMark(int proc, const char* pid, const Mark& mark) {
  char path[32];
  size_t length = strlen(pid);
  if (length > 16) return false;
  memcpy(path, pid, length);
  memcpy(path + length, "/environ", 9);
  int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  static char chunk[kMostMark + 65'536];
  size_t kept = 0;  // of the piece before, in which a mark may begin
  bool found = false;
  for (ssize_t n; !found && (n = read(file, chunk + kept, 65'536)) > 0;) {
    size_t size = kept + static_cast<size_t>(n);
    found = memmem(chunk, size, mark.text, mark.size) != nullptr;
    kept = size < mark.size ? size : mark.size;
    memmove(chunk, chunk + size - kept, kept);
  }
  close(file);
  return found;
}

// By pidfd, and looked at again behind it: never another process that got the same number.
bool KillMarked(int proc, const char* name, const Mark& mark) {
  if (!HasMark(proc, name, mark)) return false;
  int pidfd = static_cast<int>(syscall(SYS_pidfd_open, atoi(name), 0));
  if (pidfd < 0) return false;
  bool still = HasMark(proc, name, mark);
  if (still) syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  close(pidfd);
  return still;
}

// Kills every marked process that is there now; false when there was none.
bool KillAllMarked(const Mark& mark) {
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return false;
  static char entries[32'768];
  bool any = false;
  for (long n; (n = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0;) {
    unsigned short size = 0;
    for (long at = 0; at < n; at += size) {
      memcpy(&size, entries + at + kSizeAt, sizeof size);
      const char* name = entries + at + kNameAt;
      bool process = name[0] >= '1' && name[0] <= '9';
      if (process && KillMarked(proc, name, mark)) any = true;
    }
  }
  close(proc);
  return any;
}

// Two looks in a row find nobody: the first may have passed by what was being forked.
void KillUntilNoneIsLeft(const Mark& mark) {
  int64_t until = NowMs() + kPatienceMs;
  for (int clean = 0; clean < 2 && NowMs() < until;) {
    clean = KillAllMarked(mark) ? 0 : clean + 1;
    timespec moment{0, 1'000'000};
    nanosleep(&moment, nullptr);
  }
}

// Has nothing of the worker's but the other end of its lifeline.
[[noreturn]] void Keep(int lifeline, const Mark& mark) {
  setsid();
  prctl(PR_SET_NAME, "muster-keeper");
  dup2(lifeline, 0);
  syscall(SYS_close_range, 1U, ~0U, 0);
  if (chdir("/") != 0) _exit(1);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  char byte;
  while (read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  KillUntilNoneIsLeft(mark);
  _exit(0);
}

}  // namespace

void Keeper::Start(const std::string& marks) {
  auto lifeline = MakePipe();
  if (pid_ != 0 || !lifeline || marks.size() > kMostMark) return;
  Mark mark{{}, marks.size()};
  memcpy(mark.text, marks.data(), marks.size());
  // A fork whose child sends no SIGCHLD: waits for programs do not meet it.
  auto pid = static_cast<pid_t>(syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0));
  if (pid == 0) Keep(lifeline->read.get(), mark);
  if (pid < 0) return;
  pid_ = pid;
  lifeline_ = std::move(lifeline->write);
}

Keeper::~Keeper() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);  // not yet waited for: the number is still its own
  while (waitpid(pid_, nullptr, __WCLONE) < 0 && errno == EINTR) {
  }
}

}  // namespace muster
