#include "supervisor/plan/answer_guess.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace muster {
namespace {

constexpr int64_t kShortest = 100;
constexpr int64_t kText = 1'000;
constexpr int64_t kTokensASecond = 30;
constexpr int64_t kRoom = 4;

struct Level {
  std::string_view name;
  int64_t tokens;
};
constexpr Level kReasoning[] = {{"minimal", 100}, {"low", 500},      {"medium", 2'000},
                                {"high", 6'000},  {"xhigh", 12'000}, {"max", 24'000}};
constexpr Level kVerbosity[] = {{"low", kText / 2}, {"high", kText * 2}};

template <size_t N>
int64_t TokensAt(const Level (&levels)[N], std::string_view name, int64_t otherwise) {
  auto found = std::find_if(std::begin(levels), std::end(levels),
                            [&](const Level& level) { return level.name == name; });
  return found == std::end(levels) ? otherwise : found->tokens;
}

}  // namespace

AnswerGuess GuessAnswer(const ChatOptions& options, const ModelPrice* price) {
  AnswerGuess guess;
  guess.most = options.max_tokens;
  if (!guess.most && price) guess.most = price->max_output;
  int64_t most = guess.most.value_or(std::numeric_limits<int64_t>::max());
  int64_t text = TokensAt(kVerbosity, options.verbosity, kText);
  guess.low = std::min(kShortest, most);
  guess.expected = std::min(text + TokensAt(kReasoning, options.reasoning_effort, 0), most);
  guess.expected_text = std::min(text, guess.expected);
  return guess;
}

Milliseconds GuessLatency(int64_t output_tokens) {
  return Milliseconds(1'000 + output_tokens * 1'000 / kTokensASecond);
}

int64_t RoomyMaxTokens(int64_t expected_output) {
  return (expected_output * kRoom + 999) / 1'000 * 1'000;
}

}  // namespace muster
