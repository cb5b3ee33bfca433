#include "tests/fake_provider/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "tests/fake_provider/digest.h"

namespace fake_provider {
namespace {

constexpr int64_t kCharsPerToken = 4;
constexpr int64_t kTokensOfImage = 85;
constexpr int64_t kImageBytesPerToken = 750;
constexpr int64_t kLeastToCache = 1024;
constexpr std::string_view kRefusalText = "I'm sorry, but I can't help with that request.";

constexpr std::array<std::string_view, 12> kSubjects = {
    "The water clock",    "A careful reader", "The northern route", "Each of the samples",
    "The first estimate", "A smaller model",  "The old lighthouse", "Every second student",
    "The second draft",   "This arrangement", "The committee",      "A quiet majority"};
constexpr std::array<std::string_view, 12> kVerbs = {
    "depends on",   "agrees with", "explains",         "was measured against",
    "rarely meets", "follows",     "is compared with", "would not survive",
    "describes",    "improves on", "differs from",     "was built around"};
constexpr std::array<std::string_view, 12> kObjects = {
    "the tables published last spring",  "a simple rule of proportion",
    "what the earlier report called so", "the sum of its three parts",
    "a budget of forty hours",           "the people who use it daily",
    "an assumption nobody has tested",   "the shape of the coastline",
    "two of the five known cases",       "the price of a single ticket",
    "a method from the last century",    "the answer given above"};

// SplitMix64: a sequence of numbers that a seed determines on every machine.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t limit) {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % limit;
  }

 private:
  uint64_t state_;
};

uint64_t SeedOf(const std::string& sha256) {
  uint64_t seed = 0;
  std::from_chars(sha256.data(), sha256.data() + std::min<size_t>(16, sha256.size()), seed, 16);
  return seed;
}

int64_t TokensOf(int64_t chars) { return (chars + kCharsPerToken - 1) / kCharsPerToken; }

std::string FirstChars(std::string_view text, int64_t count) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    bool starts_char = (text[at] & 0xc0) != 0x80;
    if (starts_char && count-- == 0) break;
  }
  return std::string(text.substr(0, at));
}

std::string Sentences(std::string_view mark, const std::string& digest, Dice& dice) {
  std::string text = fmt::format("[{}:{}]", mark, digest.substr(0, 12));
  for (uint64_t left = 3 + dice.Below(4); left > 0; --left) {
    text += fmt::format(" {} {} {}.", kSubjects[dice.Below(kSubjects.size())],
                        kVerbs[dice.Below(kVerbs.size())], kObjects[dice.Below(kObjects.size())]);
  }
  return text;
}

int64_t ReasoningTokens(const Question& question, Dice& dice) {
  if (question.by_prompt) {
    return question.effort == "none" ? 0 : static_cast<int64_t>(dice.Below(201));
  }
  if (!question.reasons || question.effort == "none" || question.effort == "minimal") return 0;
  uint64_t most = 6;  // medium, in units of 64 tokens
  if (question.effort == "low") most = 2;
  if (question.effort == "high") most = 16;
  if (question.effort == "xhigh") most = 32;
  if (question.effort == "max") most = 64;
  return 64 * static_cast<int64_t>(1 + dice.Below(most));
}

void SetCacheTokens(const Question& question, const std::string& digest, Usage& usage) {
  if (usage.input < kLeastToCache) return;
  if (!question.untold.cached) usage.cached = usage.input / 3 / 64 * 64;
  bool writes = Hash64("cache write " + digest) % 3 == 0;
  if (writes && !question.untold.cache_write) usage.cache_write = usage.input / 4 / 64 * 64;
}

std::string TextFor(const Question& question, const std::string& digest, Dice& dice) {
  std::string text = Sentences(question.by_prompt ? "prompt" : "sha", digest, dice);
  if (question.json_text) text = *question.json_text;
  if (question.wished_finish == Finish::kRefusal) text = kRefusalText;
  if (question.wished_text) text = *question.wished_text;
  switch (question.wished_finish) {
    case Finish::kEmpty:
      return "";
    case Finish::kLength:
    case Finish::kContentFilter:
      return FirstChars(text, CountChars(text) / 2);
    default:
      return text;
  }
}

}  // namespace

int64_t CountChars(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

std::string DigestOf(const Question& question) {
  if (!question.by_prompt) return question.body_sha256;
  const Prompt& prompt = question.prompt;
  std::string parts = Sha256Hex(prompt.system) + Sha256Hex(prompt.user);
  for (const std::string& image : prompt.images) parts += Sha256Hex(image);
  return Sha256Hex(parts);
}

int64_t InputTokens(const Question& question) {
  const Prompt& prompt = question.prompt;
  int64_t tokens = TokensOf(CountChars(prompt.system) + CountChars(prompt.user));
  for (const std::string& image : prompt.images) {
    tokens += kTokensOfImage + static_cast<int64_t>(image.size()) / kImageBytesPerToken;
  }
  return tokens;
}

Answer Compose(const Question& question) {
  std::string digest = DigestOf(question);
  Dice dice(SeedOf(digest));
  Answer answer{
      .text = TextFor(question, digest, dice), .finish = question.wished_finish, .usage = {}};
  Usage& usage = answer.usage;
  usage.input = InputTokens(question);
  SetCacheTokens(question, digest, usage);
  usage.reasoning = ReasoningTokens(question, dice);
  int64_t written = TokensOf(CountChars(answer.text));
  if (question.max_output_tokens && usage.reasoning + written > *question.max_output_tokens) {
    usage.reasoning = std::min(usage.reasoning, *question.max_output_tokens);
    written = *question.max_output_tokens - usage.reasoning;
    answer.text = FirstChars(answer.text, written * kCharsPerToken);
    answer.finish = Finish::kLength;
  }
  if (question.untold.reasoning) usage.reasoning = 0;
  usage.output = usage.reasoning + written;
  return answer;
}

std::vector<std::string> Fragments(std::string_view text) {
  std::vector<std::string> fragments;
  for (int64_t length = 3; !text.empty(); length = length * 5 % 23 + 1) {
    fragments.push_back(FirstChars(text, length));
    text.remove_prefix(fragments.back().size());
  }
  return fragments;
}

}  // namespace fake_provider
