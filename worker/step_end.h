#pragma once

#include <functional>
#include <string>
#include <variant>

#include "common/config/config.h"
#include "common/json.h"
#include "worker/caller.h"

namespace muster {

// A step's value as templates see it (step_values.h), or why the attempt ends here.
using StepEnd = std::variant<Json, Ended>;

// What a step's work stands on. All of it outlives the step.
struct StepParts {
  const Config& config;
  Caller& caller;
  const std::string& work_folder;  // the item's; made before a step that uses it begins
  // Says something about the step at `path`: kind as in Event.
  std::function<void(const std::string& kind, const std::string& path, std::string text)> tell;
  // Counts a call that was made for the item's own sums.
  std::function<void(const CallValue& value)> account;
};

}  // namespace muster
