#pragma once

// Conditions and values over names, as `when`, `where`, `until` and columns have them:
//
//   or, and, not, ( ), == != < <= > >= in, names joined by dots, "text" as in JSON or 'text' as it
//   is, numbers, true, false, null, [lists]
//
// Strict: an unknown name is an error with the nearest name. A name under null is null (what a
// skipped step would have left), `count` of a list is its length. Text compared with a number must
// parse as one; text is ordered by its bytes; everything else is equal to its own kind only. `and`,
// `or` and `not` take true and false alone, and the right side is looked at only where it matters.

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// What a single word without quotes means that is no name of the context: a mistake in a config;
// on a command line, where a shell eats quotes, its own text, if it stands beside a comparison.
enum class BareWords { kMistake, kText };

// Larger or deeper ones are refused.
inline constexpr size_t kMaxExpression = 64 * 1024;  // bytes
inline constexpr int kMaxExpressionNesting = 64;

// Checks the syntax alone. Errors begin "origin: ".
Result<void> CheckExpression(const std::string& text, const std::string& origin,
                             BareWords bare = BareWords::kMistake);

// The value of an expression over `context` (an object).
Result<Json> Evaluate(const Expression& expression, const Json& context,
                      BareWords bare = BareWords::kMistake);

// The same where true or false is wanted; anything else is an error. An empty expression is
// `otherwise`.
Result<bool> IsTrue(const Expression& expression, const Json& context, bool otherwise,
                    BareWords bare = BareWords::kMistake);

// The same where a whole number of at least 0 is wanted, also as text.
Result<int64_t> CountOf(const Expression& expression, const Json& context);

// The dotted names it asks for, each once, in order of appearance; without a `.count` at the end.
Result<std::vector<std::string>> NamesIn(const Expression& expression);

}  // namespace muster
