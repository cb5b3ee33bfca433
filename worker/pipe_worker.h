#pragma once

#include "common/fd.h"
#include "common/protocol.h"
#include "worker/worker.h"

namespace muster {

// What this process says first.
Hello MakeHello();

// A worker whose messages come over two pipes, until the supervisor says stop or its pipe ends.
// Ends this process. At the end of its input it exits at once, also while busy; with a lease
// (Start::lease_ms) also when it has heard nothing for so long. `inherited`: of a worker that was
// forked warm, and outlives it.
[[noreturn]] void RunPipeWorker(Fd in, Fd out, const Inherited* inherited = nullptr);

}  // namespace muster
