#pragma once

#include <chrono>
#include <string>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// Sends one request to the supervisor that works on the run in `run_dir` and returns its answer, an
// object; what requests and answers look like stands in control_server.h. Fails, with a sentence,
// when there is no run, when nobody works on it, and when no answer came within `limit`: then it
// may have been done or not. Not for the supervisor itself, which would lose its lock by asking.
Result<Json> AskRun(const std::string& run_dir, const Json& request,
                    std::chrono::milliseconds limit);

}  // namespace muster
