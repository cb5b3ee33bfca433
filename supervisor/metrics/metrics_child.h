#pragma once

#include <string>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// The process that serves a run's metrics: `muster metrics`, started by the supervisor so that no
// scrape can hold its loop up. It has nothing of the supervisor but the run's name, dies with it,
// and is killed when this is destroyed. Should it end by itself, the run goes on without it.
class MetricsChild {
 public:
  // Starts it and waits until it listens at `host_port`; an error says in a sentence why it does
  // not. `program` is this program unless a test says otherwise. The ledger must be there.
  static Result<MetricsChild> Start(const std::string& run_dir, const std::string& host_port,
                                    const std::string& program = "/proc/self/exe");
  MetricsChild(MetricsChild&&) noexcept = default;
  ~MetricsChild();

  // "metrics at http://127.0.0.1:9464/metrics".
  const std::string& said() const { return said_; }

 private:
  explicit MetricsChild(Fd process) : process_(std::move(process)) {}

  Fd process_;  // by descriptor: the pool buries what ends, and its number may be another's then
  std::string said_;
};

}  // namespace muster
