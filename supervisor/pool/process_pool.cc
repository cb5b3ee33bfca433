#include "supervisor/pool/process_pool.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <thread>
#include <utility>

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kEventsAtOnce = 256;
constexpr int kRounds = 8;  // of that many events in one turn: a flood must not keep the loop here

bool IsIgnored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t SignalsOfInterest() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGCONT}) {
    if (signal == SIGCHLD || !IsIgnored(signal)) sigaddset(&set, signal);
  }
  return set;
}

constexpr const char* kDoesNotRead = "does not read its messages";

// srun has a helper that ends the worker on the other machine when srun is killed; it becomes our
// child then. So long it may take.
constexpr int kHelperRounds = 50;
constexpr auto kHelperRound = std::chrono::milliseconds(20);

constexpr int kGenerations = 1000;  // of what was left to us; a bound for what forks on and on

// Kills our children; false when there were none.
bool KillChildren() {
  std::ifstream list(fmt::format("/proc/self/task/{}/children", getpid()));
  bool found = false;
  for (pid_t pid; list >> pid;) {
    // Our child, not yet waited for: the number is still its own. What we may not kill stays.
    if (kill(pid, SIGKILL) != 0) continue;
    waitpid(pid, nullptr, 0);
    found = true;
  }
  return found;
}

bool HasChildren() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void AwaitHelpers() {
  for (int i = 0; i < kHelperRounds && HasChildren(); ++i) {
    std::this_thread::sleep_for(kHelperRound);
  }
}

// What daemonised out of a worker became our child when its parent died, and so do its own children
// when it dies.
void KillAdopted() {
  for (int i = 0; i < kGenerations && KillChildren(); ++i) {
  }
}

}  // namespace

Result<std::unique_ptr<ProcessPool>> ProcessPool::Create(
    std::vector<std::unique_ptr<Spawner>> spawners) {
  std::unique_ptr<ProcessPool> pool(new ProcessPool(std::move(spawners)));
  if (auto set_up = pool->SetUp(); !set_up) return Error{set_up.error()};
  return pool;
}

Result<void> ProcessPool::SetUp() {
  signal(SIGCHLD, SIG_DFL);  // ignored, as some parents leave it, would lose exit statuses
  sigset_t set = SignalsOfInterest();
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return Fail("sigprocmask: {}", ErrnoText(errno));
  signals_.Reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!signals_ || !epoll_ || !Watch(signals_.get(), EPOLLIN, 0, Channel::kSignals)) {
    return Fail("cannot watch for events: {}", ErrnoText(errno));
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  return {};
}

ProcessPool::~ProcessPool() {
  for (const auto& [id, worker] : workers_) worker->Kill(SteadyClock::now(), SIGKILL, "");
  workers_.clear();  // waits for each; by now they all die at the same time
  bool launches = std::any_of(spawners_.begin(), spawners_.end(),
                              [](const auto& spawner) { return spawner->launches(); });
  spawners_.clear();
  if (launches) AwaitHelpers();
  KillAdopted();
}

bool ProcessPool::Watch(int fd, uint32_t events, WorkerId worker, Channel channel) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(worker) << 3 | static_cast<uint64_t>(channel);
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

Result<WorkerId> ProcessPool::Spawn(size_t squad) {
  auto spawned = spawners_[squad]->Spawn();
  if (!spawned) return Error{spawned.error()};
  WorkerId id = next_id_++;
  auto worker = std::make_unique<WorkerProcess>(id, std::move(*spawned));
  bool watched = Watch(worker->pidfd(), EPOLLIN, id, Channel::kProcess) &&
                 Watch(worker->output(), EPOLLIN, id, Channel::kOutput) &&
                 Watch(worker->errors(), EPOLLIN, id, Channel::kErrors) &&
                 Watch(worker->input(), EPOLLOUT | EPOLLET, id, Channel::kInput);
  if (!watched) return Fail("cannot watch a worker: {}", ErrnoText(errno));
  by_pid_[worker->pid()] = id;
  workers_.emplace(id, std::move(worker));
  return id;
}

WorkerProcess* ProcessPool::Find(WorkerId worker) {
  auto it = workers_.find(worker);
  return it == workers_.end() ? nullptr : it->second.get();
}

void ProcessPool::Send(WorkerId worker, const ToWorker& message) {
  WorkerProcess* process = Find(worker);
  if (!process) return;
  std::string json = Encode(message);
  if (json.size() >= kMaxFrame) {
    return Kill(worker, SIGKILL, "a message to it is too large to send (16 MB)");
  }
  process->Queue(json);
  process->Flush();  // what its pipe does not take now follows when there is room
  if (std::holds_alternative<Stop>(message)) process->Retire(SteadyClock::now());
  if (process->reads_too_little()) process->Kill(SteadyClock::now(), SIGKILL, kDoesNotRead);
  Follow(*process);
}

void ProcessPool::Kill(WorkerId worker, int signal, const std::string& why) {
  WorkerProcess* process = Find(worker);
  if (!process) return;
  process->Kill(SteadyClock::now(), signal, why);
  Follow(*process);
}

