#pragma once

// The syntax of expressions: text to tree. What they mean is the business of common/expression.h.

#include <string>
#include <string_view>
#include <vector>

#include "common/expression.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// One value or operation of an expression. `text` is how it was written; it points into the text
// that was parsed, which must outlive the node.
struct ExpressionNode {
  enum class Kind {
    kLiteral,  // `literal`
    kName,     // `text`, dotted
    kWord,     // `text` means itself: no name could look so; only with BareWords::kText
    kList,     // of its children
    kNot,      // one child
    kAnd,      // two children or more; so has kOr
    kOr,
    kEqual,  // two children; so have all that follow
    kUnequal,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIn,
  };
  Kind kind = Kind::kLiteral;
  std::string_view text;
  Json literal = {};
  std::vector<ExpressionNode> children = {};
};

// The tree of `text`, nested no deeper than kMaxExpressionNesting. Errors say what is wrong, not
// where the expression stands.
Result<ExpressionNode> ParseExpression(std::string_view text, BareWords bare);

}  // namespace muster
