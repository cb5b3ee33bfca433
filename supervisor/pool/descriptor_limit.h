#pragma once

#include <cstddef>

#include "common/result.h"

namespace muster {

// How many descriptors a supervisor has open with so many workers: of each three pipes and a pidfd;
// while one is being started, also the other ends.
constexpr size_t DescriptorsFor(size_t workers) { return workers * 4 + 40; }

// So that this process may have `count` descriptors open: raises its soft limit as far as the hard
// one lets it. The error says that this is not enough, and what to do.
Result<void> AllowDescriptors(size_t count);

// For a child before its exec: the limit that this process was started with. Programs that use
// select() break with descriptors above 1023. Only a system call.
void RestoreDescriptorLimit();

}  // namespace muster
