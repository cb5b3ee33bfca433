#pragma once

// A whole report before it is written in some format: what was read of each run, what was counted,
// and how each run differs from the first.

#include <string>
#include <vector>

#include "supervisor/report/report_numbers.h"

namespace muster {

// How one run differs from the first.
struct RunComparison {
  size_t other = 0;  // its place in the report's runs
  std::vector<RunPair> scores;
};

// `numbers` has one for each of `runs`, in their order.
struct Report {
  std::vector<ReportRun> runs;
  std::vector<RunNumbers> numbers;
  std::vector<RunComparison> comparisons;  // none for a single run
};

// Gives each run a label that no other has, and counts.
Report MakeReport(std::vector<ReportRun> runs);

}  // namespace muster
