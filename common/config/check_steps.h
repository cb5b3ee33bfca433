#pragma once

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges steps: ids, that each does one thing, what goes together, the names in their templates and
// expressions, models and the options that those take, how answers are parsed. What is
// made of them: check_outputs.h.
void CheckSteps(const Config& config, Problems& problems);

// The ids of all steps, branches behind the step they belong to; empty ones left out.
std::vector<std::string> StepIds(const Config& config);

}  // namespace muster
