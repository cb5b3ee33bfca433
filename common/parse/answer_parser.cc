#include "common/parse/answer_parser.h"

#include <algorithm>
#include <set>

#include "common/parse/json_compare.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";
constexpr std::string_view kEmphasis = "*_`";

std::string_view Trimmed(std::string_view text, std::string_view marks) {
  size_t first = text.find_first_not_of(marks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(marks) - first + 1);
}

bool SameWord(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

// What stands before a line's first word: quotes, headings, list marks, emphasis.
std::string_view WithoutMarks(std::string_view line) {
  size_t first = line.find_first_not_of(" \t>#-+*_`");
  return first == line.npos ? std::string_view() : line.substr(first);
}

// What follows "word:" in a line that begins so, or nullopt.
std::optional<std::string_view> AfterWord(std::string_view line, std::string_view word) {
  std::string_view rest = WithoutMarks(line);
  if (rest.size() < word.size() || !SameWord(rest.substr(0, word.size()), word)) return {};
  rest.remove_prefix(word.size());
  size_t colon = rest.find_first_not_of(" \t*_`");
  if (colon == rest.npos || rest[colon] != ':') return {};
  rest = Trimmed(rest.substr(colon + 1), kSpace);
  // Emphasis that was opened before the word may end after the colon or at the line's end.
  bool opened = line.find_first_of(kEmphasis) < line.find(':');
  if (!opened || colon > 0) return rest;
  size_t begin = rest.find_first_not_of(kEmphasis);
  if (begin == rest.npos) return std::string_view();
  if (begin > 0) return Trimmed(rest.substr(begin), kSpace);
  return Trimmed(rest.substr(0, rest.find_last_not_of(kEmphasis) + 1), kSpace);
}

// Without the emphasis that stands on both sides: "**5**" is 5, "5*" stays.
std::string_view WithoutEmphasis(std::string_view text) {
  while (text.size() >= 2 && text.front() == text.back() &&
         kEmphasis.find(text.front()) != kEmphasis.npos) {
    text = Trimmed(text.substr(1, text.size() - 2), kSpace);
  }
  return text;
}

bool Allows(const ParseRule& rule, std::string_view mending) {
  return std::ranges::find(rule.repair, mending) != rule.repair.end();
}

}  // namespace

Result<AnswerParser> AnswerParser::Make(const ParseRule& rule) {
  int given = !rule.json.is_null() + !rule.regex.empty() + !rule.line.empty();
  if (given != 1) {
    return Fail("{} of json, regex and line {} given; exactly one must be",
                given == 0 ? "none" : "more than one", given == 0 ? "is" : "are");
  }
  AnswerParser parser;
  parser.mending_ = {Allows(rule, "commas"), Allows(rule, "latex"), Allows(rule, "fences")};
  parser.line_ = Trimmed(rule.line, ": \t");
  if (!rule.line.empty() && parser.line_.empty()) return Fail("line has no word in it");
  if (!rule.json.is_null()) {
    Result<JsonSchema> schema = JsonSchema::Compile(rule.json);
    if (!schema) return Error{schema.error()};
    parser.schema_ = std::move(*schema);
  }
  if (!rule.regex.empty()) {
    Result<Pattern> pattern = Pattern::Compile(rule.regex);
    if (!pattern) return Fail("regex {}", pattern.error());
    parser.pattern_ = std::move(*pattern);
  }
  return parser;
}

Result<Json> AnswerParser::Parse(std::string_view text) const {
  if (schema_) return ParseJsonAnswer(text);
  return pattern_ ? ParseRegex(text) : ParseLine(text);
}

Result<Json> AnswerParser::ParseJsonAnswer(std::string_view text) const {
  Result<std::vector<Json>> values = FindJson(text, mending_);
  if (!values) return Fail("the answer is {}", values.error());
  std::string why;
  const Json* fitting = nullptr;
  std::set<std::string> different;
  for (const Json& value : *values) {
    Result<void> fits = schema_->Check(value);
    if (!fits) why = fits.error();
    if (!fits) continue;
    if (values->size() > 1) different.insert(EqualityKey(value));
    fitting = &value;
  }
  if (different.size() > 1) {
    return Fail("the answer holds {} different JSON values; it must hold one", different.size());
  }
  if (fitting) return *fitting;
  if (values->size() == 1) return Fail("the answer does not fit its JSON schema {}", why);
  return Fail("the answer holds {} JSON values and none fits its schema; the last does not {}",
              values->size(), why);
}

Result<Json> AnswerParser::ParseRegex(std::string_view text) const {
  // What is not UTF-8 has no characters that could match.
  if (!IsUtf8(text)) return Fail("the answer is not UTF-8");
  auto match = pattern_->LastMatch(text);
  if (!match) return Fail("the answer cannot be read: {}", match.error());
  if (*match) return Json(std::string(**match));
  return Fail("nothing in the answer matches `{}`", VisibleText(pattern_->expression()));
}

Result<Json> AnswerParser::ParseLine(std::string_view text) const {
  if (!IsUtf8(text)) return Fail("the answer is not UTF-8");
  for (size_t end = text.size(); end != text.npos;) {
    size_t newline = end == 0 ? text.npos : text.rfind('\n', end - 1);
    size_t start = newline == text.npos ? 0 : newline + 1;
    if (auto value = AfterWord(text.substr(start, end - start), line_)) {
      std::string_view plain = WithoutEmphasis(*value);
      if (!plain.empty()) return Json(std::string(plain));
      return Fail("nothing follows \"{}:\" on its last line in the answer", VisibleText(line_));
    }
    end = newline;
  }
  return Fail("no line of the answer begins with \"{}:\"", VisibleText(line_));
}

Result<void> CheckParseRule(const ParseRule& rule) {
  Result<AnswerParser> parser = AnswerParser::Make(rule);
  if (!parser) return Error{parser.error()};
  return {};
}

Result<Json> ParseAnswer(const ParseRule& rule, std::string_view text) {
  Result<AnswerParser> parser = AnswerParser::Make(rule);
  if (!parser) return Error{parser.error()};
  return parser->Parse(text);
}

}  // namespace muster
