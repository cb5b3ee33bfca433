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
// `shown_as`: the argument by which this process is known as the server; in the new workers it is
// made kWorkerArgument, for who looks at processes. Returns the exit code when the supervisor
// closes the socket. The new workers never return.
int RunForkServer(Fd socket, char* shown_as);

inline constexpr char kWorkerArgument[] = "--pipe";
inline constexpr char kForkServerArgument[] = "--fork-server";
static_assert(sizeof kWorkerArgument <= sizeof kForkServerArgument);

}  // namespace muster
