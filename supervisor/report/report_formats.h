#pragma once

// A report in each of its formats, as the whole file's text. Ids, groups and reasons come from
// items and providers: each format escapes what could mean something in it.

#include <string>

#include "supervisor/report/report.h"

namespace muster {

// For terminals: aligned columns, nothing that a terminal obeys. `colours`: titles stand out.
std::string ReportAsText(const Report& report, bool colours);
// GitHub's Markdown, with tables.
std::string ReportAsMarkdown(const Report& report);
// One file that needs no other: styles and plots are inside, no scripts. Light and dark, for
// phones and for paper.
std::string ReportAsHtml(const Report& report);
// A number a line: run, group, score, measure, value, n, low, high. An empty group is all items, an
// empty score the run; money in US dollars, times in milliseconds, shares from 0 to 1. A pair's
// score is "second - first"; of two runs, run is.
std::string ReportAsCsv(const Report& report);
// Everything that was counted, and every item's scores.
std::string ReportAsJson(const Report& report);

}  // namespace muster
