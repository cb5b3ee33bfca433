#pragma once

// How many workers this machine lets run at a time. What is read of the machine and what follows
// from it are apart: the functions with numbers know no machine.

#include <cstdint>
#include <optional>
#include <string_view>

#include "supervisor/doctor/fact.h"

namespace muster {

// A limit that may not be there.
using MachineLimit = std::optional<uint64_t>;

// `hard`: the most that this process may give itself.
Fact OpenFilesFact(MachineLimit hard, size_t workers);

// `in_use`: processes and threads that count against the limit now.
Fact ProcessesFact(MachineLimit limit, uint64_t in_use, size_t local_workers);

// Bytes that new processes can have.
Fact MemoryFact(uint64_t available, size_t local_workers);

// Bytes in the line "MemAvailable" of /proc/meminfo; nullopt: there is none.
std::optional<uint64_t> AvailableIn(std::string_view meminfo);

// All three, of this machine. `workers`: those of a run; `local_workers`: those of them that run
// here.
Facts LimitFacts(size_t workers, size_t local_workers);

}  // namespace muster
