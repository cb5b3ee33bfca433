#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "supervisor/intake.h"
#include "supervisor/queue.h"

namespace muster {

// What `muster run` was told on its command line.
struct RunOptions {
  std::string config;
  ConfigOverrides overrides;
  Selection selection;
  bool sequential = false;
  bool verbose = false;
  bool fresh = false;
  bool retry_failed = false;
  bool dry_run = false;
  std::optional<int64_t> pilot;  // so many items first, then a projection and a question
  bool yes = false;              // the answer to it
  OnChange on_change = OnChange::kStop;
  std::string command;         // the whole command line, for the books
  std::string resume_command;  // the same without what only applies once
};

// Runs or resumes; returns the exit code (ExitCode in supervisor.h).
int RunCommand(const RunOptions& options);

// `muster run --dry-run`: what is left to do and what it will take; sends nothing, writes nothing.
int DryRunCommand(const RunOptions& options);

// `muster check`: validates and prints the plan; sends nothing, writes nothing.
int CheckCommand(const std::string& config, const ConfigOverrides& overrides);

}  // namespace muster
