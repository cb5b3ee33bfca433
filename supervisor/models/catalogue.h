#pragma once

// Which models there are for a provider: those of the price table and the config, and those its
// server lists, brought together.

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/prices.h"
#include "supervisor/models/model_listing.h"

namespace muster {

struct KnownModel {
  std::string name;                   // as `model: provider/NAME` has it
  std::optional<ModelPrice> known;    // what a run would go by; nullopt: nothing
  std::optional<ServerModel> server;  // nullopt: it does not list it, or was not asked
};

// A provider's models, by name.
struct Catalogue {
  std::string name;                  // of the provider, or of the vendor where it is none
  std::optional<Provider> provider;  // nullopt: a vendor of the table only
  std::string vendor;                // of the table; "": none
  std::vector<KnownModel> models;
  bool asked = false;      // the server has listed its models
  std::string not_listed;  // why it has not, as one sentence; "": it has
};

// `server` nullptr: was not asked. Only models whose name contains `filter`, whatever the case.
std::vector<KnownModel> MergeModels(const PriceTable& table, const Provider& provider,
                                    const std::vector<ServerModel>* server,
                                    const std::string& filter);

// Whether `name` contains `part`, whatever the case of ASCII letters.
bool ContainsText(const std::string& name, const std::string& part);

}  // namespace muster
