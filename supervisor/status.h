#pragma once

// `muster status`: where a live or finished run stands, for people and for programs.

#include <string>

#include "common/json.h"
#include "supervisor/run_status.h"

namespace muster {

// Prints the run in `run_dir` to stdout, each item too where `items` says so. Returns the exit
// code: 0, or 2 with one sentence on stderr when there is no run or it cannot be read.
int PrintStatus(const std::string& run_dir, bool items, bool as_json);

// Lines, each with its newline; safe for terminals.
std::string StatusAsText(const RunStatus& status, bool items);

// Times are milliseconds since 1970, money is picodollars and, for convenience, US dollars.
Json StatusAsJson(const RunStatus& status, bool items);

}  // namespace muster
