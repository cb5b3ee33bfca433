#pragma once

// What the tests of the claude-code API share: requests, and a worker's loop around one call.

#include <string>

#include "tests/command_testing.h"
#include "worker/providers/claude_code/claude_command.h"

namespace muster {

inline ChatRequest ClaudeAsk(const std::string& prompt = "Say hello") {
  ChatRequest request;
  request.model = "claude-sonnet-4-5";
  request.system = "Be brief.";
  request.user = prompt;
  return request;
}

inline Go GoFor(std::chrono::milliseconds total) {
  Go go;
  go.total_ms = go.first_byte_ms = go.between_bytes_ms = total.count();
  return go;
}

// One try, as a worker makes it.
inline HttpOutcome AskClaude(CommandRunner& runner, const ChatRequest& ask,
                             const Provider& provider, const std::string& key = "",
                             Go go = GoFor(std::chrono::milliseconds(60'000))) {
  auto request = ClaudeCode().MakeRequest(ask, provider);
  REQUIRE(request);
  auto task = RunClaude(runner, *request, provider, key, go);
  task.Start();
  while (!task.done()) TurnOf(runner);
  return task.TakeValue();
}

// The reading of a try that must have brought a reply.
inline Reading ReadingOf(const HttpOutcome& outcome) {
  CAPTURE(outcome.failure.message);
  REQUIRE(outcome.reply);
  return ClaudeCode().ReadReply(*outcome.reply);
}

// Usage as the program tells it.
inline Usage ClaudeUsage(int64_t input, int64_t cached, int64_t cache_write, int64_t output) {
  Usage usage;
  usage.input = input;
  usage.cached = cached;
  usage.cache_write = cache_write;
  usage.output = output;
  return usage;
}

// How many folders of calls there are.
inline int ClaudeFolders(const std::string& under) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(under)) {
    count += entry.path().filename().string().starts_with("muster-claude-");
  }
  return count;
}

// A variable of this process for as long as this lives.
class WithVariable {
 public:
  WithVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    setenv(name_.c_str(), value.c_str(), 1);
  }
  ~WithVariable() {
    if (old_) {
      setenv(name_.c_str(), old_->c_str(), 1);
    } else {
      unsetenv(name_.c_str());
    }
  }
  WithVariable(const WithVariable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> old_;
};

}  // namespace muster
