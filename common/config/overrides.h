#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/config/problems.h"
#include "common/config/yaml.h"

namespace muster {

// Writes what the command line says (--set, --workers, --max-cost, --timeout) into what
// the file said, with the options as its places: reading the document then checks both alike. Maps
// merge, lists replace. `problems` refers to the document's places.
void ApplyOverrides(const ConfigOverrides& overrides, YamlDocument& document, Problems& problems);

// What is wrong with a new value for a param that is `now`, or "": numbers stay numbers, true and
// false stay so. `written` is the value as it was written.
std::string ParamMistake(const Json& now, const Json& value, const std::string& written);

// The end of a sentence about a name that is not among `names`: the nearest, or all.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& names);

// The names in a map; none of anything else.
std::vector<std::string> KeysOf(const Json* map);

}  // namespace muster
