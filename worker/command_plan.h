#pragma once

// A command step made ready for one item: what is run, and what identifies it, so that it is run
// again when any of that has changed and never else.

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

struct CommandPlan {
  std::vector<std::string> argv;  // argv[0] absolute, or a name to be looked for in PATH
  std::string stdin_text;
  std::vector<std::string> environment;  // all of it: "NAME=value"
  std::vector<std::string> produces;     // paths and globs, as FindProduced takes them
  // Argv and stdin, with words in place of the config's and the work folder, so that neither may
  // move a run, and the hashes of the files that it reads.
  Json identity;
  bool program_by_item = false;  // which program it is depends on the item
};

// Templates rendered over `context`, input files found and hashed. An entry of argv that is a file
// beside the config is one; in the work folder, if an earlier step left it there.
Result<CommandPlan> PlanCommand(const Config& config, const Step& step,
                                const std::string& work_folder, const Json& context);

}  // namespace muster
