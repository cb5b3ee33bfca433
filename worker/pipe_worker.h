#pragma once

#include "common/fd.h"

namespace muster {

// A worker whose messages come over two pipes, until the supervisor says stop or its pipe ends.
// Returns the exit code. At the end of its input it exits at once, also while busy.
int RunPipeWorker(Fd in, Fd out);

}  // namespace muster
