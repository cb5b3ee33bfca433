#pragma once

// The one place that says how long an answer is taken to be before it was seen.

#include <cstdint>
#include <optional>

#include "common/config/config.h"
#include "common/prices.h"

namespace muster {

// Characters a token is taken to stand for, as it is usually counted.
inline constexpr int64_t kCharsPerToken = 4;

// Tokens of one answer. `low`, the shortest that is plausible: 100, no reasoning. `expected`: 1,000
// of text (500 at verbosity low, 2,000 at high) and what reasoning adds at the step's
// reasoning_effort: minimal 100, low 500, medium 2,000, high 6,000, xhigh 12,000, max 24,000;
// nothing where none is set. `most`: max_tokens, else the model's maximum; nullopt: neither is
// known. None is longer than `most`.
struct AnswerGuess {
  int64_t low = 0;
  int64_t expected = 0;
  int64_t expected_text = 0;  // of it, what the answer itself says
  std::optional<int64_t> most;
};

// `price` nullptr: nothing is known of the model.
AnswerGuess GuessAnswer(const ChatOptions& options, const ModelPrice* price);

// How long such an answer takes to come: a second, and 30 tokens in each that follows.
Milliseconds GuessLatency(int64_t output_tokens);

// A max_tokens that leaves room for answers four times as long, in whole thousands.
int64_t RoomyMaxTokens(int64_t expected_output);

}  // namespace muster
