#pragma once

// How the claude program is asked: from a request and a provider to a command, and from what the
// command did to a reply. The prompt goes in on stdin and the system prompt in a file; neither they
// nor a key are ever among the arguments, which everybody on the machine can read.

#include <memory>
#include <string>

#include "common/config/config.h"
#include "common/protocol.h"
#include "common/result.h"
#include "worker/command/command.h"
#include "worker/http.h"
#include "worker/providers/chat_api.h"
#include "worker/providers/claude_code/transcript.h"
#include "worker/task.h"

namespace muster {

// A call's own folder under $TMPDIR, removed with everything in it when this is destroyed. One of a
// worker that was killed stays.
class ClaudeFolder {
 public:
  static Result<std::shared_ptr<ClaudeFolder>> Make(const std::string& system_prompt);
  ~ClaudeFolder();
  ClaudeFolder(const ClaudeFolder&) = delete;

  std::string work() const { return path_ + "/work"; }  // empty; where the program runs
  std::string system_file() const { return path_ + "/system.txt"; }

 private:
  explicit ClaudeFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// `request` is one of ClaudeCode()'s. An empty `key`: the program's own login is used.
CommandRequest MakeClaudeCommand(const ApiRequest& request, const Provider& provider,
                                 const std::string& key, const Go& limits,
                                 std::shared_ptr<ClaudeFolder> folder);

// A reply whose body is the printout, when there is a result in it; else why not.
HttpOutcome ReadClaudeOutcome(CommandOutcome outcome, const ApiRequest& request,
                              const Provider& provider);

// One try of a call. What is passed must outlive it; when it is destroyed before its end, the
// program is killed.
Task<HttpOutcome> RunClaude(CommandRunner& runner, const ApiRequest& request,
                            const Provider& provider, std::string key, const Go& limits);

}  // namespace muster
