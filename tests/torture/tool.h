#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "tests/torture/campaign.h"

namespace muster::torture {

// Exit codes of the tools that strike muster down.
inline constexpr int kHeld = 0, kFailed = 1, kNotTried = 2;

// What each of these tools is before it strikes: options of the command line, programs that must be
// there, a folder of its own, and a process that inherits whatever is left behind.
class Tool {
 public:
  // With the options that all have; how many items and workers there are by default is the
  // caller's.
  Tool(const std::string& name, Campaign defaults);
  Tool(const Tool&) = delete;

  // A whole number from 1 up; its default is what count is now.
  void AddCount(const std::string& option, int64_t& count, const std::string& what);

  // Reads the command line and makes the folder below TMPDIR, or else below base. An exit code:
  // nothing is to be done any more, and why has been said.
  std::optional<int> Begin(int argc, char** argv, const std::string& base = "/tmp");
  // Removes the folder if nothing in it is of interest; the same exit code.
  int End(int code) const;

  CLI::App options;
  Campaign campaign;
  bool keep = false;  // folders, also of what held

 private:
  Result<void> CheckPrograms();
  Result<void> MakeFolder(const std::string& base);

  const std::string name_;
};

}  // namespace muster::torture
