#include "worker/providers/mock_text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace muster {
namespace {

constexpr size_t kMostWordsRead = 20'000;  // of a prompt
constexpr size_t kLongestWord = 24;        // bytes; longer ones are data, not language
constexpr size_t kFewestWords = 12;        // fewer, and words of our own are added

constexpr std::string_view kOwnWords[] = {
    "the",     "question", "asks",     "for",  "a",    "careful", "answer", "with",
    "reasons", "and",      "examples", "that", "show", "how",     "each",   "part",
    "fits",    "together", "in",       "the",  "end",  "result",  "of",     "this"};

constexpr std::string_view kOpenings[] = {
    "To begin with,",    "It helps to look at", "What stands out is",
    "In practice,",      "By contrast,",        "It follows that",
    "Taken together,",   "A closer look shows", "For instance,",
    "At the same time,", "More precisely,",     "In other words,",
    "One could say",     "The next point is",   "Still,",
    "As a result,"};

constexpr std::string_view kJoints[] = {"and",        "while",   "because of", "together with",
                                        "as well as", "but not", "much like",  "which leads to"};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsMark(char c) {
  return std::string_view("()[]{}<>\"'`*_#|~^=+\\/.,;:!?-&%$@").find(c) != std::string_view::npos;
}

// The words of a prompt in their order, without the marks around them. Cut at ASCII only, so that
// UTF-8 stays whole.
std::vector<std::string_view> WordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  size_t at = 0;
  while (at < text.size() && words.size() < kMostWordsRead) {
    size_t end = at;
    while (end < text.size() && !IsSpace(text[end])) ++end;
    std::string_view word = text.substr(at, end - at);
    while (!word.empty() && IsMark(word.front())) word.remove_prefix(1);
    while (!word.empty() && IsMark(word.back())) word.remove_suffix(1);
    if (!word.empty() && word.size() <= kLongestWord) words.push_back(word);
    at = end + 1;
  }
  if (words.size() < kFewestWords) {
    words.insert(words.end(), std::begin(kOwnWords), std::end(kOwnWords));
  }
  return words;
}

template <size_t N>
std::string_view OneOf(const std::string_view (&list)[N], MockRandom& random) {
  return list[random.Below(N)];
}

// Three to seven words that follow each other in the prompt.
void AddFragment(const std::vector<std::string_view>& words, MockRandom& random,
                 std::string& text) {
  size_t count = 3 + random.Below(5);
  size_t from = random.Below(words.size() - std::min(count, words.size() - 1));
  for (size_t i = from; i < std::min(from + count, words.size()); ++i) {
    text += ' ';
    text += words[i];
  }
}

// At most 31 words.
std::string MakeSentence(const std::vector<std::string_view>& words, MockRandom& random) {
  std::string sentence(OneOf(kOpenings, random));
  AddFragment(words, random, sentence);
  for (uint64_t more = random.Below(3); more > 0; --more) {
    sentence += more == 2 ? ", " : " ";
    sentence += OneOf(kJoints, random);
    AddFragment(words, random, sentence);
  }
  return sentence + '.';
}

}  // namespace

uint64_t MockRandom::Next() {
  state_ += 0x9e3779b97f4a7c15;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

std::string MakeMockText(std::string_view prompt, MockRandom& random) {
  std::vector<std::string_view> words = WordsOf(prompt);
  auto wanted = static_cast<std::ptrdiff_t>(80 + random.Below(290));
  std::ptrdiff_t count = 0;
  std::string text;
  while (count < wanted) {
    if (!text.empty()) text += random.Below(5) == 0 ? "\n\n" : " ";
    std::string sentence = MakeSentence(words, random);
    count += std::ranges::count(sentence, ' ') + 1;
    text += sentence;
  }
  return text;
}

}  // namespace muster
