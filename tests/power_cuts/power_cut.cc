#include "tests/power_cuts/power_cut.h"

#include <signal.h>
#include <sys/syscall.h>

#include <filesystem>

#include "tests/kill_points/gate.h"
#include "tests/torture/processes.h"

namespace muster::power_cuts {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using torture::Child;
using torture::Clock;

torture::Scene MakeScene(const torture::Campaign& campaign, int64_t number, const SmallDisk& disk) {
  torture::Scene::Shape shape = campaign.ShapeOf("cut", number);
  shape.rules = torture::kQuickAnswers;
  shape.run_dir = disk.path() + "/run";
  fs::create_directories(shape.folder);
  return torture::Scene(shape);
}

bool FlushesLog(const kill_points::Stop& stop) {
  if (stop.call.number != SYS_fdatasync && stop.call.number != SYS_fsync) return false;
  std::error_code error;
  auto file = fs::read_symlink(fmt::format("/proc/{}/fd/{}", stop.pid, stop.arguments[0]), error);
  return file.string().ends_with("-wal");
}

kill_points::Order PretendToFlush(const kill_points::Stop& stop) {
  using kill_points::Order;
  return {FlushesLog(stop) ? Order::kPretend : Order::kGoOn, 0};
}

}  // namespace

PowerCut::PowerCut(const torture::Campaign& campaign, int64_t number, SmallDisk& disk, bool flushes)
    : campaign_(campaign),
      disk_(disk),
      flushes_(flushes),
      scene_(MakeScene(campaign, number, disk)) {}

torture::RunChecks PowerCut::Checks(std::vector<std::string>& wrong) {
  return {campaign_, scene_, *provider_, witness_, wrong};
}

PowerCut::Outcome PowerCut::Run(microseconds at) {
  Outcome outcome;
  auto fail = [&](const std::string& why) { return outcome.error = why, outcome; };
  if (auto set_up = SetUp(); !set_up) return fail(set_up.error());
  if (auto started = Start(); !started) return fail(started.error());
  outcome.before_the_end = !muster_->PumpUntil(muster_->started() + at);
  if (auto cut = Cut(); !cut) return fail(cut.error());
  outcome.shown = witness_.shown_done.size();
  Checks(outcome.lost).CompareBooks(false);
  outcome.asked = provider_->asks().size();
  if (outcome.lost.empty()) Finish(outcome.not_healed);
  return outcome;
}

Result<microseconds> PowerCut::Measure() {
  if (auto set_up = SetUp(); !set_up) return Error{set_up.error()};
  if (auto started = Start(); !started) return Error{started.error()};
  if (!muster_->PumpUntil(Clock::now() + torture::kStartLimit)) return Fail("it does not end");
  if (muster_->ending().exit_code != 0) return Fail("{}", muster_->errors());
  return std::chrono::duration_cast<microseconds>(Clock::now() - muster_->started());
}

Result<void> PowerCut::SetUp() {
  if (auto fresh = disk_.StartAfresh(); !fresh) return fresh;
  auto provider = torture::Provider::Start(campaign_.programs + "/fake-provider", folder(),
                                           torture::kCanaryKey, scene_.Script());
  if (!provider) return Error{provider.error()};
  provider_ = std::move(*provider);
  return scene_.Write(provider_->port());
}

Result<void> PowerCut::Start() {
  Child::Command command = campaign_.RunCommand(scene_);
  std::unique_ptr<kill_points::Gate> gate;
  if (!flushes_) {
    auto made = kill_points::Gate::Make({SYS_fdatasync, SYS_fsync, SYS_openat});
    auto tracer = kill_points::Tracer::Make(PretendToFlush);
    if (!made || !tracer) return Error{made ? tracer.error() : made.error()};
    gate = std::move(*made);
    tracer_ = std::move(*tracer);
    command.before_exec = [&gate] { gate->Pass(); };
  }
  auto muster = Child::Start(command);
  if (!muster) return Error{muster.error()};
  muster_ = std::move(*muster);
  witness_.supervisors.insert(muster_->pid());
  muster_->on_line = [this](const std::string& line) {
    if (std::string id = torture::ShownDone(line); !id.empty()) witness_.shown_done.insert(id);
  };
  if (!tracer_) return {};
  muster_->AlsoWatch(tracer_->fd(), [this] { tracer_->Attend(); });
  auto taken = tracer_->Take(muster_->pid());
  gate->Open();
  return taken;
}

Result<void> PowerCut::Cut() {
  const std::vector<pid_t> workers = torture::WorkersOf(muster_->pid());
  for (pid_t worker : workers) torture::SignalChild(muster_->pid(), worker, SIGSTOP);
  muster_->PumpUntil(Clock::now());
  if (auto cut = disk_.Cut(); !cut) return cut;
  auto listen = std::exchange(muster_->on_line, nullptr);  // what it says now comes too late
  muster_->Signal(SIGKILL);
  if (!muster_->PumpUntil(Clock::now() + torture::kStartLimit)) return Fail("it cannot be killed");
  if (muster_->ending().exit_code) {
    witness_.exit_codes[muster_->pid()] = *muster_->ending().exit_code;
    witness_.hindered.insert(muster_->pid());
  }
  // One that had only just been forked would, stopped, not die with its parent.
  for (pid_t worker : workers) torture::SignalChild(getpid(), worker, SIGKILL);
  ++witness_.supervisors_killed;
  tracer_.reset();
  muster_.reset();
  std::vector<std::string> left = torture::AwaitNobody({provider_->pid()}, torture::kGoneLimit);
  if (!left.empty()) return Fail("left after a second: {}", left.front());
  return disk_.PowerUp();
}

void PowerCut::Finish(std::vector<std::string>& wrong) {
  auto last = torture::RunToEnd(campaign_.RunCommand(scene_), torture::kStartLimit);
  if (!last) return wrong.push_back(last.error());
  witness_.supervisors.insert((*last)->pid());
  witness_.exit_codes[(*last)->pid()] = (*last)->ending().exit_code.value_or(-1);
  if ((*last)->ending().exit_code != 0) {
    wrong.push_back(fmt::format("the start after the cut: {}: {}", (*last)->ending().Text(),
                                torture::LastLines((*last)->errors())));
    return;
  }
  Checks(wrong).CompareBooks(true);
  if (wrong.empty()) Checks(wrong).CheckOneMoreRun();
}

}  // namespace muster::power_cuts
