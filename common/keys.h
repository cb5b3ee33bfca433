#pragma once

// API keys: read once from the environment variables that the config names, then taken out of the
// environment. They travel to workers in `start` and are never written anywhere.

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The providers that the config's steps can call: those whose model does not depend on the item;
// all configured ones when some model does. Pointers are into the config.
std::vector<const Provider*> ProvidersInUse(const Config& config, bool* depends_on_item = nullptr);

// An object of provider name to key for the providers in use, with the variables wiped from the
// environment. A variable that is not set is an error naming variable and provider; where models
// depend on the item it is left out instead, and calls of that provider fail.
Result<Json> TakeKeys(const Config& config);

}  // namespace muster
