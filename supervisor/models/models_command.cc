#include "supervisor/models/models_command.h"

#include <unistd.h>

#include <cstdio>

#include "common/config/complete.h"
#include "common/config/url.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/text.h"
#include "supervisor/models/models_page.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

int Complain(const std::string& message) {
  fmt::print(stderr, "muster: {}\n", message);
  return kBadInput;
}

// The built-in providers, as a config that says nothing has them.
Config BuiltInConfig() {
  Places places("");
  Problems problems(places);
  Config config;
  CompleteConfig({}, config, problems);
  return config;
}

Result<PriceTable> LoadPrices() {
  auto file = FindDataFile("prices.json");
  return file ? PriceTable::Load(*file) : Result<PriceTable>(Error{file.error()});
}

bool IsLoopback(const Provider& provider) {
  size_t host = provider.base_url.find("://");
  if (host == std::string::npos) return false;
  return static_cast<bool>(CheckBaseUrl("http" + provider.base_url.substr(host), false));
}

// The keys of these providers, as far as there are any. Every provider's variable is wiped from the
// environment, which the worker inherits.
Result<Json> TakeKeysOf(const Config& config, const std::vector<const Provider*>& meant) {
  Config asked;
  for (const Provider* provider : meant) asked.providers[provider->name] = *provider;
  Step step;  // a model that depends on the item: a key that is not set is no mistake then
  step.chat.emplace();
  step.chat->model.text = "{{item.model}}";
  asked.steps.push_back(step);
  auto keys = TakeKeys(asked);
  asked.providers = config.providers;
  if (auto others = TakeKeys(asked); !others) (void)others;
  return keys;
}

bool HasServer(const Provider& provider) {
  return provider.api != "mock" && provider.api != "claude-code" && !provider.base_url.empty();
}

// Why its server is not asked, or "".
std::string WhyNotAsked(const Provider& provider, const std::string& key) {
  if (!HasServer(provider)) return fmt::format("api {} has no list of models", provider.api);
  bool local = provider.api == "ollama" || IsLoopback(provider);
  if (!key.empty() || local) return "";
  if (provider.key_env.empty()) return "it has no key";
  return fmt::format("set the environment variable {} to its key", provider.key_env);
}

Result<std::vector<ServerModel>> Ask(const Provider& provider, const std::string& key) {
  if (std::string why = WhyNotAsked(provider, key); !why.empty()) return Error{why};
  return AskServer(ProgramFolder() + "/muster-worker", provider, key);
}

Catalogue CatalogueOf(const PriceTable& table, const Provider& provider, const Result<Json>& keys,
                      const std::string& filter) {
  Catalogue catalogue{provider.name, provider, provider.price_vendor, {}, false, ""};
  auto listed = keys ? Ask(provider, StringMember(*keys, provider.name))
                     : Result<std::vector<ServerModel>>(Error{keys.error()});
  catalogue.asked = static_cast<bool>(listed);
  if (!listed) catalogue.not_listed = listed.error();
  catalogue.models = MergeModels(table, provider, listed ? &*listed : nullptr, filter);
  return catalogue;
}

Catalogue CatalogueOfVendor(const PriceTable& table, const std::string& vendor,
                            const std::string& filter) {
  Provider provider;
  provider.name = provider.price_vendor = vendor;
  return {vendor, std::nullopt, vendor, MergeModels(table, provider, nullptr, filter), false, ""};
}

// The providers that are meant: the one named, or those that the config's steps use.
std::vector<const Provider*> Meant(const Config& config, const std::string& name) {
  if (name.empty()) return ProvidersInUse(config);
  auto found = config.providers.find(name);
  if (found == config.providers.end()) return {};
  return {&found->second};
}

Error UnknownName(const Config& config, const PriceTable& table, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, provider] : config.providers) names.push_back(known);
  for (const auto& [known, models] : table.vendors()) {
    if (!config.providers.contains(known)) names.push_back(known);
  }
  std::string nearest = NearestName(name, names);
  return Fail("\"{}\" is no provider or vendor; {}", VisibleText(name),
              nearest.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean \"{}\"?", nearest));
}

Result<std::vector<Catalogue>> Collect(const Config& config, const PriceTable& table,
                                       const ModelsOptions& options) {
  std::vector<Catalogue> all;
  std::vector<const Provider*> meant = Meant(config, options.provider);
  Result<Json> keys = TakeKeysOf(config, meant);
  for (const Provider* provider : meant) {
    all.push_back(CatalogueOf(table, *provider, keys, options.filter));
  }
  if (!all.empty() || options.provider.empty()) return all;
  if (!table.vendors().contains(options.provider)) {
    return UnknownName(config, table, options.provider);
  }
  all.push_back(CatalogueOfVendor(table, options.provider, options.filter));
  return all;
}

void Print(std::string text) {
  if (isatty(STDOUT_FILENO) == 1) text = VisibleText(text, true);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int PrintVendors(const PriceTable& table, const ModelsOptions& options) {
  if (options.live) return Complain("--live: name the provider whose server is to be asked");
  Print(options.json ? PrettyJson(VendorsJson(table, options.filter)) + "\n"
                     : VendorsPage(table, options.filter));
  return kAllDone;
}

int PrintCatalogues(const PriceTable& table, const std::vector<Catalogue>& catalogues,
                    const ModelsOptions& options) {
  std::string text;
  for (const Catalogue& each : catalogues) {
    text += (text.empty() ? "" : "\n") + ModelsPage(table, each);
  }
  Print(options.json ? PrettyJson(ModelsJson(table, catalogues)) + "\n" : text);
  int code = kAllDone;
  for (const Catalogue& each : catalogues) {
    if (!options.live || each.asked) continue;
    fmt::print(stderr, "muster: the server of {} did not list its models: {}\n",
               VisibleText(each.name),
               VisibleText(each.not_listed.empty() ? "it is no provider" : each.not_listed));
    code = kSomeFailed;
  }
  return code;
}

}  // namespace

int ModelsCommand(const ModelsOptions& options) {
  auto table = LoadPrices();
  if (!table) return Complain(table.error());
  if (options.provider.empty() && options.config.empty()) return PrintVendors(*table, options);
  auto config = options.config.empty() ? Result<Config>(BuiltInConfig())
                                       : LoadConfig(options.config, ConfigOverrides());
  if (!config) return fmt::print(stderr, "{}\n", config.error()), kBadInput;
  auto catalogues = Collect(*config, *table, options);
  if (!catalogues) return Complain(catalogues.error());
  return PrintCatalogues(*table, *catalogues, options);
}

}  // namespace muster
