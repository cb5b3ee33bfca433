#pragma once

// Which plots a report has, as SVG (plot_svg.h): what report.plots asks of a run, accuracy where it
// asks for nothing; of several runs their accuracy, tokens, cost and time.

#include <string>
#include <vector>

#include "supervisor/report/report.h"

namespace muster {

std::vector<std::string> RunPlots(const ReportRun& run, const RunNumbers& numbers);
std::vector<std::string> RunsPlots(const Report& report);

}  // namespace muster
