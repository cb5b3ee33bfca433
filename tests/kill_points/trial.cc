#include "tests/kill_points/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "tests/kill_points/gate.h"
#include "tests/torture/processes.h"

namespace muster::kill_points {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using torture::Child;
using torture::Clock;

constexpr int64_t kMany = 1'000'000;

// A start that is told of errors without end waits for better times, as on a full disk: after so
// long it gets a Ctrl+C, and after so long again the second one, then it must go at once.
constexpr milliseconds kPatience{4'000};
constexpr milliseconds kSecondInterrupt{3'000};
constexpr milliseconds kRead{250};

// What the README promises of exit codes.
constexpr std::array kExitCodes{0, 1, 2, 3, 4, 5, 128 + SIGHUP, 128 + SIGINT, 128 + SIGTERM};

torture::Scene MakeScene(const torture::Campaign& campaign, int64_t number) {
  torture::Scene::Shape shape = campaign.ShapeOf("trial", number);
  shape.parts = 2;
  shape.rules = torture::kQuickAnswers;
  // So that no item fails for an error that does not end.
  shape.retry = "{attempts: 100, base: 20ms, most: 2s}";
  fs::create_directories(shape.folder);
  return torture::Scene(shape);
}

std::vector<int64_t> AllCalls() {
  std::vector<int64_t> numbers;
  for (const SystemCall& call : SystemCalls()) numbers.push_back(call.number);
  return numbers;
}

bool Waits(pid_t pid, const SystemCall& call, const Arguments& arguments) {
  auto fd = DescriptorOf(call, arguments);
  if (!fd) return true;
  std::ifstream info(fmt::format("/proc/{}/fdinfo/{}", pid, *fd));
  for (std::string word; info >> word;) {
    if (word == "flags:" && info >> word) return !(std::stoul(word, nullptr, 8) & O_NONBLOCK);
  }
  return true;
}

Order OrderOf(const Point& point) {
  switch (point.how) {
    case Point::How::kKillBefore:
      return {Order::kKillBefore, 0};
    case Point::How::kKillAfter:
      return {Order::kKillAfter, 0};
    case Point::How::kFailOnce:
    case Point::How::kFailForever:
      return {Order::kFail, point.error};
  }
  return {};
}

bool Strikes(const Point& point, const Stop& stop) {
  if (stop.role != point.role || &stop.call != point.call) return false;
  if (point.kills()) return stop.count == point.count;
  bool now =
      point.how == Point::How::kFailForever ? stop.count >= point.count : stop.count == point.count;
  return now && CanFailWith(stop.call, stop.arguments, true, point.error);
}

// Where memory cannot grow any more for ever, it cannot be had elsewhere either.
bool StrikesAlso(const Point& point, const Stop& stop) {
  bool no_memory = point.call->number == SYS_brk && point.how == Point::How::kFailForever;
  return no_memory && stop.role == point.role && stop.call.number == SYS_mmap &&
         CanFailWith(stop.call, stop.arguments, true, ENOMEM);
}

// What a killed process leaves behind is ours; who has ended is reaped.
bool HasChildBut(pid_t spared) {
  std::vector<pid_t> children = torture::ChildrenOf(getpid());
  std::erase_if(children, [spared](pid_t pid) {
    siginfo_t info{};
    bool looked = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | __WALL) == 0;
    return pid == spared || !looked || info.si_pid == pid;
  });
  return !children.empty();
}

}  // namespace

Trial::Trial(const torture::Campaign& campaign, int64_t number, const Stacks& stacks)
    : campaign_(campaign), stacks_(stacks), scene_(MakeScene(campaign, number)) {}

torture::RunChecks Trial::Checks() {
  return {campaign_, scene_, *provider_, witness_, outcome_.wrong};
}

Trial::Outcome Trial::Run(const Point& point) {
  if (!SetUp()) return outcome_;
  if (point.phase == Phase::kRecovery && !KillHalfway(*recovery_at_)) return outcome_;
  std::vector<int64_t> calls{point.call->number, SYS_openat};
  if (point.call->number == SYS_brk) calls.push_back(SYS_mmap);
  Start(calls, [&](const Stop& stop) {
    bool also = outcome_.reached && StrikesAlso(point, stop);
    if (!also && !Strikes(point, stop)) return Order{};
    if (!outcome_.reached) outcome_.stack = stacks_.Of(stop.pid);
    if (!outcome_.reached) outcome_.names = stacks_.Names(stop.pid);
    outcome_.reached = true;
    return OrderOf(point);
  });
  if (!muster_) return outcome_;
  AwaitEnd(!point.kills());
  outcome_.ending = muster_->ended() ? muster_->ending().Text() : "no end";
  if (outcome_.reached) Excuse(point);
  if (muster_->ended()) Judge(point);
  AwaitOthers();
  muster_.reset();
  tracer_.reset();
  if (outcome_.wrong.empty()) Checks().CompareBooks(false);
  if (outcome_.wrong.empty()) Finish();
  return outcome_;
}

Result<Census> Trial::TakeCensus(std::optional<Point> recovery_at) {
  Census census;
  if (SetUp() && (!recovery_at || KillHalfway(*recovery_at))) {
    Start(AllCalls(), [&](const Stop& stop) {
      census.calls.push_back({stop.role, &stop.call, stop.count, stop.arguments,
                              Waits(stop.pid, stop.call, stop.arguments), stacks_.Of(stop.pid)});
      return Order{};
    });
    if (muster_) AwaitEnd(false);
    if (muster_ && muster_->ended() && muster_->ending().exit_code != 0) {
      Complain("{}: {}", muster_->ending().Text(), muster_->errors());
    }
    AwaitOthers();
  }
  if (!outcome_.wrong.empty()) return Fail("{}", outcome_.wrong.front());
  return census;
}

bool Trial::SetUp() {
  auto provider = torture::Provider::Start(campaign_.programs + "/fake-provider", folder(),
                                           torture::kCanaryKey, scene_.Script());
  if (!provider) return Complain("{}", provider.error()), false;
  provider_ = std::move(*provider);
  if (auto written = scene_.Write(provider_->port()); !written) {
    return Complain("{}", written.error()), false;
  }
  return true;
}

// The start before the one that the point is in.
bool Trial::KillHalfway(const Point& point) {
  Start({point.call->number, SYS_openat},
        [&](const Stop& stop) { return Strikes(point, stop) ? OrderOf(point) : Order{}; });
  if (!muster_) return false;
  AwaitEnd(false);
  ++witness_.supervisors_killed;
  if (muster_->ended() && muster_->ending().exit_code) {
    witness_.exit_codes[muster_->pid()] = *muster_->ending().exit_code;
  }
  AwaitOthers();
  muster_.reset();
  tracer_.reset();
  return outcome_.wrong.empty();
}

void Trial::Start(const std::vector<int64_t>& calls, std::function<Order(const Stop&)> decide) {
  auto gate = Gate::Make(calls);
  auto tracer = Tracer::Make(std::move(decide));
  if (!gate || !tracer) return Complain("{}", gate ? tracer.error() : gate.error());
  Child::Command command = campaign_.RunCommand(scene_);
  command.before_exec = [&gate] { (*gate)->Pass(); };
  auto muster = Child::Start(command);
  if (!muster) return Complain("{}", muster.error());
  tracer_ = std::move(*tracer);
  muster_ = std::move(*muster);
  if (auto taken = tracer_->Take(muster_->pid()); !taken) return Complain("{}", taken.error());
  (*gate)->Open();
  witness_.supervisors.insert(muster_->pid());
  muster_->on_line = [this](const std::string& line) {
    if (std::string id = torture::ShownDone(line); !id.empty()) witness_.shown_done.insert(id);
  };
  tracer_->on_crash = [this](pid_t pid, Role role, int) {
    if (role == Role::kSupervisor) outcome_.names += "\n  crashed at: " + stacks_.Names(pid);
  };
  muster_->AlsoWatch(tracer_->fd(), [this] { tracer_->Attend(); });
}

// `may_wait`: for better times, which do not come.
void Trial::AwaitEnd(bool may_wait) {
  auto patience = may_wait ? kPatience : torture::kStartLimit;
  if (muster_->PumpUntil(Clock::now() + patience * campaign_.slow)) return;
  if (may_wait && Interrupt(1)) return;
  Complain("muster does not end; its words:\n{}\n{}",
           torture::LastLines(muster_->output() + muster_->errors()),
           torture::StacksOf(muster_->pid()));
  muster_->Signal(SIGKILL);
  muster_->PumpUntil(Clock::now() + torture::kGoneLimit);
}

bool Trial::Interrupt(int times) {
  outcome_.interrupted = true;
  muster_->Signal(SIGINT);
  bool ended = muster_->PumpUntil(Clock::now() + kSecondInterrupt * campaign_.slow);
  return ended || (times < 2 && Interrupt(times + 1));
}

// What the supervisor leaves behind must be gone at once.
void Trial::AwaitOthers() {
  auto until = Clock::now() + torture::kGoneLimit * campaign_.slow;
  tracer_->Attend();
  while ((!tracer_->others().empty() || HasChildBut(provider_->pid())) && Clock::now() < until) {
    pollfd fd{tracer_->fd(), POLLIN, 0};
    poll(&fd, 1, 20);
    tracer_->Attend();
  }
  for (pid_t pid : tracer_->others()) Complain("I9: process {} is left after a second", pid);
  tracer_.reset();
  Checks().CheckSurvivors();
}

void Trial::Judge(const Point& point) {
  const Child::Ending& ending = muster_->ending();
  if (ending.exit_code) witness_.exit_codes[muster_->pid()] = *ending.exit_code;
  bool killed = point.kills() && point.role == Role::kSupervisor && outcome_.reached;
  bool fits = ending.exit_code == 0;
  if (killed) fits = ending.signal == SIGKILL;
  if (!point.kills() && ending.exit_code) {
    auto known = std::find(kExitCodes.begin(), kExitCodes.end(), *ending.exit_code);
    fits = known != kExitCodes.end();
  }
  if (!fits) {
    Complain("muster ended with {}: {}", ending.Text(),
             torture::LastLines(muster_->output() + muster_->errors()));
  }
}

// What the books may show because of it.
void Trial::Excuse(const Point& point) {
  if (point.role == Role::kSupervisor) ++witness_.supervisors_killed;
  if (point.role == Role::kWorker) ++witness_.workers_killed;
  if (point.kills()) return;
  ++witness_.supervisors_killed;  // it may have to give up
  witness_.hindered.insert(muster_->pid());
  witness_.all_workers_killed += kMany;
  bool once = point.how == Point::How::kFailOnce;
  witness_.broken_by_us += once ? scene_.item_concurrency() : kMany;
}

void Trial::Finish() {
  auto last = torture::RunToEnd(campaign_.RunCommand(scene_), torture::kStartLimit);
  if (!last) return Complain("the last start: {}", last.error());
  witness_.supervisors.insert((*last)->pid());
  if ((*last)->ending().exit_code) {
    witness_.exit_codes[(*last)->pid()] = *(*last)->ending().exit_code;
  }
  if ((*last)->ending().exit_code != 0) {
    Complain("the last start ended with {}: {}", (*last)->ending().Text(),
             torture::LastLines((*last)->output() + (*last)->errors()));
  }
  Checks().CheckSurvivors();
  if (outcome_.wrong.empty()) Checks().CompareBooks(true);
  if (outcome_.wrong.empty()) Checks().CheckOneMoreRun();
}

}  // namespace muster::kill_points
