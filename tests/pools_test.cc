// Pools and shards as a config says them, and the squads that follow from them.

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "common/config/items.h"
#include "common/config/shard.h"
#include "supervisor/crew/squad_plan.h"
#include "tests/config_testing.h"

namespace muster {
namespace {

const std::string kHead = "name: p\nitems: {range: 1..100}\n";
const std::string kSteps = "steps:\n  - {id: ask, chat: {model: mock/m, user: hello}}\n";

Config LoadPools(const std::string& pools, const ConfigOverrides& overrides = {}) {
  ConfigFolder folder;
  auto config = folder.Load(kHead + pools + kSteps, overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

TEST_CASE("pools: without any there is one of local workers, as many as `workers` says") {
  auto squads = PlanSquads(LoadPools("workers: 3\n"), "/bin/w", false);
  REQUIRE(squads.size() == 1);
  CHECK(squads[0].size == 3);
  CHECK(squads[0].prefix == "w");
  CHECK_FALSE(squads[0].launched());
  CHECK(PlanSquads(LoadPools(""), "/bin/w", false)[0].size >= 1);
}

TEST_CASE("pools: a launcher stands before the worker's own command line") {
  Config config = LoadPools(R"(pools:
  - {workers: 64, launch: [/usr/bin/srun, -n1, --quiet], lease: 40s}
  - {workers: 8}
  - {name: gpu, workers: 2, launch: ssh box, program: /opt/w, start_within: 5s, starts_at_once: 1}
)");
  auto squads = PlanSquads(config, "/bin/w", false);
  REQUIRE(squads.size() == 3);
  CHECK_FALSE(squads[0].launched());  // local ones come first
  CHECK(squads[0].size == 8);
  CHECK(squads[1].pool == "srun");
  CHECK(squads[1].prefix == "srun/");
  CHECK(squads[1].command ==
        std::vector<std::string>{"/usr/bin/srun", "-n1", "--quiet", "/bin/w", "--pipe"});
  CHECK(squads[1].lease == std::chrono::seconds(40));
  CHECK(squads[2].prefix == "gpu/");
  CHECK(squads[2].command == std::vector<std::string>{"ssh box", "/opt/w", "--pipe"});
  CHECK(squads[2].start_within == std::chrono::seconds(5));
  CHECK(squads[2].starts_at_once == 1);
  CHECK(PlanSquads(config, "/bin/w", true).size() == 1);  // --sequential
}

TEST_CASE("pools: workers are spread over nodes, whose names stand in the launcher's words") {
  auto squads =
      PlanSquads(LoadPools("pools: [{workers: 5, launch: [ssh, \"u@{{node}}\"], nodes: [a, b]}]\n"),
                 "/bin/w", false);
  REQUIRE(squads.size() == 2);
  CHECK(squads[0].prefix == "ssh/a/");
  CHECK(squads[0].size == 3);
  CHECK(squads[0].command[1] == "u@a");
  CHECK(squads[1].prefix == "ssh/b/");
  CHECK(squads[1].size == 2);
  CHECK(squads[1].command[1] == "u@b");
}

TEST_CASE("pools: --workers is the number of local workers") {
  ConfigOverrides overrides;
  overrides.workers = 7;
  auto squads = PlanSquads(
      LoadPools("pools: [{workers: 2}, {workers: 4, launch: [srun]}]\n", overrides), "w", false);
  CHECK(squads[0].size == 7);
  CHECK(squads[1].size == 4);
  ConfigFolder folder;
  CHECK(folder.Mistakes(kHead + "pools: [{workers: 4, launch: [srun]}]\n" + kSteps, overrides)
            .find("all pools have \"launch\"") != std::string::npos);
}

TEST_CASE("pools: those of the command line stand in the place of the config's workers") {
  ConfigOverrides overrides;
  overrides.set = {"pools=[{workers: 2}, {workers: 3, launch: [srun]}]"};
  auto squads = PlanSquads(LoadPools("workers: 9\n", overrides), "w", false);
  REQUIRE(squads.size() == 2);
  CHECK(squads[0].size == 2);
  CHECK(squads[1].size == 3);
}

TEST_CASE("pools: mistakes are told where they are") {
  ConfigFolder folder;
  auto mistakes = [&](const std::string& pools) { return folder.Mistakes(kHead + pools + kSteps); };
  CHECK(
      mistakes("workers: 2\npools: [{workers: 3}]\n") ==
      "c.yaml:3:1: \"workers\" and \"pools\" are both given; expected the number of local workers "
      "in a pool without \"launch\"");
  CHECK(mistakes("pools:\n  - {launch: [srun]}\n") ==
        "c.yaml:4:5: \"pools[0].workers\" is missing; expected how many workers \"launch\" starts");
  CHECK(
      mistakes("pools:\n  - {workers: 1}\n  - {workers: 2}\n") ==
      "c.yaml:5:5: \"pools[0]\" and \"pools[1]\" are both without \"launch\"; expected one pool of "
      "local workers");
  CHECK(
      mistakes("pools:\n  - {workers: 1, launch: [srun, -n1]}\n  - {workers: 2, launch: [srun]}\n")
          .find("two pools are called \"srun\"") != std::string::npos);
  CHECK(mistakes("pools:\n  - {workers: 1, launch: [ssh, \"{{node}}\"]}\n")
            .find("there are no nodes") != std::string::npos);
  CHECK(
      mistakes("pools:\n  - {workers: 1, launch: [ssh, a], nodes: [a]}\n").find("is never used") !=
      std::string::npos);
  CHECK(mistakes("pools:\n  - {workers: 1, nodes: [a]}\n").find("is for workers elsewhere") !=
        std::string::npos);
  CHECK(mistakes("pools:\n  - {workers: 1, lunch: [ssh]}\n").find("did you mean \"launch\"") !=
        std::string::npos);
}

TEST_CASE("pools: only what goes through files needs a shared folder") {
  CHECK_FALSE(NeedsSharedFolder(LoadPools("")));
  ConfigFolder folder;
  auto config = folder.Load(kHead + "steps:\n  - {id: list, command: {run: [/bin/ls]}}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(NeedsSharedFolder(*config));
}

// ---- shards ----

std::set<std::string> ItemsOf(const Config& config) {
  std::set<std::string> ids;
  auto read = ForEachItem(config, [&](SourceItem item) -> Result<void> {
    ids.insert(item.id);
    return {};
  });
  REQUIRE_MESSAGE(read, read.error());
  return ids;
}

TEST_CASE("shards: every item is in exactly one, and stays there when others are added") {
  std::set<std::string> all;
  for (int64_t i = 1; i <= 4; ++i) {
    ConfigOverrides overrides;
    overrides.shard = fmt::format("{}/4", i);
    Config config = LoadPools("", overrides);
    CHECK(config.run_dir.ends_with(fmt::format("/p/shard-{}-of-4", i)));
    auto ids = ItemsOf(config);
    CHECK(ids.size() > 10);
    for (const std::string& id : ids) CHECK(all.insert(id).second);
    config.items.range->to = 200;
    auto more = ItemsOf(config);
    CHECK(std::includes(more.begin(), more.end(), ids.begin(), ids.end()));
  }
  CHECK(all.size() == 100);
}

TEST_CASE("shards: limits and the budget are divided, rounded down") {
  ConfigOverrides overrides;
  overrides.shard = "2/3";
  Config config = LoadPools(
      "limits: {concurrency: 10, requests_per_minute: 100, min_delay: 1s,\n"
      "         rates: [{per: 1d, tokens: 1000}]}\nbudget: {max_cost: 9}\n",
      overrides);
  CHECK(config.limits.concurrency == 3);
  CHECK(config.limits.requests_per_minute == 33);
  CHECK(config.limits.min_delay == std::chrono::seconds(3));
  CHECK(config.limits.rates[0].tokens == 333);
  CHECK(config.budget.max_cost == 3'000'000'000'000);
}

TEST_CASE("shards: what is no share, and what cannot be shared, is told") {
  ConfigFolder folder;
  ConfigOverrides overrides;
  for (const char* bad : {"0/4", "5/4", "1", "a/b", "1/0", "/", "1/2/3"}) {
    CAPTURE(bad);
    overrides.shard = bad;
    CHECK(folder.Mistakes(kHead + kSteps, overrides).find("is no share; expected I/N") !=
          std::string::npos);
  }
  overrides.shard = "1/8";
  CHECK(folder.Mistakes(kHead + "limits: {concurrency: 4}\n" + kSteps, overrides) ==
        "c.yaml:3:23: \"limits.concurrency\" cannot be divided among 8 shards; expected at least 1 "
        "for each, or fewer shards");
}

}  // namespace
}  // namespace muster
