#pragma once

// The worker program beside this one: whether it starts, fits, and what it stands on.

#include <string>

#include "common/config/config.h"
#include "supervisor/doctor/fact.h"

namespace muster {

// Asks `program` what it stands on and has it make a worker by forking, as a run with `config`
// would. No key is given to it and nothing is sent.
Facts WorkerFacts(const std::string& program, const Config& config);

// What follows from its answer to --facts. `https`: some provider in use is asked so.
Facts ReadWorkerFacts(const std::string& program, const std::string& answer, bool https);

}  // namespace muster
