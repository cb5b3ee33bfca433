#pragma once

// muster with another program in the place of its worker, in a folder of their own.

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/programs.h"
#include "tests/workplace.h"

namespace muster {

// A copy of muster in `place`, beside which bad-worker stands as muster-worker. What it is to do
// wrong stands in the variable BAD_WORKER (tests/bad_worker.cc). Returns how `muster ARGS` is
// started.
inline ChildOptions WithBadWorker(const Workplace& place, const std::string& misbehaviour,
                                  const Args& args) {
  namespace fs = std::filesystem;
  auto put = [&](const char* program, const char* as) {
    fs::path from = fs::absolute(ProgramPath(program)), to = place / (std::string("bin/") + as);
    std::error_code error;
    if (fs::exists(to)) return;
    fs::create_hard_link(from, to, error);
    if (error) fs::copy_file(from, to);
  };
  fs::create_directories(place / "bin");
  put("muster", "muster");
  put("bad-worker", "muster-worker");
  ChildOptions options = place.Muster(args);
  options.argv[0] = place / "bin/muster";
  options.env["BAD_WORKER"] = misbehaviour;
  // Data files are looked for beside the program.
  options.env["MUSTER_DATA"] = fs::absolute("configs").string();
  return options;
}

}  // namespace muster
