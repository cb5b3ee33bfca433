#pragma once

#include <string>

#include "worker/step_end.h"
#include "worker/task.h"

namespace muster {

// What a step does, done once, at `path`: its file where `reuse` finds one, else its chat, command
// or request. The item's work folder is made before a command or request.
Task<StepEnd> RunAct(StepParts parts, const Step& step, std::string path, Json context);

}  // namespace muster
