#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// Money is whole picodollars (1e-12 USD): every published price per token is a whole number of
// them, so that sums are exact. Holds up to 9.2 million dollars; sums saturate there.
using Picodollars = int64_t;

inline constexpr Picodollars kPicodollarsPerDollar = 1'000'000'000'000;

Picodollars AddMoney(Picodollars a, Picodollars b);                 // saturates
Picodollars PriceOf(int64_t tokens, Picodollars picodollars_each);  // saturates

// "$0.0312", "$12.40", "$0.00": four digits after the point below a dollar, two from there on;
// what is not zero never shows as zero ("<$0.0001").
std::string FormatMoney(Picodollars amount);

// The same to the last picodollar, for machines: "2.5", "0.000000000001"; ParseDollars takes it
// back.
std::string ExactDollars(Picodollars amount);

// "2.50", "$2.50", "0.000001" (US dollars) to picodollars, exactly; refuses negatives and more
// digits than a picodollar has.
Result<Picodollars> ParseDollars(std::string_view text);

}  // namespace muster
