#include "common/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "common/expression_lexer.h"
#include "common/expression_syntax.h"
#include "common/template.h"
#include "common/template_syntax.h"

namespace muster {
namespace {

using Node = ExpressionNode;
using Kind = ExpressionNode::Kind;

// Holds every int64, uint64 and double exactly, so that all of them compare exactly.
using Number = long double;
static_assert(std::numeric_limits<Number>::digits >= 64);

std::string_view KindOf(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "a text";
  if (value.is_boolean()) return "true or false";
  if (value.is_number()) return "a number";
  return value.is_array() ? "a list" : "a map";
}

// What a message calls a value: what it is, by its name where it has one: item.points ("many").
std::string Shown(const Node& node, const Json& value) {
  std::string what;
  if (value.is_string()) {
    what = ShownPiece(value.get_ref<const std::string&>());
  } else {
    what = value.is_structured() ? KindOf(value) : DumpJson(value);
  }
  bool named = node.kind == Kind::kName && (!value.is_string() || value != std::string(node.text));
  return named ? fmt::format("{} ({})", ShownPiece(node.text), what) : what;
}

template <class T>
std::optional<T> Read(std::string_view text) {
  T number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

// The number that a text says, blanks around it left out.
std::optional<Number> NumberIn(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  if (text[0] == '+' && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  if (auto whole = Read<int64_t>(text)) return *whole;
  if (auto whole = Read<uint64_t>(text)) return *whole;
  auto number = Read<double>(text);
  return number && std::isfinite(*number) ? std::optional<Number>(*number) : std::nullopt;
}

// The number that a number is or a text says.
std::optional<Number> NumberOf(const Json& value) {
  if (value.is_string()) return NumberIn(value.get_ref<const std::string&>());
  if (value.is_number_unsigned()) return value.get<uint64_t>();
  if (value.is_number_integer()) return value.get<int64_t>();
  return value.get<double>();
}

// How two values compare. Less and greater only of numbers and texts.
enum class Order { kLess, kEqual, kGreater, kDifferent };

template <class T>
Order OrderOf(const T& a, const T& b) {
  return a < b ? Order::kLess : b < a ? Order::kGreater : Order::kEqual;
}

// A tree and the names it is evaluated over, both the caller's.
class Evaluator {
 public:
  Evaluator(const Json& context, BareWords bare) : context_(context), bare_(bare) {}

  // `beside`: a word without quotes may be its own text here.
  Result<Json> Value(const Node& node, bool beside = false) const {
    switch (node.kind) {
      case Kind::kLiteral:
        return node.literal;
      case Kind::kName:
      case Kind::kWord:
        return beside && IsBare(node) ? Json(std::string(node.text)) : Named(node, beside);
      case Kind::kList:
        return List(node, beside);
      case Kind::kNot: {
        auto value = Bool(node.children[0], "not");
        return value ? Result<Json>(!*value) : Error{value.error()};
      }
      case Kind::kAnd:
        return Chain(node, "and", false);
      case Kind::kOr:
        return Chain(node, "or", true);
      default:
        return Comparison(node);
    }
  }

 private:
  // A word that is no name here. Maps that are one cannot be meant beside a comparison.
  bool IsBare(const Node& node) const {
    if (bare_ == BareWords::kMistake) return false;
    if (node.kind != Kind::kName) return node.kind == Kind::kWord;
    const Json* top = Member(context_, node.text.substr(0, node.text.find('.')));
    return !top || (top->is_object() && node.text.find('.') == std::string_view::npos);
  }

  // A dotted name; null under null; the length of a list by its count.
  Result<Json> Named(const Node& node, bool beside) const {
    auto parts = NameParts(node.text);
    if (!parts) return Error{parts.error()};
    const Json* value = &context_;
    for (size_t i = 0; i < parts->size(); ++i) {
      std::string_view part = (*parts)[i];
      if (i > 0 && value->is_null()) return Json();
      bool length = value->is_array() && i + 1 == parts->size() && part == "count";
      if (length) return Json(value->size());
      const Json* member = Member(*value, part);
      if (!member) return Unknown(node, *value, beside && parts->size() == 1);
      value = member;
    }
    return *value;
  }

  Error Unknown(const Node& node, const Json& at, bool word) const {
    auto found = FindName(context_, node.text);
    if (found) return Fail("{} is no name", ShownPiece(node.text));
    if (at.is_array()) return Fail("{}; its length is its count", found.error());
    return Fail("{}{}", found.error(), word ? " (a text stands in quotes)" : "");
  }

  Result<Json> List(const Node& node, bool beside) const {
    Json list = Json::array();
    for (const Node& child : node.children) {
      auto element = Value(child, beside);
      if (!element) return element;
      list.push_back(*std::move(element));
    }
    return list;
  }

  Result<bool> Bool(const Node& node, std::string_view word) const {
    auto value = Value(node);
    if (!value) return Error{value.error()};
    if (value->is_boolean()) return value->get<bool>();
    return Fail("{} takes true and false alone, and {} is {}", word, Shown(node, *value),
                KindOf(*value));
  }

  // The first operand that is `decisive` decides; those behind it are not looked at.
  Result<Json> Chain(const Node& node, std::string_view word, bool decisive) const {
    for (const Node& child : node.children) {
      auto value = Bool(child, word);
      if (!value) return Error{value.error()};
      if (*value == decisive) return Json(decisive);
    }
    return Json(!decisive);
  }

  Result<Json> Comparison(const Node& node) const {
    const Node &left = node.children[0], &right = node.children[1];
    bool words = IsBare(left) && IsBare(right);  // then neither can be the other's text
    auto a = Value(left, !words), b = a ? Value(right, !words) : a;
    if (!b) return b;
    if (node.kind == Kind::kIn) return In(left, *a, right, *b);
    auto order = Compare(left, *a, right, *b);
    if (!order) return Error{order.error()};
    if (node.kind == Kind::kEqual) return Json(*order == Order::kEqual);
    if (node.kind == Kind::kUnequal) return Json(*order != Order::kEqual);
    bool ordered = (a->is_number() || a->is_string()) && (b->is_number() || b->is_string());
    if (!ordered) {
      bool first = !a->is_number() && !a->is_string();
      return Fail("{} has no order; numbers and texts are compared by < and >",
                  first ? Shown(left, *a) : Shown(right, *b));
    }
    return Json(Holds(node.kind, *order));
  }

  static bool Holds(Kind kind, Order order) {
    if (order == Order::kEqual) return kind == Kind::kLessEqual || kind == Kind::kGreaterEqual;
    bool less = kind == Kind::kLess || kind == Kind::kLessEqual;
    return less == (order == Order::kLess);
  }

  Result<Order> Compare(const Node& left, const Json& a, const Node& right, const Json& b) const {
    bool texts = a.is_string() && b.is_string();
    if (texts) return OrderOf(a.get_ref<const std::string&>(), b.get_ref<const std::string&>());
    bool numbers = (a.is_number() || a.is_string()) && (b.is_number() || b.is_string());
    if (!numbers) {
      // Maps without a look at the order of their keys.
      bool deep = a.is_structured() && a.type() == b.type();
      bool same = deep ? CanonicalJson(a) == CanonicalJson(b) : a == b;
      return same ? Order::kEqual : Order::kDifferent;
    }
    auto x = NumberOf(a), y = NumberOf(b);
    if (!x) return NoNumber(left, a, right, b);
    if (!y) return NoNumber(right, b, left, a);
    return OrderOf(*x, *y);
  }

  static Error NoNumber(const Node& text, const Json& value, const Node& other,
                        const Json& number) {
    return Fail("{} is no number, and is compared with the number {}", Shown(text, value),
                Shown(other, number));
  }

  // A text among numbers is a mistake as it is beside one, but not where the list has texts too.
  Result<Json> In(const Node& left, const Json& value, const Node& right, const Json& list) const {
    if (!list.is_array()) {
      return Fail("{} is no list; what comes after \"in\" must be one", Shown(right, list));
    }
    std::string mistake;
    bool alike = false;
    for (const Json& element : list) {
      auto order = Compare(left, value, {Kind::kLiteral, {}}, element);
      if (order && *order == Order::kEqual) return Json(true);
      alike = alike || element.is_string() == value.is_string();
      if (!order && mistake.empty()) mistake = order.error();
    }
    if (!alike && !mistake.empty()) return Error{mistake};
    return Json(false);
  }

  const Json& context_;
  BareWords bare_;
};

Error At(const std::string& origin, std::string_view what) {
  return origin.empty() ? Fail("{}", what) : Fail("{}: {}", origin, what);
}

// The whole number that a value is or says.
std::optional<int64_t> WholeIn(const Json& value) {
  if (!value.is_number() && !value.is_string()) return std::nullopt;
  auto number = NumberOf(value);
  bool whole = number && std::floor(*number) == *number && std::fabs(*number) < 0x1p63L;
  return whole ? std::optional(static_cast<int64_t>(*number)) : std::nullopt;
}

void CollectNames(const Node& node, std::vector<std::string>& names) {
  if (node.kind == Kind::kName) {
    std::string name(node.text);
    constexpr std::string_view kCount = ".count";
    if (name.ends_with(kCount)) name.resize(name.size() - kCount.size());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const Node& child : node.children) CollectNames(child, names);
}

}  // namespace

Result<void> CheckExpression(const std::string& text, const std::string& origin, BareWords bare) {
  auto tree = ParseExpression(text, bare);
  return tree ? Result<void>() : At(origin, tree.error());
}

Result<Json> Evaluate(const Expression& expression, const Json& context, BareWords bare) {
  auto tree = ParseExpression(expression.text, bare);
  if (!tree) return At(expression.origin, tree.error());
  auto value = Evaluator(context, bare).Value(*tree);
  return value ? value : At(expression.origin, value.error());
}

Result<bool> IsTrue(const Expression& expression, const Json& context, bool otherwise,
                    BareWords bare) {
  if (expression.empty()) return otherwise;
  auto value = Evaluate(expression, context, bare);
  if (!value) return Error{value.error()};
  if (value->is_boolean()) return value->get<bool>();
  return At(expression.origin, fmt::format("{} is {}, where true or false is expected, such as of "
                                           "a comparison",
                                           ShownPiece(expression.text), KindOf(*value)));
}

Result<int64_t> CountOf(const Expression& expression, const Json& context) {
  auto value = Evaluate(expression, context);
  if (!value) return Error{value.error()};
  auto whole = WholeIn(*value);
  if (whole && *whole >= 0) return *whole;
  return At(expression.origin,
            fmt::format("{} is {}, where a whole number of at least 0 is expected",
                        ShownPiece(expression.text), Shown({Kind::kLiteral, {}}, *value)));
}

Result<std::vector<std::string>> NamesIn(const Expression& expression) {
  auto tree = ParseExpression(expression.text, BareWords::kMistake);
  if (!tree) return At(expression.origin, tree.error());
  std::vector<std::string> names;
  CollectNames(*tree, names);
  return names;
}

}  // namespace muster
