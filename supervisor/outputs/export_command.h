#pragma once

#include <string>

namespace muster {

// What `muster export` was told. Without `to` all goes to standard output: jsonl or csv, a line an
// item in the source's order with its status, figures, scores and outputs; or text, the outputs
// alone in done order. With `to` every output file is made again in that folder, as the ledger has
// it; a file that is there already is not touched, and an error.
struct ExportOptions {
  std::string run;
  std::string format = "jsonl";
  std::string to;
};

// Reads only, also from a live run. Returns the exit code (ExitCode in supervisor.h).
int ExportCommand(const ExportOptions& options);

}  // namespace muster
