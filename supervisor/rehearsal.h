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

// One call as it will be asked for, rendered with examples where answers of earlier steps stand.
// The sizes leave the examples out: how long the answers are is for the reader to say.
struct RehearsedCall {
  std::string step;       // path
  size_t step_index = 0;  // in Config::steps
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
};

struct Rehearsal {
  std::vector<RehearsedCall> calls;
  std::vector<std::string> output_paths;  // as Config::outputs
};

// Renders everything an item will need, without a call: every template of every step and output,
// and looks at its pictures. Finds unknown names, providers, options that a model does not take and
// missing pictures before anything is sent.
Result<Rehearsal> Rehearse(const Config& config, const Json& item);

}  // namespace muster
