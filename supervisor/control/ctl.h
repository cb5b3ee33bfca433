#pragma once

// `muster ctl`: tells the supervisor of a run what to do while it works.

#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// For --help: what may follow `muster ctl RUN`.
inline constexpr const char* kCtlHelp =
    "pause | resume | stop | status\n"
    "cancel ITEM | retry ITEM\n"
    "set NAME=VALUE …   workers, rpm, tpm, itpm, otpm, concurrency, min_delay, max_cost;\n"
    "                   of a lane: openai.rpm=300, openai/gpt-5.1.tpm=100000; none: no limit";

// The requests (control_server.h) that the words ask for, in their order; or one sentence about
// what is wrong with them.
Result<std::vector<Json>> ParseCtlWords(const std::vector<std::string>& words);

// Sends them to the run in `run_dir`, one after another, and prints the answers. Returns the exit
// code: 0; 1 when the supervisor refused one (those after it are not sent); 2 when the words are
// wrong, nobody works on the run or no answer came.
int CtlCommand(const std::string& run_dir, const std::vector<std::string>& words);

}  // namespace muster
