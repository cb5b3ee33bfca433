#pragma once

#include <string>
#include <vector>

namespace muster {

// What `muster report` was told on its command line.
struct ReportOptions {
  std::vector<std::string> runs;  // run directories; the first is what others are compared with
  std::string format = "text";    // or md, csv, json, html
  std::string output;             // the file it goes to; "": standard output
};

// Reads the runs, which may be going on, and writes the report. Returns the exit code: 0, or 2 with
// a sentence on stderr: an unknown format, no run, a ledger of another version, a file that cannot
// be written.
int ReportCommand(const ReportOptions& options);

}  // namespace muster
