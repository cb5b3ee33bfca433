#include "supervisor/report/report.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "common/text.h"

namespace muster {
namespace {

std::string FolderName(const ReportRun& run) {
  std::filesystem::path path(run.run_dir);
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

template <class Label>
bool AllDiffer(const std::vector<ReportRun>& runs, Label label) {
  std::set<std::string> seen;
  return std::all_of(runs.begin(), runs.end(),
                     [&](const ReportRun& run) { return seen.insert(label(run)).second; });
}

// The runs' names, else their folders' names, else their paths; the same run twice is numbered.
void Label(std::vector<ReportRun>& runs) {
  auto name = [](const ReportRun& run) { return run.name; };
  auto path = [](const ReportRun& run) { return run.run_dir; };
  bool by_name = AllDiffer(runs, name), by_folder = AllDiffer(runs, FolderName);
  bool by_path = AllDiffer(runs, path);
  int64_t number = 0;
  for (ReportRun& run : runs) {
    std::string label = by_name ? run.name : by_folder ? FolderName(run) : run.run_dir;
    run.label = VisibleText(label);
    if (!by_path) run.label += fmt::format(" ({})", ++number);
  }
}

}  // namespace

Report MakeReport(std::vector<ReportRun> runs) {
  Report report;
  Label(runs);
  report.runs = std::move(runs);
  for (const ReportRun& run : report.runs) report.numbers.push_back(CountRun(run));
  for (size_t i = 1; i < report.runs.size(); ++i) {
    report.comparisons.push_back({i, CompareRuns(report.runs[0], report.runs[i])});
  }
  return report;
}

}  // namespace muster
