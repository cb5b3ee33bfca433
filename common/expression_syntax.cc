#include "common/expression_syntax.h"

#include <utility>

#include "common/expression_lexer.h"
#include "common/text.h"

namespace muster {
namespace {

using Node = ExpressionNode;
using Kind = ExpressionNode::Kind;

constexpr std::pair<std::string_view, Kind> kComparisons[] = {
    {"==", Kind::kEqual},     {"!=", Kind::kUnequal}, {"<", Kind::kLess},
    {"<=", Kind::kLessEqual}, {">", Kind::kGreater},  {">=", Kind::kGreaterEqual},
    {"in", Kind::kIn}};

const Kind* FindComparison(std::string_view text) {
  for (const auto& [name, kind] : kComparisons) {
    if (name == text) return &kind;
  }
  return nullptr;
}

// Recursive descent, one token ahead: or < and < not < comparison < value.
class Parser {
 public:
  Parser(std::string_view text, BareWords bare) : text_(text), lexer_(text, bare) {}

  Result<Node> Parse() {
    if (text_.size() > kMaxExpression) {
      return Fail("the expression is over {} KB", kMaxExpression / 1024);
    }
    if (!IsUtf8(text_)) return Fail("{} is not UTF-8", ShownPiece(text_));
    auto started = Advance();
    if (!started) return Error{started.error()};
    if (next_.kind == ExpressionToken::Kind::kEnd) return Fail("the expression is empty");
    auto root = Chain(Kind::kOr);
    if (!root) return root;
    if (next_.kind != ExpressionToken::Kind::kEnd)
      return Unexpected("and, or, a comparison or the end");
    return root;
  }

 private:
  Result<void> Advance() {
    auto token = lexer_.Next();
    if (!token) return Error{token.error()};
    before_ = next_.text;
    next_ = *std::move(token);
    return {};
  }

  // "… is expected after "<=", not ")""
  Error Unexpected(std::string_view expected) const {
    std::string after = before_.empty() ? "" : fmt::format(" after {}", ShownPiece(before_));
    bool end = next_.kind == ExpressionToken::Kind::kEnd;
    return Fail("{} is expected{}, not {}{}", expected, after,
                end ? "the end" : ShownPiece(next_.text), ElsewhereHint(next_.text));
  }

  std::string_view Since(const char* begin) const {
    return {begin, static_cast<size_t>(before_.data() + before_.size() - begin)};
  }

  // a or b or c; or a and b and c.
  Result<Node> Chain(Kind kind) {
    const char* begin = next_.text.data();
    auto operand = [&] { return kind == Kind::kOr ? Chain(Kind::kAnd) : Negation(); };
    std::string_view word = kind == Kind::kOr ? "or" : "and";
    auto first = operand();
    if (!first || !next_.Is(word)) return first;
    Node chain{kind, {}, {}, {}};
    chain.children.push_back(*std::move(first));
    while (next_.Is(word)) {
      if (auto done = Advance(); !done) return Error{done.error()};
      auto more = operand();
      if (!more) return more;
      chain.children.push_back(*std::move(more));
    }
    chain.text = Since(begin);
    return chain;
  }

  Result<Node> Negation() {
    if (!next_.Is("not")) return Comparison();
    const char* begin = next_.text.data();
    if (auto done = Deeper(); !done) return Error{done.error()};
    auto operand = Negation();
    --depth_;
    if (!operand) return operand;
    Node node{Kind::kNot, Since(begin), {}, {}};
    node.children.push_back(*std::move(operand));
    return node;
  }

  Result<Node> Comparison() {
    const char* begin = next_.text.data();
    auto left = Value();
    const Kind* kind = Compared();
    if (!left || !kind) return left;
    if (auto done = Advance(); !done) return Error{done.error()};
    auto right = Value();
    if (!right) return right;
    if (Compared()) {
      return Fail("{} is compared twice; join two comparisons by and", ShownPiece(Since(begin)));
    }
    Node node{*kind, Since(begin), {}, {}};
    node.children.push_back(*std::move(left));
    node.children.push_back(*std::move(right));
    return node;
  }

  // The comparison that comes next, or nullptr.
  const Kind* Compared() const {
    bool sign =
        next_.kind == ExpressionToken::Kind::kSign || next_.kind == ExpressionToken::Kind::kKeyword;
    return sign ? FindComparison(next_.text) : nullptr;
  }

  Result<Node> Value() {
    if (next_.Is("(")) return Inside();
    if (next_.Is("[")) return List();
    Kind kind = Kind::kLiteral;
    if (next_.kind == ExpressionToken::Kind::kName) {
      kind = Kind::kName;
    } else if (next_.kind == ExpressionToken::Kind::kWord) {
      kind = Kind::kWord;
    } else if (next_.kind != ExpressionToken::Kind::kValue) {
      return Unexpected("a value");
    }
    Node node{kind, next_.text, std::move(next_.value), {}};
    if (auto done = Advance(); !done) return Error{done.error()};
    return node;
  }

  Result<Node> Inside() {
    if (auto done = Deeper(); !done) return Error{done.error()};
    auto inner = Chain(Kind::kOr);
    --depth_;
    if (!inner) return inner;
    if (!next_.Is(")")) return Unexpected("\")\"");
    if (auto done = Advance(); !done) return Error{done.error()};
    return inner;
  }

  Result<Node> List() {
    const char* begin = next_.text.data();
    if (auto done = Deeper(); !done) return Error{done.error()};
    Node list{Kind::kList, {}, {}, {}};
    while (!next_.Is("]")) {
      auto element = Value();
      if (!element) return element;
      list.children.push_back(*std::move(element));
      if (!next_.Is(",") && !next_.Is("]")) return Unexpected("\",\" or \"]\"");
      if (!next_.Is(",")) break;
      if (auto done = Advance(); !done) return Error{done.error()};
    }
    --depth_;
    if (auto done = Advance(); !done) return Error{done.error()};
    list.text = Since(begin);
    return list;
  }

  // Takes the token that opens something.
  Result<void> Deeper() {
    if (++depth_ > kMaxExpressionNesting) {
      return Fail("the expression is nested deeper than {} levels", kMaxExpressionNesting);
    }
    return Advance();
  }

  std::string_view text_;
  ExpressionLexer lexer_;
  ExpressionToken next_;
  std::string_view before_;  // the token that was taken last
  int depth_ = 0;
};

}  // namespace

Result<ExpressionNode> ParseExpression(std::string_view text, BareWords bare) {
  return Parser(text, bare).Parse();
}

}  // namespace muster
