#include "common/keys.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/template.h"

namespace muster {
namespace {

// Copies a variable and overwrites it where it stands: /proc/PID/environ shows the original bytes.
std::string TakeVariable(const std::string& name) {
  char* value = std::getenv(name.c_str());
  if (!value) return "";
  return value;
}

void WipeVariable(const std::string& name) {
  if (char* value = std::getenv(name.c_str())) std::memset(value, 0, std::strlen(value));
  unsetenv(name.c_str());
}

std::vector<const Provider*> AllProviders(const Config& config) {
  std::vector<const Provider*> all;
  for (const auto& [name, provider] : config.providers) all.push_back(&provider);
  return all;
}

}  // namespace

std::vector<const Provider*> ProvidersInUse(const Config& config, bool* depends_on_item) {
  if (depends_on_item) *depends_on_item = false;
  Json context{{"params", config.params}, {"run", Json{{"name", config.name}}}};
  std::vector<const Provider*> used;
  for (const Step& step : config.steps) {
    if (!step.chat) continue;
    auto text = Render(step.chat->model.text, step.chat->model.origin, context);
    if (!text) {
      if (depends_on_item) *depends_on_item = true;
      return AllProviders(config);
    }
    auto model = ResolveModel(config, *text);
    if (!model || std::find(used.begin(), used.end(), model->provider) != used.end()) continue;
    used.push_back(model->provider);
  }
  return used;
}

Result<Json> TakeKeys(const Config& config) {
  bool by_item = false;
  Json keys = Json::object();
  auto providers = ProvidersInUse(config, &by_item);
  for (const Provider* provider : providers) {
    if (provider->key_env.empty()) continue;
    std::string key = TakeVariable(provider->key_env);
    if (key.find_first_of("\r\n") != std::string::npos) {
      return Fail("the key in {} (provider {}) contains a line break", provider->key_env,
                  provider->name);
    }
    if (!key.empty()) {
      keys[provider->name] = key;
    } else if (!by_item) {
      return Fail("provider {} needs a key: set the environment variable {}", provider->name,
                  provider->key_env);
    }
  }
  for (const auto& [name, provider] : config.providers) {
    if (!provider.key_env.empty()) WipeVariable(provider.key_env);
  }
  return keys;
}

}  // namespace muster
