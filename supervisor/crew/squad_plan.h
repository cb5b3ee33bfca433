#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "common/config/config.h"

namespace muster {

// Workers that are started alike and share a fate: those of a pool, on one of its nodes. What can
// be known of them before any is started.
struct SquadPlan {
  std::string pool;    // as the config names it; empty: local workers
  std::string prefix;  // its workers are prefix + 1, 2, …: "w", "cluster/", "cluster/node1/"
  size_t size = 0;
  std::vector<std::string> command = {};  // launcher, worker, arguments; empty: local
  std::chrono::milliseconds start_within{60'000};
  size_t starts_at_once = 64;
  std::chrono::milliseconds lease{0};  // 0: the pipe tells

  bool launched() const { return !command.empty(); }
};

// Workers on this machine; 0: one per core.
SquadPlan LocalSquad(int64_t workers);

// The squads of a config, local ones first. `worker` is the worker program on this machine.
// `sequential`: one local worker and nobody else.
std::vector<SquadPlan> PlanSquads(const Config& config, const std::string& worker, bool sequential);

// Whether workers read or write files beside what comes to them over the pipe, so that those on
// other machines must see the same folders.
bool NeedsSharedFolder(const Config& config);

// `total` in as many parts as equal as can be; part `index` of `parts`.
size_t ShareOf(size_t total, size_t parts, size_t index);

}  // namespace muster
