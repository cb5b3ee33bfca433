#include "common/expression_lexer.h"

#include <algorithm>
#include <utility>

#include "common/template_syntax.h"
#include "common/text.h"

namespace muster {
namespace {

using Token = ExpressionToken;

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kBrackets = "()[],";
constexpr std::string_view kSigns = "=!<>&|";  // comparisons are made of them
constexpr std::string_view kNoWord = " \t\r\n()[],=!<>&|\"'";

// What other languages write.
constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
    {"=", "=="},      {"===", "=="},     {"!==", "!="}, {"<>", "!="},   {"=<", "<="},
    {"=>", ">="},     {"&&", "and"},     {"&", "and"},  {"||", "or"},   {"|", "or"},
    {"!", "not"},     {"AND", "and"},    {"OR", "or"},  {"NOT", "not"}, {"IN", "in"},
    {"True", "true"}, {"False", "false"}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool BeginsNumber(std::string_view word) {
  return IsDigit(word[0]) || (word[0] == '-' && word.size() > 1 && IsDigit(word[1]));
}

// A number as JSON writes it that 64 bits can hold.
Result<Json> NumberOf(std::string_view word) {
  auto number = ParseJson(word);
  if (!number || !number->is_number()) {
    return Fail("{} is neither a number nor a name; a text stands in quotes", ShownPiece(word));
  }
  if (number->is_number_float() && word.find_first_of(".eE") == std::string_view::npos) {
    return Fail("{} has too many digits for a number; a text stands in quotes", ShownPiece(word));
  }
  return number;
}

Result<void> CheckName(std::string_view word) {
  if (word.find("{{") != std::string_view::npos) {
    return Fail("{} is no name; names stand without braces here", ShownPiece(word));
  }
  bool odd = word == "." || word.find_first_of("{}*") != std::string_view::npos;
  if (odd || !NameParts(word)) {
    return Fail("{} is no name; a text stands in quotes", ShownPiece(word));
  }
  return {};
}

}  // namespace

Result<ExpressionToken> ExpressionLexer::Next() {
  at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  if (at_ == text_.size()) return Token{Token::Kind::kEnd, text_.substr(at_)};
  char c = text_[at_];
  if (kBrackets.find(c) != std::string_view::npos) return Token{Token::Kind::kSign, Take(1)};
  if (kSigns.find(c) != std::string_view::npos) {
    return Token{Token::Kind::kSign, TakeUntil(text_.find_first_not_of(kSigns, at_))};
  }
  return c == '"' || c == '\'' ? Quoted(c) : Word();
}

std::string_view ExpressionLexer::Take(size_t size) {
  std::string_view taken = text_.substr(at_, size);
  at_ += taken.size();
  return taken;
}

std::string_view ExpressionLexer::TakeUntil(size_t end) {
  return Take(std::min(end, text_.size()) - at_);
}

// "…" is as in JSON, '…' has nothing but itself inside.
Result<ExpressionToken> ExpressionLexer::Quoted(char quote) {
  size_t end = at_ + 1;
  while (end < text_.size() && text_[end] != quote) {
    end += quote == '"' && text_[end] == '\\' ? 2 : 1;
  }
  if (end >= text_.size()) return Fail("{} has no quote at its end", ShownPiece(text_.substr(at_)));
  std::string_view quoted = Take(end + 1 - at_);
  if (quote == '\'') {
    return Token{Token::Kind::kValue, quoted, std::string(quoted.substr(1, quoted.size() - 2))};
  }
  auto text = ParseJson(quoted);
  if (!text) {
    return Fail("{} is no text as JSON writes it; in '…' a backslash means itself",
                ShownPiece(quoted));
  }
  return Token{Token::Kind::kValue, quoted, *std::move(text)};
}

Result<ExpressionToken> ExpressionLexer::Word() {
  std::string_view word = TakeUntil(text_.find_first_of(kNoWord, at_));
  if (word == "true" || word == "false") return Token{Token::Kind::kValue, word, word == "true"};
  if (word == "null") return Token{Token::Kind::kValue, word, nullptr};
  for (const char* keyword : {"and", "or", "not", "in"}) {
    if (word == keyword) return Token{Token::Kind::kKeyword, word};
  }
  std::string error;
  if (BeginsNumber(word)) {
    auto number = NumberOf(word);
    if (number) return Token{Token::Kind::kValue, word, *std::move(number)};
    error = number.error();
  } else {
    auto name = CheckName(word);
    if (name) return Token{Token::Kind::kName, word};
    error = name.error();
  }
  if (bare_ == BareWords::kMistake) return Error{error};
  return Token{Token::Kind::kWord, word};
}

std::string ElsewhereHint(std::string_view text) {
  for (const auto& [there, here] : kElsewhere) {
    if (there == text) return fmt::format("; did you mean {}?", ShownPiece(here));
  }
  return "";
}

std::string ShownPiece(std::string_view text) {
  constexpr size_t kMost = 240;  // bytes, of which as many are shown as fit 60 columns
  return fmt::format("\"{}\"", FitColumns(VisibleText(text.substr(0, kMost)), 60));
}

}  // namespace muster
