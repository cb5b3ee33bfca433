#pragma once

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

 private:
  std::vector<std::pair<WorkerId, ToWorker>> messages_;
};

}  // namespace muster
