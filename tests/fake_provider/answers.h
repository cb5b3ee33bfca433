#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fake_provider {

// Tokens of one answer, as billed. `cached` (read from a cache) and `cache_write` (written to one)
// are parts of `input` that have no token in common, `cache_write_1h` (to be kept for an hour) is
// part of `cache_write`, `reasoning` part of `output`.
struct Usage {
  int64_t input = 0;
  int64_t cached = 0;
  int64_t cache_write = 0;
  int64_t cache_write_1h = 0;
  int64_t output = 0;
  int64_t reasoning = 0;
};

// Why the text ends where it does. Besides the model's own reasons a script can ask for one.
enum class Finish { kStop, kLength, kContentFilter, kRefusal, kEmpty };

// What a request says to the model, apart from how its API writes that. Texts of several messages
// or parts stand one after another with nothing between.
struct Prompt {
  std::string system;               // and developer
  std::string user;                 // and all other roles
  std::vector<std::string> images;  // the bytes, decoded; of one that is only linked: its URL
};

// What of the usage an API has no words for. It is left out of the reply and not billed either.
struct Untold {
  bool reasoning = false;
  bool cached = false;
  bool cache_write = false;
};

// What an answer depends on: the request's body or its prompt and, in tests of odd answers, the
// script's wishes.
struct Question {
  std::string body_sha256;
  bool by_prompt = false;  // the answer follows from the prompt and max_output_tokens alone
  Prompt prompt;
  bool reasons = false;  // the model thinks before it writes; of no matter when by_prompt
  std::string effort;    // none, minimal, low, … max; "" means the default, medium
  std::optional<int64_t> max_output_tokens;
  std::optional<std::string>
      json_text;  // instead of sentences: an instance of the schema asked for
  std::optional<std::string> wished_text;
  Finish wished_finish = Finish::kStop;
  Untold untold = {};
};

struct Answer {
  std::string text;  // of a refusal: its explanation
  Finish finish = Finish::kStop;
  Usage usage;
};

// 64 hexadecimal digits that say what is asked: of the body, or by_prompt of system, user and
// images. Effort is not in it, as not every API has one, nor max_output_tokens, which only cuts.
std::string DigestOf(const Question& question);

// The same answer for the same question, always. Its text begins with "[sha:…]", the first 12
// digits of the body's SHA-256 (by_prompt: "[prompt:…]", those of DigestOf()), unless it is JSON
// or the script wished for another. Reasoning and text together keep within max_output_tokens:
// what does not fit is cut off (Finish::kLength).
//
// Tokens: input = ceil(characters of system and user / 4) + 85 and one for every 750 bytes of each
// image; cached = a third of input, rounded down to a multiple of 64, from 1024 on, else 0;
// cache_write = a quarter, rounded the same way, of every third question that long; output =
// reasoning + ceil(characters of the text / 4). By prompt, reasoning is 0 to 200 whatever the
// model, and 0 with effort none; an API that does not tell of it cuts at max_output_tokens as if
// it did, so that the text is the same everywhere.
Answer Compose(const Question& question);

// The input tokens alone.
int64_t InputTokens(const Question& question);

// Unicode characters in UTF-8 text.
int64_t CountChars(std::string_view text);

// The text in pieces of a few characters each, whole ones, as a model streams it. "" has none.
std::vector<std::string> Fragments(std::string_view text);

}  // namespace fake_provider
