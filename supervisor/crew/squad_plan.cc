#include "supervisor/crew/squad_plan.h"

#include <unistd.h>

#include <algorithm>

namespace muster {
namespace {

constexpr std::string_view kNode = "{{node}}";

size_t Cores() { return static_cast<size_t>(std::max<long>(1, sysconf(_SC_NPROCESSORS_ONLN))); }

std::string Placed(std::string word, const std::string& node) {
  for (size_t at = word.find(kNode); at != std::string::npos; at = word.find(kNode, at)) {
    word.replace(at, kNode.size(), node);
    at += node.size();
  }
  return word;
}

SquadPlan LaunchedSquad(const PoolSettings& pool, const std::string& worker,
                        const std::string& node) {
  SquadPlan squad;
  squad.pool = pool.name;
  squad.prefix = pool.name + "/" + (node.empty() ? "" : node + "/");
  squad.size = static_cast<size_t>(pool.workers);
  for (const std::string& word : pool.launch) squad.command.push_back(Placed(word, node));
  squad.command.push_back(pool.program.empty() ? worker : pool.program);
  squad.command.push_back("--pipe");
  squad.start_within = pool.start_within;
  squad.starts_at_once = static_cast<size_t>(pool.starts_at_once);
  squad.lease = pool.lease;
  return squad;
}

}  // namespace

SquadPlan LocalSquad(int64_t workers) {
  SquadPlan squad;
  squad.prefix = "w";
  squad.size = workers > 0 ? static_cast<size_t>(workers) : Cores();
  return squad;
}

bool NeedsSharedFolder(const Config& config) {
  auto steps = WorkingSteps(config);
  return std::any_of(steps.begin(), steps.end(), [](const Step* step) {
    if (step->command || step->request || step->reuse) return true;
    return step->chat && (!step->chat->images.empty() || !step->chat->context.empty() ||
                          !step->chat->user.file.empty() ||
                          (step->chat->system && !step->chat->system->file.empty()));
  });
}

size_t ShareOf(size_t total, size_t parts, size_t index) {
  return total / parts + (index < total % parts ? 1 : 0);
}

std::vector<SquadPlan> PlanSquads(const Config& config, const std::string& worker,
                                  bool sequential) {
  if (sequential) return {LocalSquad(1)};
  if (config.pools.empty()) return {LocalSquad(config.workers)};
  std::vector<SquadPlan> squads;
  for (const PoolSettings& pool : config.pools) {
    if (!pool.launched()) squads.insert(squads.begin(), LocalSquad(pool.workers));
    if (!pool.launched()) continue;
    if (pool.nodes.empty()) squads.push_back(LaunchedSquad(pool, worker, ""));
    for (size_t i = 0; i < pool.nodes.size(); ++i) {
      SquadPlan squad = LaunchedSquad(pool, worker, pool.nodes[i]);
      squad.size = ShareOf(squad.size, pool.nodes.size(), i);
      squad.starts_at_once =
          std::max<size_t>(1, ShareOf(squad.starts_at_once, pool.nodes.size(), i));
      squads.push_back(std::move(squad));
    }
  }
  return squads;
}

}  // namespace muster
