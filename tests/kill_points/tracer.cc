#include "tests/kill_points/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

namespace muster::kill_points {
namespace {

constexpr long kOptions = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD |
                          PTRACE_O_EXITKILL;
constexpr int kCallEnds = SIGTRAP | 0x80;

long Trace(long request, pid_t pid, void* address, const void* data) {
  return ptrace(static_cast<__ptrace_request>(request), pid, address, data);
}

void* Number(long number) { return reinterpret_cast<void*>(number); }

// The call is left out; its result is `result`.
void Replace(pid_t pid, int64_t result) {
  user_regs_struct registers{};
  if (Trace(PTRACE_GETREGS, pid, nullptr, &registers) != 0) return;
  registers.orig_rax = ~0ULL;
  registers.rax = static_cast<unsigned long long>(result);
  Trace(PTRACE_SETREGS, pid, nullptr, &registers);
}

// The first argument becomes another one.
void SetFirstArgument(pid_t pid, uint64_t value) {
  user_regs_struct registers{};
  if (Trace(PTRACE_GETREGS, pid, nullptr, &registers) != 0) return;
  registers.rdi = value;
  Trace(PTRACE_SETREGS, pid, nullptr, &registers);
}

// Whether an fcntl takes a lock, behind its three arguments: giving one back does not fail.
uint64_t TakesLock(pid_t pid, uint64_t lock) {
  errno = 0;
  long word = Trace(PTRACE_PEEKDATA, pid, reinterpret_cast<void*>(lock), nullptr);
  return errno == 0 && static_cast<short>(word) != F_UNLCK;
}

// The first act of both programs: what they find closed of 0, 1 and 2 becomes /dev/null.
bool BeginsMain(const SystemCall& call, const Arguments& arguments) {
  return call.number == SYS_openat && arguments[2] == O_RDWR;
}

bool IsCrash(int signal) {
  return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE ||
         signal == SIGILL;
}

bool IsNew(int event) {
  return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
}

}  // namespace

std::string_view Name(Role role) { return role == Role::kSupervisor ? "supervisor" : "worker"; }

Result<std::unique_ptr<Tracer>> Tracer::Make(std::function<Order(const Stop&)> decide) {
  std::unique_ptr<Tracer> tracer(new Tracer(std::move(decide)));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  tracer->signals_.Reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!tracer->signals_) return Fail("signalfd: {}", ErrnoText(errno));
  return tracer;
}

Tracer::~Tracer() {
  for (const auto& [pid, tracee] : tracees_) kill(pid, SIGKILL);
  for (const auto& [pid, tracee] : tracees_) {
    if (pid != supervisor_) waitpid(pid, nullptr, __WALL);
  }
}

Result<void> Tracer::Take(pid_t supervisor) {
  if (Trace(PTRACE_SEIZE, supervisor, nullptr, Number(kOptions)) != 0) {
    return Fail("cannot trace a process: {}", ErrnoText(errno));
  }
  supervisor_ = supervisor;
  tracees_[supervisor] = {};
  return {};
}

std::vector<pid_t> Tracer::others() const {
  std::vector<pid_t> pids;
  for (const auto& [pid, tracee] : tracees_) {
    if (pid != supervisor_) pids.push_back(pid);
  }
  return pids;
}

void Tracer::Attend() {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) > 0) {
  }
  for (bool more = true; more;) {
    more = false;
    std::vector<pid_t> pids;
    for (const auto& [pid, tracee] : tracees_) pids.push_back(pid);
    for (pid_t pid : pids) more = AttendTo(pid) || more;
    more = FindUnannounced() || more;
  }
}

// Whoever forked it was killed before that was told.
bool Tracer::FindUnannounced() {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL) != 0) return false;
  if (info.si_pid == 0) return false;
  return tracees_.try_emplace(info.si_pid, Tracee{Role::kWorker, true, false, {}}).second;
}

