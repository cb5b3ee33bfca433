#include "common/config/complete.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "common/config/url.h"
#include "common/keys.h"

namespace muster {
namespace {

constexpr const char* kUrlVariable = "OPENAI_BASE_URL";
constexpr const char* kDefaultUrl = "https://api.openai.com/v1";

// Providers that need not be written. What a config says of them comes first.
struct BuiltIn {
  const char* name;
  const char* api;
  const char* key_env;
};
constexpr BuiltIn kBuiltIns[] = {{"openai", "openai-responses", "OPENAI_API_KEY"},
                                 {"mock", "mock", ""}};

bool SpeaksOpenAi(const Provider& provider) { return provider.api.starts_with("openai-"); }

void AddBuiltIns(const Places& places, Config& config) {
  for (const BuiltIn& built_in : kBuiltIns) {
    Provider& provider = config.providers[built_in.name];
    std::string path = MemberPath("providers", built_in.name);
    if (!places.HasKey(MemberPath(path, "api"))) provider.api = built_in.api;
    bool own_key = places.HasKey(MemberPath(path, "key_env"));
    if (!own_key && SpeaksOpenAi(provider)) provider.key_env = built_in.key_env;
  }
}

void FindBaseUrl(Provider& provider) {
  const char* variable = std::getenv(kUrlVariable);
  bool set = variable && *variable;
  if (!provider.base_url.empty()) {
    provider.base_url_from = "config";
  } else if (SpeaksOpenAi(provider)) {
    provider.base_url = set ? variable : kDefaultUrl;
    provider.base_url_from = set ? kUrlVariable : "default";
  }
}

void CheckUrlOf(Provider& provider, bool in_use, Problems& problems) {
  std::string path = MemberPath("providers", provider.name);
  std::string setting = MemberPath(path, "base_url");
  if (provider.base_url.empty() || problems.Under(setting)) return;
  auto url = CheckBaseUrl(provider.base_url, provider.insecure_http);
  if (url) {
    provider.base_url = *url;
  } else if (provider.base_url_from == "config") {
    problems.AtValue(setting, fmt::format("\"{}\": {}", setting, url.error()));
  } else if (in_use) {
    problems.AtKey(path, fmt::format("the environment variable {}, where provider \"{}\" is: {}",
                                     provider.base_url_from, provider.name, url.error()));
  }
}

void CompleteProviders(Config& config, Problems& problems) {
  AddBuiltIns(problems.places(), config);
  for (auto& [name, provider] : config.providers) {
    provider.name = name;
    std::string path = MemberPath("providers", name);
    bool own_vendor = problems.places().HasKey(MemberPath(path, "price_vendor"));
    if (SpeaksOpenAi(provider) && !own_vendor) provider.price_vendor = "openai";
    FindBaseUrl(provider);
  }
  std::vector<const Provider*> used = ProvidersInUse(config);
  for (auto& [name, provider] : config.providers) {
    bool in_use = std::find(used.begin(), used.end(), &provider) != used.end();
    CheckUrlOf(provider, in_use, problems);
  }
}

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
