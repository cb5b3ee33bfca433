#include "supervisor/report/report_page.h"

#include "supervisor/report/report_plots.h"

namespace muster {

std::string TitleOf(const Report& report) {
  std::string title = "report: " + report.runs[0].label;
  size_t more = report.runs.size() - 1;
  return more == 0 ? title : fmt::format("{} and {} more", title, more);
}

std::vector<Section> SectionsOf(const Report& report, bool plots) {
  std::vector<Section> sections;
  if (report.runs.size() > 1) {
    sections.push_back(SideBySide(report));
    if (plots) sections.back().plots = RunsPlots(report);
  }
  for (const RunComparison& comparison : report.comparisons) {
    sections.push_back(ComparisonSection(report, comparison));
  }
  for (size_t i = 0; i < report.runs.size(); ++i) {
    sections.push_back(RunSection(report.runs[i], report.numbers[i]));
    if (plots) sections.back().plots = RunPlots(report.runs[i], report.numbers[i]);
  }
  return sections;
}

}  // namespace muster
