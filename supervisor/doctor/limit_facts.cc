#include "supervisor/doctor/limit_facts.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "common/fd.h"
#include "common/text.h"
#include "supervisor/doctor/control_group.h"
#include "supervisor/pool/descriptor_limit.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// A forked worker's own memory, with room for the answers it holds.
constexpr uint64_t kBytesOfAWorker = 2 << 20;
constexpr uint64_t kBytesOfTheRest = 100 << 20;
// A worker, its keeper and the program that it runs.
constexpr uint64_t kProcessesOfAWorker = 3;

constexpr size_t kMostRead = 1 << 20;

std::string InMb(uint64_t bytes) { return FormatCount(static_cast<int64_t>(bytes >> 20)) + " MB"; }

std::string Number(uint64_t number) { return FormatCount(static_cast<int64_t>(number)); }

MachineLimit Smaller(MachineLimit a, MachineLimit b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

MachineLimit HardLimit(__rlimit_resource which) {
  rlimit limit{};
  if (getrlimit(which, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_max;
}

// The user's processes and their threads; those of the control group where it has a limit.
uint64_t ThreadsOfUser() {
  uint64_t threads = 0;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    struct stat info;
    if (name[0] < '0' || name[0] > '9' || stat(it->path().c_str(), &info) != 0) continue;
    if (info.st_uid != getuid() || stat((it->path() / "task").c_str(), &info) != 0) continue;
    threads += info.st_nlink > 2 ? info.st_nlink - 2 : 1;
  }
  return threads;
}

Fact ProcessesHere(size_t local_workers) {
  ControlGroup group = OwnControlGroup();
  MachineLimit of_group = group.Number("pids.max");
  if (of_group) {
    auto in_use = group.Number("pids.current");
    return ProcessesFact(of_group, in_use.value_or(0), local_workers);
  }
  // The kernel asks nothing of root.
  MachineLimit of_user = getuid() == 0 ? std::nullopt : HardLimit(RLIMIT_NPROC);
  return ProcessesFact(of_user, ThreadsOfUser(), local_workers);
}

Fact MemoryHere(size_t local_workers) {
  auto text = ReadFile("/proc/meminfo", kMostRead);
  MachineLimit available = text ? AvailableIn(*text) : std::nullopt;
  ControlGroup group = OwnControlGroup();
  if (MachineLimit most = group.Number("memory.max")) {
    uint64_t used = group.Number("memory.current").value_or(0);
    available = Smaller(available, *most > used ? *most - used : 0);
  }
  if (!available) return {FactKind::kNote, "memory", "how much is available cannot be told"};
  return MemoryFact(*available, local_workers);
}

}  // namespace

Fact OpenFilesFact(MachineLimit hard, size_t workers) {
  Fact fact{FactKind::kOk, "open files", ""};
  size_t wanted = DescriptorsFor(workers);
  fact.detail =
      fmt::format("{} are needed for {} worker{}, {} are allowed", Number(wanted), Number(workers),
                  workers == 1 ? "" : "s", hard ? Number(*hard) : "any number");
  if (!hard || *hard >= wanted) return fact;
  fact.kind = *hard < DescriptorsFor(1) ? FactKind::kMissing : FactKind::kNote;
  fact.advice = "some of the workers will not be started: a higher limit (ulimit -Hn) or fewer";
  return fact;
}

Fact ProcessesFact(MachineLimit limit, uint64_t in_use, size_t local_workers) {
  if (!limit) return {FactKind::kOk, "processes", "no limit"};
  uint64_t left = *limit > in_use ? *limit - in_use : 0;
  Fact fact{FactKind::kOk, "processes",
            fmt::format("{} of {} are left for {} worker{} and what they run", Number(left),
                        Number(*limit), Number(local_workers), local_workers == 1 ? "" : "s")};
  if (left >= local_workers * kProcessesOfAWorker + 1) return fact;
  fact.kind = left < 2 ? FactKind::kMissing : FactKind::kNote;
  fact.advice = "a higher limit (ulimit -u, pids.max of the control group) or fewer workers";
  return fact;
}

Fact MemoryFact(uint64_t available, size_t local_workers) {
  uint64_t wanted = kBytesOfTheRest + local_workers * kBytesOfAWorker;
  Fact fact{FactKind::kOk, "memory",
            fmt::format("{} are available, about {} are needed for {} worker{} without what they "
                        "run",
                        InMb(available), InMb(wanted), Number(local_workers),
                        local_workers == 1 ? "" : "s")};
  if (available >= wanted) return fact;
  fact.kind = FactKind::kNote;
  fact.advice = "fewer workers, or more memory";
  return fact;
}

std::optional<uint64_t> AvailableIn(std::string_view meminfo) {
  constexpr std::string_view kLabel = "MemAvailable:";
  size_t at = meminfo.find(kLabel);
  if (at == meminfo.npos) return std::nullopt;
  at = meminfo.find_first_not_of(' ', at + kLabel.size());
  uint64_t kilobytes = 0;
  if (at == meminfo.npos) return std::nullopt;
  auto [end, error] =
      std::from_chars(meminfo.data() + at, meminfo.data() + meminfo.size(), kilobytes);
  if (error != std::errc()) return std::nullopt;
  return kilobytes * 1024;
}

Facts LimitFacts(size_t workers, size_t local_workers) {
  return {OpenFilesFact(HardLimit(RLIMIT_NOFILE), workers), ProcessesHere(local_workers),
          MemoryHere(local_workers)};
}

}  // namespace muster
