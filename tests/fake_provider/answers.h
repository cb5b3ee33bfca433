#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fake_provider {

// Tokens of one answer, as billed. `cached` is part of `input`, `reasoning` part of `output`.
struct Usage {
  int64_t input = 0;
  int64_t cached = 0;
  int64_t output = 0;
  int64_t reasoning = 0;
};

// Why the text ends where it does. Besides the model's own reasons a script can ask for one.
enum class Finish { kStop, kLength, kContentFilter, kRefusal, kEmpty };

// What an answer depends on: nothing but the request's body and, in tests of odd answers, the
// script's wishes.
struct Question {
  std::string body_sha256;
  int64_t input_chars = 0;  // of all text in the request
  bool reasons = false;     // the model thinks before it writes
  std::string effort;       // "" means the default, medium
  std::optional<int64_t> max_output_tokens;
  std::optional<std::string> wished_text;
  Finish wished_finish = Finish::kStop;
};

struct Answer {
  std::string text;  // of a refusal: its explanation
  Finish finish = Finish::kStop;
  Usage usage;
};

// The same answer for the same question, always. Its text begins with "[sha:…]", the first 12
// digits of the body's SHA-256, unless the script wished for another. Reasoning and text together
// keep within max_output_tokens: what does not fit is cut off (Finish::kLength).
//
// Tokens: input = ceil(input_chars / 4); cached = a third of it, rounded down to a multiple of 64,
// from 1024 on, else 0; output = reasoning + ceil(characters of the text / 4).
Answer Compose(const Question& question);

// The input tokens alone.
int64_t InputTokens(const Question& question);

// Unicode characters in UTF-8 text.
int64_t CountChars(std::string_view text);

}  // namespace fake_provider
