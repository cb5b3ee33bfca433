#pragma once

// Where an end-to-end test works: a folder with a copy of the transcripts config, in which the real
// programs are run as a user would run them.

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "common/json.h"
#include "tests/child.h"
#include "tests/config_testing.h"
#include "tests/fake_server.h"

namespace muster {

using Args = std::vector<std::string>;

Args operator+(Args first, const Args& more);

// A file's relative path, and what it holds.
using Files = std::map<std::string, std::string>;

// A folder of its own with transcripts/transcripts.yaml, its prompts and the first `personas` of
// its items by name; programs run in that folder. Run directories are named as for a user:
// runs/transcripts, or what --run says.
class Workplace {
 public:
  explicit Workplace(size_t personas = 14);

  const ConfigFolder& folder() const { return folder_; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  // Writes a file in place of another.
  void Write(const std::string& name, const std::string& text) const { folder_.Write(name, text); }
  std::string Read(const std::string& name) const;
  Files FilesIn(const std::string& name) const;
  // Ids of the personas that are there.
  std::vector<std::string> Ids() const;

  // From now on runs of the transcripts config ask this server, without long pauses between tries.
  void Ask(const FakeServer& server);
  // A variable of the programs' environment; nullopt: not set.
  void SetVariable(const std::string& name, const std::optional<std::string>& value);

  // How `muster ARGS`, or `muster-worker ARGS`, is started here.
  ChildOptions Muster(const Args& args) const;
  ChildOptions Worker(const Args& args) const;
  // muster run (or check) transcripts/transcripts.yaml, with the model that Ask() chose.
  ChildOptions Run(const Args& more = {}) const;
  ChildEnd RunToEnd(const Args& more = {}) const { return RunChild(Run(more)); }
  // The options by which Ask() has its server asked.
  const Args& asking() const { return asking_; }

  // muster status --json, with --items.
  Json Status(const std::string& run = "runs/transcripts") const;

 private:
  ChildOptions Start(const std::string& program, const Args& args) const;

  ConfigFolder folder_;
  std::map<std::string, std::optional<std::string>> env_;
  Args asking_;
};

// Options by which the mock answers sooner than usual.
extern const Args kQuickly;

inline constexpr const char* kTranscripts = "transcripts/transcripts.yaml";

// Whole numbers of muster status --json: totals, session_totals or counts.
int64_t CountIn(const Json& status, const std::string& group, const std::string& name);

// Lines without their line breaks.
std::vector<std::string> LinesOf(const std::string& text);

// The command after "to go on" or "to try again" in what a run printed; empty: there is none.
std::string CommandAfter(const std::string& label, const std::string& printed);

bool Has(const std::string& text, const std::string& part);

}  // namespace muster
