#pragma once

#include "worker/step_end.h"
#include "worker/steps/siblings.h"
#include "worker/task.h"

namespace muster {

// A step with all that is around what it does: condition, elements, rounds, branches. Its value is
// null where `when` says so. `outer`: what it is done beside; nullptr: nothing.
Task<StepEnd> RunStep(StepParts parts, const Step& step, Json context, const Siblings* outer);

// Makes a step's value known to those after it: under its id, and those of its branches under
// theirs.
void AddStepValue(const Step& step, Json value, Json& context);

// The warnings in a step's value, each with the place it is about.
std::vector<std::string> WarningsOf(const Step& step, const Json& value);

}  // namespace muster
