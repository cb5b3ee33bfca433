#pragma once

// What a config needs that this machine may lack: keys, programs, launchers, prices, items.

#include <string>

#include "common/config/config.h"
#include "common/prices.h"
#include "supervisor/doctor/fact.h"

namespace muster {

// The providers in use: their hosts, and whether their keys are there. Names the variable or file
// of a key, never what it holds; leaves the environment as it is.
Facts ProviderFacts(const Config& config);

// The programs that steps, providers and pools start. `path`: where they are looked for, as PATH.
Facts ProgramFacts(const Config& config, const std::string& path);

// Of the models that the config names itself; those that an item decides are not looked at.
Facts PriceFacts(const Config& config, const PriceTable& table);

// Whether there is a first item.
Fact ItemsFact(const Config& config);

// All of these. A price table that cannot be read is told of elsewhere.
Facts ConfigFacts(const Config& config);

}  // namespace muster
