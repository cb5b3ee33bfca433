#pragma once

#include "worker/step_end.h"
#include "worker/steps/siblings.h"
#include "worker/task.h"

namespace muster {

// A step with `for_each`: once for every element of the list, at "id[key]", as many at the same
// time as `concurrency` says. Its value is a list in the elements' order. `outer`: what the step is
// done beside; nullptr: nothing.
Task<StepEnd> RunForEach(StepParts parts, const Step& step, Json context, const Siblings* outer);

}  // namespace muster
