#pragma once

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/problems.h"
#include "common/config/yaml.h"

namespace muster {

// Profiles: settings under `profiles` that lie over those of the config. Maps merge, lists replace;
// a value for a declared param becomes its default. What they say keeps its own place in the file,
// so that mistakes in it are told there.

// Lays these profiles over the document, one after another.
void ApplyProfiles(const std::vector<std::string>& names, YamlDocument& document,
                   Problems& problems);

// The names of the profiles that a document has.
std::vector<std::string> ProfilesOf(const YamlDocument& document);

}  // namespace muster
