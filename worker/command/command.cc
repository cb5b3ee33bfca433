#include "worker/command/command.h"

#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <thread>

#include "common/fd.h"
#include "worker/command/keeper.h"
#include "worker/command/leftovers.h"
#include "worker/command/process.h"

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kEventsAtOnce = 64;
constexpr milliseconds kLookAgain{5};  // while what was killed is not gone

// Spares most commands the search.
bool NoChildren() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

}  // namespace

struct CommandRunner::Impl {
  // One that could not even be forked, waiting for the next Perform().
  struct Failed {
    int64_t number;
    std::string why;
    Callback done;
  };

  // Hands the processes what is ready. An event of one that has gone meanwhile finds nobody.
  void TakeEvents(Clock::time_point now) {
    epoll_event events[kEventsAtOnce];
    int count = epoll_wait(epoll.get(), events, kEventsAtOnce, 0);
    for (int i = 0; i < count; ++i) {
      auto it = processes.find(static_cast<int64_t>(events[i].data.u64 / kChannels));
      if (it == processes.end()) continue;
      it->second->Ready(static_cast<Channel>(events[i].data.u64 % kChannels), now);
    }
  }

  // Kills and buries what a dead program has left behind; true when nothing of it is left.
  bool Bury(CommandProcess& process) {
    bool last = std::ranges::none_of(processes, [&](const auto& each) {
      return each.second.get() != &process && !each.second->dead();
    });
    if (NoChildren()) return true;
    bool all_gone = true;
    for (pid_t pid : OurChildren()) {
      bool known = others.contains(pid) || std::ranges::any_of(processes, [&](const auto& each) {
                     return each.second->pid() == pid;
                   });
      if (known) continue;
      auto number = NumberInMark(pid);
      bool of_another = number && *number != process.number() && processes.contains(*number);
      if (of_another || (!number && !last && !IsDead(pid))) continue;
      if (!process.BuryLeftover(pid)) all_gone = false;
    }
    return all_gone;
  }

  void Advance(Clock::time_point now) {
    std::vector<int64_t> ended;
    for (auto& [number, process] : processes) {
      process->KeepLimits(now);
      if (!process->dead()) continue;
      if (process->next() > now) continue;
      process->Close();
      if (Bury(*process) || now >= process->patience_ends()) {
        ended.push_back(number);
      } else {
        process->LookAgainAt(now + kLookAgain);
      }
    }
    for (int64_t number : ended) {
      auto node = processes.extract(number);  // a callback may start and abort others
      if (node) node.mapped()->Report();
    }
  }

  void DeliverFailed() {
    // Those that a callback starts meanwhile wait for the next turn.
    for (size_t left = failed.size(); left > 0 && !failed.empty(); --left) {
      Failed each = std::move(failed.front());
      failed.pop_front();
      CommandOutcome outcome;
      outcome.end = CommandEnd::kNoStart;
      outcome.why = std::move(each.why);
      each.done(std::move(outcome));
    }
  }

  Keeper keeper;  // ends last
  Fd epoll;
  std::map<int64_t, std::unique_ptr<CommandProcess>> processes;  // by number
  std::deque<Failed> failed;
  std::set<pid_t> others;  // children that were there before us and are nobody's leftovers
  int64_t last_number = 0;
};

CommandRunner::CommandRunner() : impl_(std::make_unique<Impl>()) {}

CommandRunner::~CommandRunner() {
  KillAll();
  auto until = Clock::now() + CommandProcess::kPatience;
  for (auto& [number, process] : impl_->processes) process->Forget();
  while (!impl_->processes.empty() && Clock::now() < until) {
    Perform();
    if (!impl_->processes.empty()) std::this_thread::sleep_for(milliseconds(1));
  }
}

int64_t CommandRunner::Start(CommandRequest request, Callback done) {
  if (!impl_->epoll) {  // most workers never run a command
    impl_->epoll.Reset(epoll_create1(EPOLL_CLOEXEC));
    impl_->keeper.Start(OurMarks());
    impl_->others = OurChildren();
  }
  int64_t number = ++impl_->last_number;
  auto process = CommandProcess::Start(number, std::move(request), impl_->epoll.get(), done);
  if (process) {
    impl_->processes.emplace(number, std::move(*process));
  } else {
    impl_->failed.push_back({number, process.error(), std::move(done)});
  }
  return number;
}

void CommandRunner::Abort(int64_t number) {
  std::erase_if(impl_->failed, [&](const auto& each) { return each.number == number; });
  auto it = impl_->processes.find(number);
  if (it == impl_->processes.end()) return;
  it->second->Forget();
  it->second->Kill();
}

void CommandRunner::KillAll() {
  for (auto& [number, process] : impl_->processes) process->Kill();
}

size_t CommandRunner::running() const { return impl_->processes.size() + impl_->failed.size(); }

std::vector<int> CommandRunner::fds() const {
  return impl_->processes.empty() ? std::vector<int>() : std::vector<int>{impl_->epoll.get()};
}

void CommandRunner::Perform() {
  if (running() == 0) return;
  auto now = Clock::now();
  impl_->TakeEvents(now);
  impl_->Advance(now);
  impl_->DeliverFailed();
}

milliseconds CommandRunner::UntilNextDeadline(milliseconds timeout) const {
  if (!impl_->failed.empty()) return milliseconds(0);
  for (const auto& [number, process] : impl_->processes) {
    timeout = std::min(timeout, std::chrono::ceil<milliseconds>(process->next() - Clock::now()));
  }
  return std::max(timeout, milliseconds(0));
}

}  // namespace muster
