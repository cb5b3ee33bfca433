#pragma once

#include "common/config/config.h"
#include "common/json.h"

namespace muster {

// False where a step is done for no item: by the names that are the same for all (FixedNames) its
// `when` is false already, or it may only reuse what is there. An item may still skip it.
bool MayRun(const Step& step, const Json& fixed_names);

}  // namespace muster
