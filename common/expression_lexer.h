#pragma once

// The words of expressions: text to tokens.

#include <string>
#include <string_view>

#include "common/expression.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// One word or sign of an expression. Its view points into the text.
struct ExpressionToken {
  enum class Kind {
    kEnd,
    kSign,     // ( ) [ ] , or any run of = ! < > & |
    kKeyword,  // and, or, not, in
    kValue,    // `value`: a number, a text, true, false, null
    kName,
    kWord,  // what no name could look like; only with BareWords::kText
  };
  Kind kind = Kind::kEnd;
  std::string_view text;
  Json value = {};

  bool Is(std::string_view sign) const {
    return (kind == Kind::kSign || kind == Kind::kKeyword) && text == sign;
  }
};

// Takes a text apart, a token at a time. The text must outlive it and its tokens.
class ExpressionLexer {
 public:
  ExpressionLexer(std::string_view text, BareWords bare) : text_(text), bare_(bare) {}

  Result<ExpressionToken> Next();

 private:
  std::string_view Take(size_t size);
  std::string_view TakeUntil(size_t end);
  Result<ExpressionToken> Quoted(char quote);
  Result<ExpressionToken> Word();

  std::string_view text_;
  BareWords bare_;
  size_t at_ = 0;
};

// "; did you mean "and"?" for what other languages write: &&.
std::string ElsewhereHint(std::string_view text);

// A piece of an expression, for a message: in quotes, made visible, not too long.
std::string ShownPiece(std::string_view text);

}  // namespace muster
