#pragma once

// The block a run ends with: what became of the items, what it took, where the results are, and how
// to go on.

#include <string>
#include <vector>

#include "supervisor/progress/progress.h"

namespace muster {

// One calm line when there was nothing to do; else a headline and aligned lines below. No line has
// a newline; empty ones part the groups.
std::vector<std::string> SummaryLines(const RunSummary& summary);

// The figures of one or two Totals (`whole` nullptr: one column) as aligned lines, indented by two.
std::vector<std::string> FiguresTable(const Totals& session, const Totals* whole);

}  // namespace muster
