#pragma once

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/problems.h"
#include "common/json.h"

namespace muster {

// Reports the names a template at `path` asks for that it will not have: params that do not exist,
// and names that begin with none of `names`. `steps` are the ids of all steps, for those that come
// too late. What an item or an answer has inside is known only later.
void CheckNames(const TextSource& text, const std::string& path,
                const std::vector<std::string>& names, const std::vector<std::string>& steps,
                const Json& params, Problems& problems);

}  // namespace muster
