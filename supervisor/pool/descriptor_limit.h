#pragma once

#include <cstddef>

#include "common/result.h"

namespace muster {

// So that this process may have `count` descriptors open: raises its soft limit where the hard one
// lets it. The error says what to do.
Result<void> AllowDescriptors(size_t count);

// For a child before its exec: the limit that this process was started with. Programs that use
// select() break with descriptors above 1023. Only a system call.
void RestoreDescriptorLimit();

}  // namespace muster
