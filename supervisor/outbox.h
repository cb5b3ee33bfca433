#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "supervisor/pool/worker_pool.h"

namespace muster {

// What the turn's decisions want said to workers. It leaves only after the commit that the words
// rest on.
class Outbox {
 public:
  void Add(WorkerId worker, ToWorker message) {
    messages_.emplace_back(worker, std::move(message));
  }
  void SendAll(WorkerPool& pool) {
    for (const auto& [worker, message] : messages_) pool.Send(worker, message);
    messages_.clear();
  }
  bool empty() const { return messages_.empty(); }
  // What was to be said to a worker that is gone.
  void Forget(WorkerId worker) {
    std::erase_if(messages_, [worker](const auto& entry) { return entry.first == worker; });
  }
  // Calls that may go once the commit is there: nobody has sent them yet.
  size_t unsent_calls() const {
    return static_cast<size_t>(std::count_if(messages_.begin(), messages_.end(), [](const auto& m) {
      return std::holds_alternative<Go>(m.second);
    }));
  }

 private:
  std::vector<std::pair<WorkerId, ToWorker>> messages_;
};

}  // namespace muster
