#pragma once

// A report as sections of tables: what the formats for people (text, Markdown, HTML) share. Texts
// are bare: each format escapes them its own way.

#include <string>
#include <vector>

#include "supervisor/report/report.h"

namespace muster {

struct TableColumn {
  std::string name;
  bool right = false;  // numbers
};

// Rows have as many cells as there are columns. A table whose columns have no names has no head.
struct Table {
  std::string title;
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> notes;  // below it: what the numbers mean, each a sentence
};

// One run, or one comparison.
struct Section {
  std::string title;
  std::vector<Table> tables;
  std::vector<std::string> plots;  // whole SVG elements, for HTML
};

// Side by side and differences first where there are several runs, then each run by itself.
// `plots`: draw them too.
std::vector<Section> SectionsOf(const Report& report, bool plots);

// "report: NAME" or "report: NAME and 2 more".
std::string TitleOf(const Report& report);

// The cells of a pair, from "pairs" to "tokens saved", and what is to be said below them.
std::vector<std::string> PairCells(const PairNumbers& pair);
std::vector<std::string> PairNotes();

// The tables of one run, and of several side by side.
Section RunSection(const ReportRun& run, const RunNumbers& numbers);
Section SideBySide(const Report& report);
Section ComparisonSection(const Report& report, const RunComparison& comparison);

}  // namespace muster
