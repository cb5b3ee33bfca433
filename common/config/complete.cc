#include "common/config/complete.h"

#include <filesystem>

#include "common/config/complete_pools.h"
#include "common/config/complete_providers.h"
#include "common/config/shard.h"

namespace muster {
namespace {

// Absolute, also when it does not exist yet; without a slash at the end.
std::string AbsoluteFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (!absolute.has_filename() && absolute.has_relative_path()) absolute = absolute.parent_path();
  return absolute.string();
}

void CompleteFolders(const ConfigOverrides& overrides, Config& config) {
  if (config.run_dir.empty()) config.run_dir = "runs/" + config.name;
  if (!overrides.run_dir.empty()) config.run_dir = overrides.run_dir;
  if (!overrides.output_dir.empty()) config.output_dir = overrides.output_dir;
  bool own = !config.output_dir.empty();
  // Files that grow have one writer.
  if (auto shard = ParseShard(overrides.shard)) {
    config.run_dir += "/" + shard->folder();
    if (own) config.output_dir += "/" + shard->folder();
  }
  config.run_dir = AbsoluteFolder(config.run_dir);
  config.output_dir = own ? AbsoluteFolder(config.output_dir) : config.run_dir;
}

void CompleteSteps(std::vector<Step>& steps, const std::string& path, const Places& places) {
  for (size_t i = 0; i < steps.size(); ++i) {
    std::string at = ElementPath(path, i);
    steps[i].origin = places.Text(places.Value(at));
    CompleteSteps(steps[i].branches, MemberPath(at, "branches"), places);
  }
}

}  // namespace

void CompleteConfig(const ConfigOverrides& overrides, Config& config, Problems& problems) {
  CompleteProviders(config, problems);
  CompletePools(overrides, config, problems);
  CompleteFolders(overrides, config);
  CompleteSteps(config.steps, "steps", problems.places());
  config.range = overrides.range;
  TakeShard(overrides.shard, config, problems);
  if (const auto& range = config.items.range; range && config.range.empty()) {
    config.range = fmt::format("{}..{}", range->from, range->to);
  }
  if (config.items.join && config.items.join->on.empty()) config.items.join->on = "id";
}

}  // namespace muster
