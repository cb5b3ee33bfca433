#pragma once

#include "common/fd.h"

namespace muster {

// A warmed worker process that does no items itself but makes workers by forking, for a supervisor
// over a stream socket. It reads one frame, a `start` (its config and keys are for all the workers
// to come), makes ready what every worker needs, and says `hello`, or `bye` with why it cannot.
// From then on each byte it receives comes with three descriptors, a worker's 0, 1 and 2, and is
// answered by four bytes in the machine's order: the pid of a new worker, which is a child of the
// supervisor, or an error number, negated.
//
// Returns the exit code when the supervisor closes the socket. The new workers never return.
int RunForkServer(Fd socket);

}  // namespace muster
