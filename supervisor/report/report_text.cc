#include <algorithm>

#include "common/text.h"
#include "supervisor/progress/frame.h"
#include "supervisor/report/report_formats.h"
#include "supervisor/report/report_page.h"

namespace muster {
namespace {

std::vector<int> WidthsOf(const Table& table) {
  std::vector<int> widths;
  for (const TableColumn& column : table.columns) widths.push_back(ColumnsOf(column.name));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], ColumnsOf(row[i]));
  }
  return widths;
}

std::string Line(const Table& table, const std::vector<int>& widths,
                 const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string space(static_cast<size_t>(widths[i] - ColumnsOf(cells[i])), ' ');
    line += "  " + (table.columns[i].right ? space + cells[i] : cells[i] + space);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::vector<std::string> HeadOf(const Table& table) {
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) names.push_back(column.name);
  return names;
}

bool HasHead(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const TableColumn& column) { return !column.name.empty(); });
}

void AddTable(const Table& table, bool colours, std::string& text) {
  std::vector<int> widths = WidthsOf(table);
  if (!table.title.empty()) text += "\n" + table.title + "\n";
  if (HasHead(table)) {
    std::string head = Line(table, widths, HeadOf(table));
    head.pop_back();
    text += Painted(Colour::kFaint, head, colours) + "\n";
  }
  for (const auto& row : table.rows) text += Line(table, widths, row);
  for (const std::string& note : table.notes) {
    text += Painted(Colour::kFaint, "  " + note, colours) + "\n";
  }
}

// ---- Markdown ----

// What would end a cell, begin markup, or be HTML.
std::string Marked(const std::string& text) {
  std::string marked;
  for (char c : text) {
    if (c == '<') {
      marked += "&lt;";
    } else if (c == '&') {
      marked += "&amp;";
    } else {
      if (std::string_view("\\`*_[]|~$").find(c) != std::string_view::npos) marked += '\\';
      marked += c;
    }
  }
  return marked;
}

void AddMarkdownRow(const std::vector<std::string>& cells, std::string& text) {
  text += "|";
  for (const std::string& cell : cells) text += " " + Marked(cell) + " |";
  text += "\n";
}

void AddMarkdownTable(const Table& table, std::string& text) {
  if (!table.title.empty()) text += "\n### " + Marked(table.title) + "\n";
  if (!table.columns.empty()) {
    text += "\n";
    AddMarkdownRow(HeadOf(table), text);
    text += "|";
    for (const TableColumn& column : table.columns) text += column.right ? " ---: |" : " --- |";
    text += "\n";
  }
  for (const auto& row : table.rows) AddMarkdownRow(row, text);
  for (const std::string& note : table.notes) text += "\n" + Marked(note) + "  \n";
}

}  // namespace

std::string ReportAsText(const Report& report, bool colours) {
  std::string text;
  for (const Section& section : SectionsOf(report, false)) {
    text += text.empty() ? "" : "\n";
    text += Painted(Colour::kGreen, section.title, colours) + "\n";
    text += fmt::format("{:=<{}}\n", "", ColumnsOf(section.title));
    for (const Table& table : section.tables) AddTable(table, colours, text);
  }
  return text;
}

std::string ReportAsMarkdown(const Report& report) {
  std::string text = "# " + Marked(TitleOf(report)) + "\n";
  for (const Section& section : SectionsOf(report, false)) {
    text += "\n## " + Marked(section.title) + "\n";
    for (const Table& table : section.tables) AddMarkdownTable(table, text);
  }
  return text;
}

}  // namespace muster
