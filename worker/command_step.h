#pragma once

#include <string>

#include "worker/step_end.h"
#include "worker/task.h"

namespace muster {

// A command step at `path`: a call like any other, asked for, recorded and replayed. Its answer is
// {"text", "exit_code", "files": [{"path", "sha256", "bytes"}]}, paths inside the work folder; it
// replays as long as these files are what they were. An exit code other than 0, files that are
// missing, and a limit that is over fail the item for good.
Task<StepEnd> RunCommandStep(StepParts parts, const Step& step, std::string path, Json context);

}  // namespace muster
