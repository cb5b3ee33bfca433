#include "supervisor/models/catalogue.h"

#include <algorithm>
#include <map>

#include "common/pricing.h"

namespace muster {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool ContainsText(const std::string& name, const std::string& part) {
  return std::search(name.begin(), name.end(), part.begin(), part.end(),
                     [](char a, char b) { return Lower(a) == Lower(b); }) != name.end() ||
         part.empty();
}

std::vector<KnownModel> MergeModels(const PriceTable& table, const Provider& provider,
                                    const std::vector<ServerModel>* server,
                                    const std::string& filter) {
  std::map<std::string, KnownModel> all;
  auto add = [&](const std::string& name) -> KnownModel* {
    if (!ContainsText(name, filter)) return nullptr;
    auto [found, added] = all.try_emplace(name);
    if (added) found->second = {name, FindPrice(table, provider, name), std::nullopt};
    return &found->second;
  };
  auto vendor = table.vendors().find(provider.price_vendor);
  if (vendor != table.vendors().end()) {
    for (const auto& [name, price] : vendor->second) add(name);
  }
  for (const auto& [name, price] : provider.prices) add(name);
  if (server) {
    for (const ServerModel& listed : *server) {
      if (KnownModel* model = add(listed.id)) model->server = listed;
    }
  }
  std::vector<KnownModel> models;
  for (auto& [name, model] : all) models.push_back(std::move(model));
  return models;
}

}  // namespace muster
