#pragma once

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/rehearsal.h"
#include "supervisor/rehearse/example_context.h"

namespace muster {

// Rehearses what is made of an item whose steps are done: scores, what reports ask of it, and
// outputs, whose paths go into the rehearsal; outputs with `errors` also as they are where the item
// failed. `begun`: what was known before the first step.
Result<void> RehearseEnd(const Config& config, ExampleContext& context, Json begun,
                         Rehearsal& rehearsal);

}  // namespace muster
