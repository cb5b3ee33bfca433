#pragma once

#include "worker/step_end.h"
#include "worker/steps/siblings.h"
#include "worker/task.h"

namespace muster {

// A step with `repeat`: its rounds one after the other, at "id[1]", "id[2]", …. Each knows `round`,
// and under the step's own id what those before it left (RepeatValue). `outer`: what the step is
// done beside; nullptr: nothing.
Task<StepEnd> RunRounds(StepParts parts, const Step& step, Json context, const Siblings* outer);

}  // namespace muster
