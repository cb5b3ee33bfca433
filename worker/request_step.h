#pragma once

#include <string>

#include "worker/step_end.h"
#include "worker/task.h"

namespace muster {

// An HTTP job at `path`, as up to three kinds of calls, each recorded and replayed by itself:
// "path.post" (its answer names the job, and is committed before anything is waited for),
// "path.poll" (its answer is the reply that says done; a job that has failed fails the item) and
// "path.download[file]". A POST of which nobody knows whether it arrived is looked up by `find`
// before it is sent again.
Task<StepEnd> RunRequestStep(StepParts parts, const Step& step, std::string path, Json context);

}  // namespace muster
