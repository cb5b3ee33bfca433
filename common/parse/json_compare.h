#pragma once

// Comparing JSON values as JSON Schema means it: numbers by what they are worth (1 is 1.0), objects
// whatever the order of their members. Json's own == knows neither.

#include <string>

#include "common/json.h"

namespace muster {

// Equal texts for equal values, and only for those: what sets of values are keyed by.
std::string EqualityKey(const Json& value);

// Of two numbers: negative, 0 or positive as `a` is less than, equal to or greater than `b`.
// Exact, also between integers of 64 bits and fractions.
int CompareNumbers(const Json& a, const Json& b);

// Whether `value` is a whole multiple of `divisor` (which is greater than 0), in decimal: 0.3 is
// one of 0.1, though their binary fractions are not.
bool IsMultiple(const Json& value, const Json& divisor);

// A number without a fraction, also one written 1.0 or 1e3.
bool IsWhole(const Json& value);

}  // namespace muster
