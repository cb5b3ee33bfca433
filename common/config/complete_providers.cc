#include "common/config/complete_providers.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "common/config/api_facts.h"
#include "common/config/url.h"
#include "common/key_file.h"
#include "common/keys.h"

namespace muster {
namespace {

// Providers that need not be written.
struct BuiltIn {
  const char* name;
  const char* api;
};
constexpr BuiltIn kBuiltIns[] = {
    {"openai", "openai-responses"},
    {"anthropic", "anthropic"},
    {"gemini", "gemini"},
    {"ollama", "ollama"},
    {"openrouter", "openrouter"},
    {"claude-code", "claude-code"},
    {"mock", "mock"},
    {"command", "command"},
};

// The value of a variable; nullptr where it is not set or empty.
const char* SetVariable(const std::string& name) {
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value && *value ? value : nullptr;
}

void AddBuiltIns(const Places& places, Config& config) {
  for (const BuiltIn& built_in : kBuiltIns) {
    Provider& provider = config.providers[built_in.name];
    std::string path = MemberPath("providers", built_in.name);
    if (!places.HasKey(MemberPath(path, "api"))) provider.api = built_in.api;
  }
}

void FindBaseUrl(const ApiFacts& facts, Provider& provider) {
  if (!provider.base_url.empty()) {
    provider.base_url = UrlFromConfig(facts, provider.base_url);
    provider.base_url_from = "config";
  } else if (const char* url = SetVariable(facts.url_variable)) {
    provider.base_url = UrlFromVariable(facts, url);
    provider.base_url_from = facts.url_variable;
  } else if (*facts.default_url) {
    provider.base_url = facts.default_url;
    provider.base_url_from = "default";
  }
}

// A built-in provider keeps its key wherever it is; another one has it at the API's own service
// (or what the user's environment says is that), and none at an address of its own.
bool HasKeyByItself(const ApiFacts& facts, const Provider& provider) {
  for (const BuiltIn& built_in : kBuiltIns) {
    const ApiFacts* own = FindApiFacts(built_in.api);
    if (provider.name == built_in.name && own->key_variables == facts.key_variables) return true;
  }
  return provider.base_url_from != "config" || provider.base_url == facts.default_url;
}

void FindKey(const ApiFacts& facts, const Places& places, Provider& provider) {
  std::string path = MemberPath("providers", provider.name);
  if (!places.HasKey(MemberPath(path, "key_header"))) provider.key_header = facts.key_header;
  bool said =
      places.HasKey(MemberPath(path, "key_env")) || places.HasKey(MemberPath(path, "key_file"));
  if (said || !HasKeyByItself(facts, provider)) return;
  provider.key_env = facts.key_variables[0];
  for (std::string_view variable : facts.key_variables) {
    if (!SetVariable(std::string(variable))) continue;
    provider.key_env = variable;
    return;
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

// Absolute: relative paths begin at the config's folder, ~/ at home.
void FindKeyFile(const std::string& folder, Provider& provider, Problems& problems) {
  if (provider.key_file.empty()) return;
  std::string path = provider.key_file;
  if (path.starts_with("~/")) {
    const char* home = SetVariable("HOME");
    std::string setting = MemberPath(MemberPath("providers", provider.name), "key_file");
    if (!home) {
      return problems.AtValue(setting,
                              fmt::format("\"{}\" begins with ~/, but HOME is not set", setting));
    }
    path = home + path.substr(1);
  }
  provider.key_file = (std::filesystem::path(folder) / path).lexically_normal().string();
}

// A file that is not there is a mistake where a run is sure to need it.
void CheckKeyFileOf(const Provider& provider, bool needed, Problems& problems) {
  std::string setting = MemberPath(MemberPath("providers", provider.name), "key_file");
  if (provider.key_file.empty() || problems.Under(setting)) return;
  auto there = KeyFileExists(provider.key_file);
  if (!there) {
    problems.AtValue(setting, fmt::format("\"{}\": {}", setting, there.error()));
  } else if (!*there && needed) {
    problems.AtValue(setting, fmt::format("\"{}\": {}: no such file", setting, provider.key_file));
  }
}

}  // namespace

void CompleteProviders(Config& config, Problems& problems) {
  const Places& places = problems.places();
  AddBuiltIns(places, config);
  for (auto& [name, provider] : config.providers) {
    provider.name = name;
    FindKeyFile(config.base_dir, provider, problems);
    const ApiFacts* facts = FindApiFacts(provider.api);
    if (!facts) continue;
    bool own_vendor = places.HasKey(MemberPath(MemberPath("providers", name), "price_vendor"));
    if (!own_vendor) provider.price_vendor = facts->price_vendor;
    FindBaseUrl(*facts, provider);
    FindKey(*facts, places, provider);
  }
  bool by_item = false;
  std::vector<const Provider*> used = ProvidersInUse(config, &by_item);
  for (auto& [name, provider] : config.providers) {
    bool in_use = std::find(used.begin(), used.end(), &provider) != used.end();
    CheckUrlOf(provider, in_use, problems);
    if (in_use) CheckKeyFileOf(provider, !by_item, problems);
  }
}

}  // namespace muster
