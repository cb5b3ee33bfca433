#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/images.h"
#include "common/json.h"
#include "common/result.h"
#include "supervisor/examples.h"

namespace muster {

// A picture of a prompt, and what it can come to with the call's model.
struct RehearsedImage {
  ImageFile file;
  ImageTokens tokens;
};

enum class CallKind { kChat, kCommand, kRequest };

// One call as it will be asked for, rendered with examples where answers of earlier steps stand.
// The sizes leave the examples out: how long the answers are is for the reader to say. A command's
// provider is "command"; its model, and that of a request, is the step's id.
struct RehearsedCall {
  std::string step;       // path
  size_t step_index = 0;  // in WorkingSteps
  std::string provider, model;
  std::string system, user;
  ChatOptions options;                // that go out
  std::vector<std::string> left_out;  // names of those that the model does not take
  bool exact = true;       // nothing in it depends on an earlier step: this is the very prompt
  int64_t text_bytes = 0;  // of both prompts
  int64_t most_bytes = 0;  // of the whole request without pictures, at most
  std::vector<AnswerUse> answers;
  std::vector<RehearsedImage> images;
  bool more_images = false;  // further ones, which an earlier step will name
  bool more_text = false;    // the same of files that are shown

  CallKind kind = CallKind::kChat;
  bool maybe = false;            // an earlier step decides whether it is made (`when`)
  bool spare = false;            // made only where more rounds are needed than are expected
  int64_t times = 1;             // calls like it; more where not every round was rendered by itself
  std::vector<std::string> run;  // of a command: program and arguments
  std::string url;               // of a request: where it is sent
  std::optional<int64_t> fixed_cost;  // of both: picodollars; nullopt: not known, or a chat
};

struct Rehearsal {
  std::vector<RehearsedCall> calls;
  std::vector<std::string> output_paths;  // as Config::outputs
};

// Renders everything an item will need, without a call: every template of every step and output,
// and looks at its pictures and files. Finds unknown names, providers, options that a model does
// not take and missing files before anything is sent. Steps whose `when` is false for the item make
// no calls; where an earlier step decides, it is taken to be true. Of a step in rounds there are as
// many calls as rounds can be (`spare`), up to a bound.
Result<Rehearsal> Rehearse(const Config& config, const Json& item);

}  // namespace muster