// After anything that may have changed a worker's timetable.
void ProcessPool::Follow(WorkerProcess& worker) {
  auto known = in_timetable_.find(worker.id());
  if (known != in_timetable_.end()) {
    if (worker.next_step() == known->second) return;
    timetable_.erase({known->second, worker.id()});
    in_timetable_.erase(known);
  }
  if (!worker.next_step()) return;
  timetable_.emplace(*worker.next_step(), worker.id());
  in_timetable_.emplace(worker.id(), *worker.next_step());
}

void ProcessPool::StepDue() {
  Time now = SteadyClock::now();
  while (!timetable_.empty() && timetable_.begin()->first <= now) {
    WorkerProcess& worker = *workers_.at(timetable_.begin()->second);
    worker.Step(now);  // which sets a later time
    Follow(worker);
  }
}

// To the nanosecond where the kernel can: what waits for a limit of so many calls a second is late
// by up to a millisecond otherwise.
int ProcessPool::Poll(epoll_event* ready, Time until) const {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  constexpr std::chrono::nanoseconds kNone{0};
  auto left = std::clamp<std::chrono::nanoseconds>(until - SteadyClock::now(), kNone, seconds(60));
  timespec timeout{left / seconds(1), (left % seconds(1)).count()};
  int n = epoll_pwait2(epoll_.get(), ready, kEventsAtOnce, &timeout, nullptr);
  if (n >= 0 || errno != ENOSYS) return n;
  auto whole = std::chrono::ceil<milliseconds>(left).count();
  return epoll_wait(epoll_.get(), ready, kEventsAtOnce, static_cast<int>(whole));
}

// Should it fail, the run goes on, deaf to what people say meanwhile.
void ProcessPool::AlsoWatch(int fd) { (void)Watch(fd, EPOLLIN, 0, Channel::kControl); }

void ProcessPool::Wait(Time until, std::vector<PoolEvent>* events) {
  control_came_ = false;
  epoll_event ready[kEventsAtOnce];
  if (!timetable_.empty()) until = std::min(until, timetable_.begin()->first);
  int n = kEventsAtOnce;
  for (int round = 0; round < kRounds && n == kEventsAtOnce; ++round, until = Time()) {
    n = Poll(ready, until);
    // Stopped and gone on with (Ctrl+Z, fg): what came meanwhile is there to be taken.
    if (n < 0 && errno == EINTR) n = epoll_wait(epoll_.get(), ready, kEventsAtOnce, 0);
    for (int i = 0; i < n; ++i) Handle(ready[i].data.u64, events);
  }
  StepDue();
}

void ProcessPool::Handle(uint64_t tag, std::vector<PoolEvent>* events) {
  auto id = static_cast<WorkerId>(tag >> 3);
  auto channel = static_cast<Channel>(tag & 7);
  if (channel == Channel::kSignals) return TakeSignals(events);
  if (channel == Channel::kControl) {
    if (!std::exchange(control_came_, true)) events->push_back(ControlCame{});
    return;
  }
  WorkerProcess* worker = Find(id);
  if (!worker) return;
  switch (channel) {
    case Channel::kOutput:
      worker->ReadOutput(SteadyClock::now(), events);
      Follow(*worker);
      break;
    case Channel::kErrors:
      worker->ReadErrors();
      break;
    case Channel::kInput:
      worker->Flush();
      break;
    case Channel::kProcess:
      ReapWorker(id, events);
      break;
    case Channel::kSignals:
    case Channel::kControl:
      break;
  }
}

// Whatever becomes of the descriptor that told us of them.
void ProcessPool::TakeSignals(std::vector<PoolEvent>* events) {
  const sigset_t set = SignalsOfInterest();
  const timespec none{0, 0};
  for (int signal; (signal = sigtimedwait(&set, nullptr, &none)) > 0;) {
    if (signal == SIGCHLD) {
      ReapEnded(events);
    } else {
      events->push_back(SignalCame{signal});
    }
  }
}

// Our workers are reported; strangers that were left to us are only buried.
void ProcessPool::ReapEnded(std::vector<PoolEvent>* events) {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    auto ours = by_pid_.find(info.si_pid);
    if (ours != by_pid_.end()) {
      ReapWorker(ours->second, events);
    } else {
      waitpid(info.si_pid, nullptr, WNOHANG);
    }
  }
}

void ProcessPool::ReapWorker(WorkerId id, std::vector<PoolEvent>* events) {
  auto it = workers_.find(id);
  by_pid_.erase(it->second->pid());
  if (auto known = in_timetable_.find(id); known != in_timetable_.end()) {
    timetable_.erase({known->second, id});
    in_timetable_.erase(known);
  }
  WorkerLost lost = it->second->Reap(SteadyClock::now(), events);
  workers_.erase(it);  // closes its descriptors, which also leave the epoll set
  events->push_back(std::move(lost));
}

}  // namespace muster
