#include "common/config/complete_pools.h"

#include <algorithm>
#include <filesystem>

#include "common/config/kinds.h"

namespace muster {
namespace {

constexpr std::string_view kNode = "{{node}}";

// "/usr/bin/srun" is "srun"; what a name may not hold becomes a dash.
std::string NameOfLauncher(const std::string& word) {
  std::string name = std::filesystem::path(word).filename().string();
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !IsProviderName({&c, 1});
      },
      '-');
  return name;
}

class PoolsCheck {
 public:
  PoolsCheck(Config& config, Problems& problems) : config_(config), problems_(problems) {}

  void CompleteAll(const ConfigOverrides& overrides) {
    for (size_t i = 0; i < config_.pools.size(); ++i) Complete(i);
    if (overrides.workers) return SizeLocal(*overrides.workers);
    if (config_.workers == 0 || config_.pools.empty()) return;
    // Who says pools on the command line means them instead.
    bool instead = !problems_.places().Value("pools").option.empty();
    if (instead) config_.workers = 0;
    if (instead) return;
    problems_.AtKey("workers",
                    "\"workers\" and \"pools\" are both given; expected the number of local "
                    "workers in a pool without \"launch\"");
  }

 private:
  void Complete(size_t i) {
    PoolSettings& pool = config_.pools[i];
    std::string path = ElementPath("pools", i);
    if (problems_.Under(path)) return;
    if (!pool.launched()) return CompleteLocal(i, path);
    if (pool.name.empty()) pool.name = NameOfLauncher(pool.launch.front());
    if (pool.workers == 0) {
      problems_.AtValue(path, fmt::format("\"{}.workers\" is missing; expected how many workers "
                                          "\"launch\" starts",
                                          path));
    }
    CheckName(i, path);
    CheckNodes(pool, path);
  }

  void CompleteLocal(size_t i, const std::string& path) {
    for (size_t before = 0; before < i; ++before) {
      if (config_.pools[before].launched()) continue;
      problems_.AtValue(path, fmt::format("\"{}\" and \"{}\" are both without \"launch\"; expected "
                                          "one pool of local workers",
                                          ElementPath("pools", before), path));
      return;
    }
    for (const char* of_launched : {"name", "nodes", "program"}) {
      std::string at = MemberPath(path, of_launched);
      if (!problems_.places().HasKey(at)) continue;
      problems_.AtKey(at, fmt::format("\"{}\" is for workers elsewhere; expected \"launch\" beside "
                                      "it",
                                      at));
    }
  }

  void CheckName(size_t i, const std::string& path) {
    const std::string& name = config_.pools[i].name;
    for (size_t before = 0; before < i; ++before) {
      if (config_.pools[before].name != name) continue;
      problems_.AtValue(path, fmt::format("two pools are called \"{}\"; expected a \"name\" of its "
                                          "own for \"{}\"",
                                          name, path));
      return;
    }
  }

  void CheckNodes(const PoolSettings& pool, const std::string& path) {
    bool used = std::any_of(pool.launch.begin(), pool.launch.end(), [](const std::string& word) {
      return word.find(kNode) != std::string::npos;
    });
    if (used == !pool.nodes.empty()) return;
    if (used) {
      problems_.AtValue(MemberPath(path, "launch"),
                        fmt::format("\"{}.launch\" has {}, and there are no nodes; expected "
                                    "\"nodes\" beside it",
                                    path, kNode));
    } else {
      problems_.AtValue(
          MemberPath(path, "nodes"),
          fmt::format("\"{0}.nodes\" is never used; expected {1} in \"{0}.launch\"", path, kNode));
    }
  }

  // --workers is about this machine.
  void SizeLocal(int64_t workers) {
    if (config_.pools.empty()) return;
    config_.workers = 0;
    for (PoolSettings& pool : config_.pools) {
      if (pool.launched()) continue;
      pool.workers = workers;
      return;
    }
    problems_.AtKey("workers",
                    "--workers is the number of local workers, and all pools have \"launch\"; "
                    "expected --set with pools, or none of it");
  }

  Config& config_;
  Problems& problems_;
};

}  // namespace

void CompletePools(const ConfigOverrides& overrides, Config& config, Problems& problems) {
  PoolsCheck(config, problems).CompleteAll(overrides);
}

}  // namespace muster
