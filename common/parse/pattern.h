#pragma once

// Regular expressions of configs and schemas, on answers of any kind. The one place that names RE2:
// its time is linear in the text and its memory is capped, whatever the expression; what it cannot
// do so (back-references, look-around) it refuses when the expression is compiled.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace re2 {
class RE2;
}

namespace muster {

// One compiled expression in RE2's syntax. Immutable; copies share it.
class Pattern {
 public:
  static constexpr size_t kMostBytes = 10'000;  // longer expressions are refused

  // "`x(`: missing ): x(". Texts are UTF-8; ^ and $ are the ends of the text unless the expression
  // says (?m).
  static Result<Pattern> Compile(std::string_view expression);

  // Whether it matches anywhere in the text.
  bool Matches(std::string_view text) const;

  // Of the last match, going from the beginning: its first group, or all of it when the expression
  // has none. A group that took no part is "". nullopt: no match. Points into `text`. Going on
  // after each match can take time with the square of the text, so too many in a long text are an
  // error.
  Result<std::optional<std::string_view>> LastMatch(std::string_view text) const;

  const std::string& expression() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}

  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace muster
