#pragma once

#include <cstdint>
#include <string>

#include "common/config/config.h"

namespace muster {

// What `muster doctor` was told on its command line.
struct DoctorOptions {
  std::string config = {};  // "": the machine alone
  ConfigOverrides overrides = {};
  bool json = false;
};

// Prints what this machine offers and lacks for muster, and for a config where one is given. Asks
// no provider and leaves nothing behind. Returns the exit code: 0, or 2 when something needed is
// missing.
int DoctorCommand(const DoctorOptions& options);

}  // namespace muster
