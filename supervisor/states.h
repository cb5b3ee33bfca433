#pragma once

// The states of items and workers, and which may follow which. Each item and each worker has one
// state, stored once (items in the ledger, workers in the pool); every queue is an index over it.

#include <array>
#include <string_view>

namespace muster {

enum class ItemStatus {
  kPending,      // to do
  kRunning,      // in a worker's hands; after a crash: pending
  kWaiting,      // given back because its lane is closed; comes again
  kDone,         // results and outputs are in the ledger
  kFailed,       // a permanent error, or retries used up
  kQuarantined,  // killed its worker too often
  kSkipped,      // there was nothing to do, by the config's own rule
  kAbsent,       // in the ledger, no longer in the source
};

inline constexpr std::array<std::string_view, 8> kItemStatusNames{
    "pending", "running", "waiting", "done", "failed", "quarantined", "skipped", "absent"};

constexpr std::string_view Name(ItemStatus status) {
  return kItemStatusNames[static_cast<size_t>(status)];
}

// Nothing more will be done with it unless someone asks.
constexpr bool IsFinal(ItemStatus s) {
  return s == ItemStatus::kDone || s == ItemStatus::kFailed || s == ItemStatus::kQuarantined ||
         s == ItemStatus::kSkipped || s == ItemStatus::kAbsent;
}

enum class WorkerState {
  kStarting,  // spawned, has not said hello
  kIdle,      // started, has no item
  kBusy,      // has an item
  kStopping,  // told to stop, or being killed
};

constexpr bool MayFollow(WorkerState from, WorkerState to) {
  switch (to) {
    case WorkerState::kStarting:
      return false;
    case WorkerState::kIdle:
      return from == WorkerState::kStarting || from == WorkerState::kBusy;
    case WorkerState::kBusy:
      return from == WorkerState::kIdle;
    case WorkerState::kStopping:
      return from != WorkerState::kStopping;
  }
  return false;
}

}  // namespace muster