// False: there is nothing new of it.
bool Tracer::AttendTo(pid_t pid) {
  siginfo_t info{};
  bool ours = pid == supervisor_;
  int what = WSTOPPED | WNOHANG | __WALL | (ours ? 0 : WEXITED);
  if (waitid(P_PID, static_cast<id_t>(pid), &info, what) != 0) {
    if (errno == ECHILD) tracees_.erase(pid);
    return false;
  }
  if (info.si_pid == 0) return false;
  if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
    OnStop(pid, tracees_[pid], info.si_status);
  } else {
    tracees_.erase(pid);
  }
  return true;
}

void Tracer::OnStop(pid_t pid, Tracee& tracee, int status) {
  int signal = status & 0xff, event = status >> 8;
  if (event == PTRACE_EVENT_SECCOMP) return OnSystemCall(pid, tracee);
  if (signal == kCallEnds) return OnCallEnds(pid, tracee);
  if (IsNew(event)) OnNew(pid, tracee);
  if (event == PTRACE_EVENT_EXEC) tracee.counting = false;
  if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
    Trace(PTRACE_LISTEN, pid, nullptr, nullptr);  // stopped by a signal: it stays so
    return;
  }
  if (event == 0 && IsCrash(signal) && on_crash) on_crash(pid, tracee.role, signal);
  GoOn(pid, tracee, event == 0 ? signal : 0);
}

void Tracer::OnCallEnds(pid_t pid, Tracee& tracee) {
  if (tracee.kill_at_end) {
    kill(pid, SIGKILL);
    return;
  }
  if (tracee.end_of_memory) SetFirstArgument(pid, *tracee.end_of_memory);  // the caller needs it
  tracee.end_of_memory.reset();
  GoOn(pid, tracee, 0);
}

void Tracer::GoOn(pid_t pid, const Tracee& tracee, int signal) {
  bool to_the_end = tracee.kill_at_end || tracee.end_of_memory;
  Trace(to_the_end ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, Number(signal));
}

void Tracer::OnNew(pid_t parent, const Tracee& tracee) {
  unsigned long pid = 0;
  if (Trace(PTRACE_GETEVENTMSG, parent, nullptr, &pid) != 0) return;
  tracees_[static_cast<pid_t>(pid)] = {Role::kWorker, tracee.counting, false, {}};
}

void Tracer::OnSystemCall(pid_t pid, Tracee& tracee) {
  __ptrace_syscall_info info{};
  if (Trace(PTRACE_GET_SYSCALL_INFO, pid, Number(sizeof info), &info) <= 0) return;
  const SystemCall* call = FindSystemCall(static_cast<int64_t>(info.seccomp.nr));
  if (!call) return GoOn(pid, tracee, 0);
  Arguments arguments;
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = info.seccomp.args[i];
  if (call->number == SYS_fcntl) arguments[3] = TakesLock(pid, arguments[2]);
  if (!tracee.counting && BeginsMain(*call, arguments)) tracee.counting = true;
  if (!tracee.counting) return GoOn(pid, tracee, 0);
  int64_t count = ++counts_[{tracee.role, call->number}];
  Stop stop{pid, tracee.role, *call, arguments, count};
  Carry(pid, tracee, stop, decide_(stop));
}

void Tracer::Carry(pid_t pid, Tracee& tracee, const Stop& stop, const Order& order) {
  switch (order.kind) {
    case Order::kGoOn:
      break;
    case Order::kKillBefore:
      kill(pid, SIGKILL);  // what it is about to do is left out then
      return;
    case Order::kKillAfter:
      tracee.kill_at_end = true;
      break;
    case Order::kFail:
      if (stop.call.number == SYS_brk) {
        // One that fails gives the old end of the memory, as one does that asks for nothing.
        tracee.end_of_memory = stop.arguments[0];
        SetFirstArgument(pid, 0);
      } else {
        Replace(pid, -order.error);
      }
      break;
    case Order::kPretend:
      Replace(pid, 0);
      break;
  }
  GoOn(pid, tracee, 0);
}

}  // namespace muster::kill_points
