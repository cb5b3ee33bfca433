#include "common/keys.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/key_file.h"
#include "common/template.h"

namespace muster {
namespace {

std::string VariableText(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? value : "";
}

// Overwrites a variable where it stands: /proc/PID/environ shows the original bytes.
void WipeVariable(const std::string& name) {
  if (char* value = std::getenv(name.c_str())) std::memset(value, 0, std::strlen(value));
  unsetenv(name.c_str());
}

// The key; "" where there is none.
Result<std::string> KeyInVariable(const Provider& provider) {
  std::string key = VariableText(provider.key_env);
  if (key.find_first_of("\r\n") == std::string::npos) return key;
  return Fail("the key in {} (provider {}) contains a line break", provider.key_env, provider.name);
}

Result<std::string> KeyInFile(const Provider& provider) {
  auto there = KeyFileExists(provider.key_file);
  if (there && !*there) return std::string();
  auto key = there ? ReadKeyFile(provider.key_file) : Result<std::string>(Error{there.error()});
  if (key) return key;
  return Fail("the key file of provider {}: {}", provider.name, key.error());
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
    if (KeySource(*provider).empty()) continue;
    auto key = provider->key_file.empty() ? KeyInVariable(*provider) : KeyInFile(*provider);
    if (!key) return Error{key.error()};
    if (!key->empty()) {
      keys[provider->name] = *key;
    } else if (!by_item) {
      const char* what = provider->key_file.empty() ? "set the environment variable" : "write";
      return Fail("provider {} needs a key: {} {}", provider->name, what, KeySource(*provider));
    }
  }
  for (const auto& [name, provider] : config.providers) {
    if (!provider.key_env.empty()) WipeVariable(provider.key_env);
  }
  return keys;
}

std::string KeySource(const Provider& provider) {
  return provider.key_file.empty() ? provider.key_env : "the file " + provider.key_file;
}

}  // namespace muster
