#include "supervisor/report/report_command.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "common/replace_file.h"
#include "common/text.h"
#include "supervisor/report/report_formats.h"
#include "supervisor/report/shards.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

// One format by its name.
struct Format {
  std::string name;
  std::string (*write)(const Report&);
};

bool WantsColours() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

const std::vector<Format>& Formats() {
  static const std::vector<Format> kFormats{
      {"text", [](const Report& report) { return ReportAsText(report, false); }},
      {"md", ReportAsMarkdown},
      {"csv", ReportAsCsv},
      {"json", ReportAsJson},
      {"html", ReportAsHtml}};
  return kFormats;
}

int Complain(const std::string& message) {
  fmt::print(stderr, "muster: {}\n", VisibleText(message));
  return kBadInput;
}

Result<Format> FormatNamed(const std::string& name) {
  std::vector<std::string> names;
  for (const Format& format : Formats()) {
    if (format.name == name) return format;
    names.push_back(format.name);
  }
  std::string nearest = NearestName(name, names);
  return Fail("\"{}\" is no format of reports; expected {}{}", name, fmt::join(names, ", "),
              nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

int Print(const Report& report, const Format& format) {
  bool text = format.name == "text";
  std::string page = text ? ReportAsText(report, WantsColours()) : format.write(report);
  // Machines' formats may hold what a terminal obeys; programs get it as it is.
  if (!text && isatty(STDOUT_FILENO) == 1) page = VisibleText(page, true);
  bool written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
  if (std::fflush(stdout) == 0 && written) return kAllDone;
  return Complain("the report could not be written to standard output");
}

}  // namespace

int ReportCommand(const ReportOptions& options) {
  auto format = FormatNamed(options.format);
  if (!format) return Complain(format.error());
  if (options.runs.empty()) return Complain("report: which run directory is meant?");
  std::vector<std::string> missing;
  auto runs = ReadReportRuns(options.runs, &missing);
  if (!runs) return Complain(runs.error());
  for (const std::string& each : missing) fmt::print(stderr, "muster: {}\n", each);
  Report report = MakeReport(*std::move(runs));
  if (options.output.empty()) return Print(report, *format);
  auto written = ReplaceFile(options.output, format->write(report));
  return written ? kAllDone : Complain(written.error());
}

}  // namespace muster
