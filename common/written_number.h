#pragma once

// Numbers as people write them.

#include <optional>
#include <string>
#include <string_view>

namespace muster {

// A number in a text. 12% is {12, true}: whether that is 12 or 0.12 is the reader's to say.
struct WrittenNumber {
  double value = 0;
  bool percent = false;
};

// The last number of a text: "about 1,234.5 kg" (a comma groups thousands, as does a no-break
// space), "−3", "2.5e-3", "3 × 10^8", "3/4". A minus counts where no letter or digit is before it.
// Digits behind a letter (m2, v3) count only where there are no others. What is written like a
// version or an address (1.2.3) is none.
std::optional<WrittenNumber> LastNumber(std::string_view text);

// A text that is one plain number and nothing else.
std::optional<double> WholeNumber(std::string_view text);

}  // namespace muster
