#pragma once

#include <string>

#include "common/config/config.h"
#include "common/config/problems.h"
#include "common/config/yaml.h"

namespace muster {

// Writes what the command line says (--set, --workers, --max-cost, --timeout) into what the file
// said, with the options as its places: reading the document then checks both alike. Maps merge,
// lists replace. `problems` refers to the document's places.
void ApplyOverrides(const ConfigOverrides& overrides, YamlDocument& document, Problems& problems);

}  // namespace muster
