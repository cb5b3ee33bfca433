#include "worker/worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "worker/shared_folder.h"

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;

// Memory that was given back is noticed at every so many-th item at the latest.
constexpr int64_t kMemoryEvery = 32;

// Resident memory of this process, from /proc: four system calls.
int64_t ReadMemoryKb() {
  long pages = 0;
  if (FILE* file = fopen("/proc/self/statm", "re")) {
    if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int64_t PeakMemoryKb() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

}  // namespace

// Read anew when the peak has risen, as a leak makes it, and now and then.
int64_t Worker::MemoryKb() {
  int64_t peak = PeakMemoryKb();
  if (peak > peak_memory_kb_ || ++memory_uses_ % kMemoryEvery == 0) memory_kb_ = ReadMemoryKb();
  peak_memory_kb_ = peak;
  return memory_kb_;
}

Result<void> Worker::Handle(ToWorker message) {
  if (auto* start = std::get_if<Start>(&message)) return Begin(std::move(*start));
  if (auto* item = std::get_if<Item>(&message)) return BeginItem(std::move(*item));
  if (auto* cancel = std::get_if<Cancel>(&message)) return CancelItem(*cancel);
  if (std::holds_alternative<Alive>(message) || std::holds_alternative<Stop>(message)) return {};
  int64_t call = std::visit(
      [](const auto& verdict) -> int64_t {
        if constexpr (requires { verdict.call; }) {
          return verdict.call;
        } else {
          return 0;
        }
      },
      message);
  return OnVerdict(call, std::move(message));
}

Result<void> Worker::Begin(Start start) {
  if (config_) return Fail("a second start");
  if (start.version != kProtocolVersion) {
    return Fail("the supervisor speaks protocol {}, this worker {}", start.version,
                kProtocolVersion);
  }
  if (auto taken = TakeConfig(start); !taken) return taken;
  auto seen = CheckSharedFolder(start.run_dir, start.run_mark, config_->base_dir);
  if (!seen) return seen;
  run_dir_ = start.run_dir.empty() ? config_->run_dir : start.run_dir;
  verbose_ = start.verbose;
  alive_every_ = std::chrono::milliseconds(std::max<int64_t>(start.alive_every_ms, 10));
  lease_ = std::chrono::milliseconds(start.lease_ms);
  return {};
}

Result<void> Worker::TakeConfig(const Start& start) {
  if (start.config.is_null() && inherited_) {
    config_ = &inherited_->config;
    caller_.SetKeys(inherited_->keys);
    return {};
  }
  auto config = ConfigFromJson(start.config);
  if (!config) return Fail("config: {}", config.error());
  config_ = &own_config_.emplace(std::move(*config));
  caller_.SetKeys(start.keys);
  return {};
}

Result<void> Worker::BeginItem(Item item) {
  if (!config_) return Fail("an item before start");
  if (run_) return Fail("item {} while {} is at hand", item.item, run_->item());
  cancelled_ = false;
  run_ = std::make_unique<ItemRun>(*config_, run_dir_, caller_, link_, std::move(item), verbose_);
  task_.emplace(run_->Run());
  task_->Start();
  ReportIfEnded();
  return {};
}

Result<void> Worker::OnVerdict(int64_t call, ToWorker verdict) {
  if (cancelled_) return {};  // it was on its way when the attempt ended
  if (!caller_.OnVerdict(call, std::move(verdict))) return Fail("a verdict for no call ({})", call);
  ReportIfEnded();
  return {};
}

Result<void> Worker::CancelItem(const Cancel& cancel) {
  if (!run_ || run_->item() != cancel.item || run_->attempt() != cancel.attempt) return {};
  task_.reset();
  run_.reset();
  cancelled_ = true;
  Done done;
  done.item = cancel.item;
  done.attempt = cancel.attempt;
  done.reason = "cancelled";
  done.memory_kb = MemoryKb();
  link_.Say(std::move(done));
  return {};
}

void Worker::ReportIfEnded() {
  if (!task_ || !task_->done()) return;
  Done done = task_->TakeValue();
  done.memory_kb = MemoryKb();
  task_.reset();
  run_.reset();
  link_.Say(std::move(done));
}

void Worker::Turn(const std::vector<int>& read_fds, Clock::time_point until,
                  std::vector<bool>* readable) {
  if (auto timer = timers_.next()) until = std::min(until, *timer);
  auto timeout = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  timeout = commands_.UntilNextDeadline(std::max(timeout, std::chrono::milliseconds(0)));
  std::vector<int> fds = read_fds;
  for (int fd : commands_.fds()) fds.push_back(fd);
  http_.WaitAndPerform(fds, timeout, readable);
  if (readable) readable->resize(read_fds.size());
  commands_.Perform();
  timers_.Fire(Clock::now());
  ReportIfEnded();
}

}  // namespace muster
