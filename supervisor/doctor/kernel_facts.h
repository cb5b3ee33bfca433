#pragma once

// What the kernel offers: calls that muster needs, and ways to end what programs leave behind.

#include <optional>

#include "supervisor/doctor/fact.h"

namespace muster {

// Which of the calls that muster cannot do without the kernel has.
struct KernelCalls {
  bool pidfd = false;        // pidfd_open, pidfd_send_signal, waitid by pidfd: Linux 5.4
  bool close_range = false;  // Linux 5.9
  bool openat2 = false;      // Linux 5.6; muster does without
};

Fact KernelFact(const std::string& release, const KernelCalls& calls);

// Where /proc cannot be read the keeper beside a worker finds nobody.
Fact LeftoversFact(bool proc);

Facts KernelFacts();

}  // namespace muster
