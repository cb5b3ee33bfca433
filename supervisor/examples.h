#pragma once

// What stands in rehearsed prompts where answers will be, and how it is found there again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"

namespace muster {

// How often the answer of an earlier call of the item stands in a prompt. Its value is taken to be
// texts that share the answer's length alike; of one that is no text but has none (numbers),
// nothing is counted.
struct AnswerUse {
  size_t call = 0;    // its index in Rehearsal::calls
  int64_t times = 0;  // the answer, and the text of its value that stands there most often
  double share = 0;   // of the answer's length, that all of it comes to
};

// What stands where the answer of call `index` will be. Also in a list that renders as JSON it is
// the same text.
std::string ExampleAnswer(size_t index);

// An example of the value of call `index`, with marks in the place of its texts. Of the same shape,
// but that a text is never empty.
Json MarkedValue(const Json& value, size_t index);

// The answers of the first `calls` calls in prompts, and the bytes that their examples take there.
struct AnswerCount {
  std::vector<AnswerUse> uses;
  int64_t bytes = 0;
};
AnswerCount CountAnswers(const std::vector<std::string_view>& prompts, size_t calls);

}  // namespace muster
