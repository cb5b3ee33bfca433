#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// How often the answer of an earlier call of the item stands in a prompt.
struct AnswerUse {
  size_t call = 0;  // its index in Rehearsal::calls
  int64_t times = 0;
};

// One call as it will be asked for, rendered with examples where answers of earlier steps stand.
// The sizes leave the examples out: how long the answers are is for the reader to say.
struct RehearsedCall {
  std::string step;       // path
  size_t step_index = 0;  // in Config::steps
  std::string provider, model;
  std::string system, user;
  std::optional<int64_t> max_tokens;
  bool exact = true;       // no example is in it: this is the very prompt
  int64_t text_bytes = 0;  // of both prompts
  int64_t most_bytes = 0;  // of the whole request, at most
  std::vector<AnswerUse> answers;
};

struct Rehearsal {
  std::vector<RehearsedCall> calls;
  std::vector<std::string> output_paths;  // as Config::outputs
};

// Renders everything an item will need, without a call: every template of every step and output.
// Finds unknown names and providers before anything is sent.
Result<Rehearsal> Rehearse(const Config& config, const Json& item);

// What stands where the answer of call `index` will be. Also in a list that renders as JSON it is
// the same text.
std::string ExampleAnswer(size_t index);

}  // namespace muster
