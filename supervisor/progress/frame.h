#pragma once

// What the live view shows, as lines for a given width. Knows nothing of terminals but colours.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/progress/progress.h"
#include "supervisor/progress/rate.h"

namespace muster {

enum class Colour { kNone, kGreen, kRed, kYellow, kFaint };

// `text` in that colour, closed on the same line; as it is without `colours`.
std::string Painted(Colour colour, std::string_view text, bool colours);

// One line of the view. `columns` is what it takes on the screen, escapes not counted.
struct FrameLine {
  std::string text;
  int columns = 0;
};

struct FrameLook {
  std::string name;  // of the run
  bool all_simulated = false;
  int columns = 80;  // no line is longer
  bool colours = false;
  std::string steps = {};  // how far the items at hand are; empty: nobody says
};

// Two to five lines: bar and counts; work and time; how far items are; tokens and money; why it
// waits or stops.
std::vector<FrameLine> BuildFrame(const Snapshot& snapshot, const RateMeter& rate,
                                  const FrameLook& look);

}  // namespace muster
