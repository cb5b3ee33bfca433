#pragma once

// What is around the program: libraries, clock, data files, terminal.

#include <cstdint>
#include <string_view>

#include "supervisor/doctor/fact.h"

namespace muster {

// `now` and `built`, when this program was made, in seconds since 1970.
Fact ClockFact(int64_t now, int64_t built);

// Of the variables that decide it.
struct TerminalSurroundings {
  bool tty = false;  // standard output is one
  std::string_view term, no_color, locale;
};
Fact TerminalFact(const TerminalSurroundings& around);

Facts SurroundingsFacts();

}  // namespace muster
