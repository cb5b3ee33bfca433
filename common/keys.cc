#include "common/keys.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/key_file.h"
#include "common/step_condition.h"
#include "common/step_values.h"
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

Result<std::string> KeyInVariable(const std::string& name) {
  std::string key = VariableText(name);
  if (key.find_first_of("\r\n") == std::string::npos) return key;
  return Fail("the key in {} contains a line break", name);
}

Result<std::string> KeyInFile(const std::string& path) {
  auto there = KeyFileExists(path);
  if (!there) return Error{there.error()};
  return *there ? ReadKeyFile(path) : std::string();
}

std::vector<const Provider*> AllProviders(const Config& config) {
  std::vector<const Provider*> all;
  for (const auto& [name, provider] : config.providers) {
    if (provider.api != "command") all.push_back(&provider);  // that is here, and has no key
  }
  return all;
}

// A provider that steps can call. `sure`: some item will; not, where a file can make it needless.
struct Use {
  const Provider* provider;
  bool sure;
};

void AddUse(const Provider& provider, bool sure, std::vector<Use>& uses) {
  for (Use& use : uses) {
    if (use.provider == &provider) return void(use.sure = use.sure || sure);
  }
  uses.push_back({&provider, sure});
}

// Adds the provider of what a step and its branches do; false: the item decides which it is.
bool AddUsesOf(const Config& config, const Step& step, const Json& context,
               std::vector<Use>& uses) {
  if (!MayRun(step, context)) return true;
  for (const Step& branch : step.branches) {
    if (!AddUsesOf(config, branch, context, uses)) return false;
  }
  if (step.request) {
    auto found = config.providers.find(step.request->provider);
    if (found != config.providers.end()) AddUse(found->second, !step.reuse, uses);
  }
  if (!step.chat) return true;
  auto text = Render(step.chat->model.text, step.chat->model.origin, context);
  if (!text) return false;
  if (auto model = ResolveModel(config, *text)) AddUse(*model->provider, true, uses);
  return true;
}

// Each provider once, in the order of the steps; nullopt: some item decides.
std::optional<std::vector<Use>> UsesOf(const Config& config) {
  Json context = FixedNames(config);
  std::vector<Use> uses;
  for (const Step& step : config.steps) {
    if (!AddUsesOf(config, step, context, uses)) return std::nullopt;
  }
  return uses;
}

}  // namespace

std::vector<const Provider*> ProvidersInUse(const Config& config, bool* depends_on_item) {
  auto uses = UsesOf(config);
  if (depends_on_item) *depends_on_item = !uses;
  if (!uses) return AllProviders(config);
  std::vector<const Provider*> used;
  for (const Use& use : *uses) used.push_back(use.provider);
  return used;
}

Result<Json> TakeKeys(const Config& config, const std::set<std::string>& called) {
  Json keys = Json::object();
  auto uses = UsesOf(config);
  if (!uses) {
    uses.emplace();
    for (const Provider* provider : AllProviders(config)) uses->push_back({provider, false});
  }
  for (const auto& [provider, sure] : *uses) {
    if (KeySource(*provider).empty()) continue;
    auto key = ReadKey(*provider);
    if (!key) return Fail("provider {}: {}", provider->name, key.error());
    if (!key->empty()) {
      keys[provider->name] = *key;
    } else if (sure || called.contains(provider->name)) {
      const char* what = provider->key_file.empty() ? "set the environment variable" : "write";
      return Fail("provider {} needs a key: {} {}", provider->name, what, KeySource(*provider));
    }
  }
  for (const auto& [name, provider] : config.providers) {
    if (!provider.key_env.empty()) WipeVariable(provider.key_env);
  }
  return keys;
}

Result<std::string> ReadKey(const Provider& provider) {
  return provider.key_file.empty() ? KeyInVariable(provider.key_env) : KeyInFile(provider.key_file);
}

std::string KeySource(const Provider& provider) {
  return provider.key_file.empty() ? provider.key_env : "the file " + provider.key_file;
}

}  // namespace muster
