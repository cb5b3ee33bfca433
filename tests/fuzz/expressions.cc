#include "common/expression.h"

#include <string>

#include "common/text.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

Json Names() {
  return {{"item", {{"id", "a"}, {"n", 5}, {"text", "12"}, {"list", {1, "a", nullptr}}}},
          {"params", {{"x", 0.5}, {"yes", true}, {"map", {{"count", 3}}}}},
          {"a", -1},
          {"none", nullptr}};
}

}  // namespace

void FuzzExpressions(std::string_view bytes) {
  if (bytes.empty()) return;
  static const Json names = Names();
  BareWords bare = bytes[0] % 2 ? BareWords::kText : BareWords::kMistake;
  Expression expression{std::string(bytes.substr(1)), "here"};
  auto checked = CheckExpression(expression.text, expression.origin, bare);
  auto value = Evaluate(expression, names, bare);
  if (!checked) {
    Must(!value && value.error() == checked.error(), "a wrong expression has a value");
  }
  if (!value) {
    Must(value.error().starts_with("here: "), "an error without its place");
    Must(VisibleText(value.error()) == value.error(), "a raw message");
    Must(value.error().size() < 5000, "an endless message");
  }
  Must(NamesIn(expression).ok() == CheckExpression(expression.text, "").ok(), "names of nothing");
  auto truth = IsTrue(expression, names, true, bare);
  if (truth && !expression.empty()) Must(value && *value == Json(*truth), "another truth");
  auto count = CountOf(expression, names);
  if (count) Must(*count >= 0, "a negative count");
}

}  // namespace muster::fuzz
