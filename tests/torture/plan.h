#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace muster::torture {

// What can be done to a running muster, or beside it.
enum class Deed {
  kKillSupervisor,
  kKillWorker,
  kKillEverything,  // the supervisor and all its workers, in either order
  kKillFrozen,      // a worker is stopped (SIGSTOP), then the supervisor killed
  kKillStopped,     // the supervisor is stopped (SIGSTOP), its workers go on, then it is killed
  kKillAtDone,      // the supervisor, the moment it shows an item as done
  kFreezeWorker,    // SIGSTOP, a moment, SIGCONT
  kInterrupt,       // Ctrl+C
  kInterruptTwice,
  kTerminate,
  kSecondRun,  // another `muster run` on the same run directory
  kStatus,     // `muster status`
  kInspect,    // descriptors, environment and command lines of everything that runs
};

inline constexpr auto kDeedNames = std::to_array<std::string_view>({
    "supervisor killed",
    "worker killed",
    "everything killed",
    "supervisor killed, worker frozen",
    "supervisor stopped, then killed",
    "supervisor killed at a done",
    "worker frozen",
    "Ctrl+C",
    "Ctrl+C twice",
    "SIGTERM",
    "second run refused",
    "status read",
    "processes inspected",
});
static_assert(kDeedNames.size() == static_cast<size_t>(Deed::kInspect) + 1);

constexpr std::string_view Name(Deed deed) { return kDeedNames[static_cast<size_t>(deed)]; }

// Ends the session, if it does not end by itself before.
constexpr bool EndsSession(Deed deed) {
  return deed == Deed::kKillSupervisor || deed == Deed::kKillEverything ||
         deed == Deed::kKillFrozen || deed == Deed::kKillStopped || deed == Deed::kKillAtDone ||
         deed == Deed::kInterrupt || deed == Deed::kInterruptTwice || deed == Deed::kTerminate;
}

// Is a SIGKILL, and counted as one kill however many processes it takes.
constexpr bool IsKill(Deed deed) {
  return deed == Deed::kKillSupervisor || deed == Deed::kKillEverything ||
         deed == Deed::kKillFrozen || deed == Deed::kKillStopped || deed == Deed::kKillAtDone ||
         deed == Deed::kKillWorker;
}

// One deed and when, counted from the start of the process.
struct Act {
  std::chrono::microseconds at{0};
  Deed deed = Deed::kKillSupervisor;
  std::chrono::microseconds gap{0};  // of deeds in two parts: between them
  uint64_t choice = 0;               // which worker, which order
};

// What is to happen in one start of muster: acts in order of time, the last of which ends the
// session, or nothing does and it ends by itself.
struct StartPlan {
  std::vector<Act> acts;
  bool check = false;  // compare the books afterwards, before muster itself may repair them
};

// A pure function of its arguments.
StartPlan PlanStart(uint64_t seed, int64_t round, int64_t start);

}  // namespace muster::torture
