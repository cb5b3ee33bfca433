#include "common/config/complete.h"

#include <filesystem>

#include "common/config/complete_providers.h"

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
  config.run_dir = AbsoluteFolder(config.run_dir);
  if (!overrides.output_dir.empty()) config.output_dir = overrides.output_dir;
  bool own = !config.output_dir.empty();
  config.output_dir = own ? AbsoluteFolder(config.output_dir) : config.run_dir;
}

}  // namespace

void CompleteConfig(const ConfigOverrides& overrides, Config& config, Problems& problems) {
  CompleteProviders(config, problems);
  CompleteFolders(overrides, config);
  for (size_t i = 0; i < config.steps.size(); ++i) {
    const Places& places = problems.places();
    config.steps[i].origin = places.Text(places.Value(ElementPath("steps", i)));
  }
  if (config.items.join && config.items.join->on.empty()) config.items.join->on = "id";
}

}  // namespace muster
