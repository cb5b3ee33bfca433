#pragma once

#include <chrono>

#include "worker/command/command.h"
#include "worker/http.h"
#include "worker/task.h"
#include "worker/timers.h"

namespace muster {

// Coroutines that wait for what the worker's loop moves on. Destroying one before its end aborts
// the transfer, or kills the program and what it started. What is passed by reference outlives it.

Task<HttpOutcome> SendAndWait(HttpClient& http, HttpRequest request);
Task<CommandOutcome> RunAndWait(CommandRunner& runner, CommandRequest request);
// Ends with true.
Task<bool> WaitFor(Timers& timers, std::chrono::milliseconds time);

}  // namespace muster
