#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// A process that is about to become a program, and our ends of its pipes: close-on-exec and
// non-blocking.
struct CommandChild {
  pid_t pid = 0;  // of its session and process group too; still needs waiting for
  Fd pidfd;       // readable when it has ended
  Fd input;       // what we write reaches its stdin
  Fd output;      // its stdout
  Fd errors;      // its stderr
  Fd report;      // see WhyNotStarted
};

// Why a program could not be started.
struct StartFailure {
  bool of_folder = false;  // its working folder's fault, not the program's
  int error = 0;           // errno
};

// Forks. `argv` and `environment` are not empty; a program without a slash is looked for in
// environment's PATH. Whether the program could be started shows only at its end.
Result<CommandChild> StartChild(const std::vector<std::string>& argv,
                                const std::vector<std::string>& environment,
                                const std::string& folder);

// Of a program that could not be started; to be asked after the process has ended.
std::optional<StartFailure> WhyNotStarted(const CommandChild& child);

}  // namespace muster
