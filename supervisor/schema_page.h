#pragma once

#include <string>

namespace muster {

// The JSON Schema (draft 2020-12) of a config, for editors: made from the one table of settings
// (common/config/settings.h), so that every setting is in it with its type, bounds, default and
// help. It knows the shape of a config; what settings mean together only the program judges.
std::string SchemaPage();

}  // namespace muster
