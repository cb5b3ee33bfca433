#include "supervisor/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace muster {
namespace {

constexpr std::string_view kAnswer = "(answer ", kPart = "(part ", kOf = " of ";
constexpr std::string_view kOfAnswer = " of answer ", kBehind = " of this item)";

// A whole answer, or one of the `parts` texts of its value.
struct Mark {
  size_t call = 0, part = 0, parts = 1;
  bool whole = true;
  size_t bytes = 0;
};

std::string PartMark(size_t part, size_t parts, size_t index) {
  return fmt::format("{}{}{}{}{}{}{}", kPart, part, kOf, parts, kOfAnswer, index, kBehind);
}

bool Take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool TakeNumber(std::string_view& text, size_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// The mark that `text` begins with.
std::optional<Mark> MarkAt(std::string_view text) {
  Mark mark;
  size_t before = text.size();
  if (Take(text, kPart)) {
    mark.whole = false;
    bool parts = TakeNumber(text, mark.part) && Take(text, kOf) && TakeNumber(text, mark.parts);
    if (!parts || mark.parts == 0 || !Take(text, kOfAnswer)) return std::nullopt;
  } else if (!Take(text, kAnswer)) {
    return std::nullopt;
  }
  if (!TakeNumber(text, mark.call) || !Take(text, kBehind)) return std::nullopt;
  mark.bytes = before - text.size();
  return mark;
}

size_t CountTexts(const Json& value) {
  if (value.is_string()) return 1;
  size_t count = 0;
  if (value.is_structured()) {
    for (const Json& each : value) count += CountTexts(each);
  }
  return count;
}

void MarkTexts(Json& value, size_t& part, size_t parts, size_t index) {
  if (value.is_string()) value = PartMark(part++, parts, index);
  if (!value.is_structured()) return;
  for (Json& each : value) MarkTexts(each, part, parts, index);
}

// What was found of one answer.
struct Found {
  int64_t answers = 0;
  std::map<size_t, int64_t> parts;
  double share = 0;

  void Add(const Mark& mark) {
    ++(mark.whole ? answers : parts[mark.part]);
    share += 1.0 / static_cast<double>(mark.parts);
  }
  int64_t times() const {
    int64_t most = 0;
    for (auto [part, times] : parts) most = std::max(most, times);
    return answers + most;
  }
};

}  // namespace

std::string ExampleAnswer(size_t index) { return fmt::format("{}{}{}", kAnswer, index, kBehind); }

Json MarkedValue(const Json& value, size_t index) {
  Json marked = value;
  size_t part = 1;
  MarkTexts(marked, part, CountTexts(value), index);
  return marked;
}

AnswerCount CountAnswers(const std::vector<std::string_view>& prompts, size_t calls) {
  AnswerCount count;
  std::map<size_t, Found> found;
  for (std::string_view prompt : prompts) {
    for (size_t at = 0; (at = prompt.find('(', at)) != std::string_view::npos; ++at) {
      auto mark = MarkAt(prompt.substr(at));
      if (!mark || mark->call >= calls) continue;
      found[mark->call].Add(*mark);
      count.bytes += static_cast<int64_t>(mark->bytes);
    }
  }
  for (const auto& [call, each] : found) {
    count.uses.push_back({call, each.times(), each.share});
  }
  return count;
}

}  // namespace muster
