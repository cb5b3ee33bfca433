#include "common/parse/pattern_sample.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace muster {
namespace {

constexpr int kMostDepth = 64;       // of groups
constexpr size_t kMostBytes = 4096;  // of a sample
constexpr int kMostTries = 24;

uint64_t Mixed(uint64_t seed) {
  seed ^= seed >> 31;
  seed *= 0x9e3779b97f4a7c15;
  return seed ^ (seed >> 29);
}

// Reads the expression from left to right and writes what it would match; used once. Reading what
// it does not know sets `lost`.
class Sampler {
 public:
  // Open repetitions are done `extra` times more than they must be.
  Sampler(std::string_view expression, uint64_t extra, uint64_t seed)
      : left_(expression), extra_(extra), seed_(seed) {}

  std::optional<std::string> Run() {
    std::string text = Alternatives();
    if (!left_.empty()) lost_ = true;
    return lost_ ? std::nullopt : std::optional(std::move(text));
  }

 private:
  struct Repeat {
    uint64_t least = 1, most = 1;
  };

  std::string Alternatives();
  std::string Sequence();
  std::string Atom();
  std::string Group();
  std::string Escape();
  std::string Class();
  Repeat Repetition();
  uint64_t ReadNumber(uint64_t otherwise);
  uint64_t Random(uint64_t bound) { return (seed_ = Mixed(seed_ + 1)) % bound; }
  bool Take(std::string_view word) {
    bool there = left_.starts_with(word);
    if (there) left_.remove_prefix(word.size());
    return there;
  }
  char TakeOne() {
    char c = left_.empty() ? '\0' : left_.front();
    if (left_.empty()) lost_ = true;
    left_.remove_prefix(std::min<size_t>(1, left_.size()));
    return c;
  }

  std::string_view left_;
  uint64_t extra_;
  uint64_t seed_;
  int depth_ = 0;
  bool lost_ = false;
};

std::string Sampler::Alternatives() {
  if (++depth_ > kMostDepth) lost_ = true;
  std::vector<std::string> all;
  do all.push_back(Sequence());
  while (!lost_ && Take("|"));
  --depth_;
  return std::move(all[Random(all.size())]);
}

std::string Sampler::Sequence() {
  std::string text;
  while (!lost_ && !left_.empty() && left_.front() != '|' && left_.front() != ')') {
    std::string once = Atom();
    Repeat repeat = Repetition();
    uint64_t count = repeat.least + std::min(extra_, repeat.most - repeat.least);
    for (uint64_t i = 0; i < count && text.size() < kMostBytes; ++i) text += once;
  }
  return text;
}

std::string Sampler::Atom() {
  if (Take("^") || Take("$")) return {};
  if (Take("(")) return Group();
  if (Take("[")) return Class();
  if (Take("\\")) return Escape();
  if (Take(".")) return "x";
  return std::string(1, TakeOne());
}

std::string Sampler::Group() {
  if (Take("?P<")) {
    left_.remove_prefix(std::min(left_.find('>'), left_.size() - 1) + 1);
  } else if (!Take("?:") && left_.starts_with("?")) {
    lost_ = true;
  }
  std::string text = Alternatives();
  if (!Take(")")) lost_ = true;
  return text;
}

std::string Sampler::Escape() {
  char c = TakeOne();
  switch (c) {
    case 'd':
      return std::string(1, static_cast<char>('1' + Random(9)));
    case 'w':
      return std::string(1, static_cast<char>('a' + Random(26)));
    case 's':
      return " ";
    case 'D':
    case 'S':
      return "x";
    case 'W':
      return "-";
    case 'b':
    case 'B':
      return {};
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case 'p':
      lost_ = lost_ || !Take("{L}");
      return "x";
    default:
      // A letter or digit would be an escape that is not known here.
      lost_ = lost_ || std::isalnum(static_cast<unsigned char>(c));
      return std::string(1, c);
  }
}

// After "[". Of a negated class a character is tried that stands in none of its ranges.
std::string Sampler::Class() {
  bool negated = Take("^");
  std::string members;
  for (bool first = true; !lost_ && (first || !left_.starts_with("]")); first = false) {
    std::string from = Take("\\") ? Escape() : std::string(1, TakeOne());
    members += from;
    if (left_.size() < 2 || left_[0] != '-' || left_[1] == ']') continue;
    Take("-");
    std::string to = Take("\\") ? Escape() : std::string(1, TakeOne());
    if (from.size() != 1 || to.size() != 1) lost_ = true;
    for (int c = lost_ ? 1 : from[0] + 1; !lost_ && c <= to[0]; ++c)
      members += static_cast<char>(c);
  }
  if (!Take("]") || members.empty()) lost_ = true;
  if (lost_) return {};
  if (!negated) {
    std::erase_if(members, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (members.empty()) lost_ = true;
    return members.empty() ? std::string() : std::string(1, members[Random(members.size())]);
  }
  constexpr std::string_view kOthers = "xaA1 -_.";
  size_t other = kOthers.find_first_not_of(members);
  return std::string(1, other == kOthers.npos ? '~' : kOthers[other]);
}

uint64_t Sampler::ReadNumber(uint64_t otherwise) {
  uint64_t number = 0;
  bool any = false;
  while (!left_.empty() && left_.front() >= '0' && left_.front() <= '9' && number < kMostBytes) {
    number = number * 10 + static_cast<uint64_t>(left_.front() - '0');
    left_.remove_prefix(1);
    any = true;
  }
  return any ? number : otherwise;
}

Sampler::Repeat Sampler::Repetition() {
  Repeat repeat;
  if (Take("*")) {
    repeat = {0, UINT64_MAX};
  } else if (Take("+")) {
    repeat = {1, UINT64_MAX};
  } else if (Take("?")) {
    repeat = {0, 1};
  } else if (Take("{")) {
    repeat.least = ReadNumber(0);
    repeat.most = Take(",") ? ReadNumber(UINT64_MAX) : repeat.least;
    if (!Take("}") || repeat.most < repeat.least) lost_ = true;
  } else {
    return repeat;
  }
  Take("?");  // as few as may be: the same texts match
  return repeat;
}

}  // namespace

std::optional<std::string> SampleOf(const Pattern& pattern, uint64_t least, uint64_t most,
                                    uint64_t seed) {
  for (int i = 0; i < kMostTries; ++i) {
    // Few repetitions first, then as many as the length may want.
    uint64_t extra = i < 8 ? static_cast<uint64_t>(i) : least / (static_cast<uint64_t>(i) - 7);
    auto text = Sampler(pattern.expression(), extra, seed + static_cast<uint64_t>(i)).Run();
    if (!text) return std::nullopt;
    // Where the pattern has no end of its own, anything may follow.
    auto count = [&] {
      return static_cast<uint64_t>(
          std::ranges::count_if(*text, [](char c) { return (c & 0xc0) != 0x80; }));
    };
    if (count() < least && least <= kMostBytes) {
      std::string longer = *text + std::string(least - count(), 'x');
      if (pattern.Matches(longer)) text = longer;
    }
    if (count() >= least && count() <= most && pattern.Matches(*text)) return text;
  }
  return std::nullopt;
}

}  // namespace muster
