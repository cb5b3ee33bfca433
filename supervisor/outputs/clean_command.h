#pragma once

#include <string>

namespace muster {

// `muster clean RUN`: removes the items' work folders, RUN/work, and says how much that freed.
// Ledger and outputs stay. Refuses while the run is live. Follows no links. Returns the exit code
// (ExitCode in supervisor.h).
int CleanCommand(const std::string& run);

}  // namespace muster
