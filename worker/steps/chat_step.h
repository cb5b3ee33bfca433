#pragma once

#include <string>

#include "worker/step_end.h"
#include "worker/task.h"

namespace muster {

// A chat step's call at `path`, from its prompts to its value (ChatValue).
Task<StepEnd> RunChatStep(StepParts parts, const Step& step, std::string path, Json context);

}  // namespace muster
