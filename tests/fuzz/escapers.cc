#include <algorithm>
#include <string>
#include <vector>

#include "common/output_lines.h"
#include "common/safe_name.h"
#include "common/tables/csv.h"
#include "common/text.h"
#include "supervisor/metrics/exposition.h"
#include "supervisor/report/plot_svg.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

bool HasControl(std::string_view text, std::string_view but = "") {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 || byte == 0x7f) && but.find(c) == but.npos;
  });
}

// What a terminal obeys, or what people cannot see, in UTF-8: C1, marks of direction, no width.
bool HasInvisible(std::string_view text) {
  for (size_t at = 0; at + 1 < text.size(); ++at) {
    auto two = text.substr(at, 2);
    auto three = text.substr(at, 3);
    if (two >= "\u0080" && two <= "\u009f") return true;
    if (two == "\u00ad" || two == "\u061c" || three == "\ufeff" || three == "\u180e") return true;
    bool mark = (three >= "\u200b" && three <= "\u200f") ||
                (three >= "\u2028" && three <= "\u202e") ||
                (three >= "\u2060" && three <= "\u206f");
    if (mark) return true;
  }
  return false;
}

void CheckTerminal(std::string_view bytes) {
  std::string line = VisibleText(bytes), lines = VisibleText(bytes, true);
  Must(IsUtf8(line) && IsUtf8(lines), "bytes that are not UTF-8 on a terminal");
  Must(!HasControl(line) && !HasControl(lines, "\n\t"), "a control character on a terminal");
  Must(!HasInvisible(line) && !HasInvisible(lines), "an invisible character on a terminal");
  Must(VisibleText(line) == line, "visible text has something to hide");
  bool plain = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (plain) Must(line == bytes, "plain text changed");
  for (int columns : {0, 1, 7, 40}) {
    std::string fitted = FitColumns(line, columns);
    Must(ColumnsOf(fitted) <= columns, "wider than its columns");
    Must(IsUtf8(fitted) && !HasControl(fitted), "half a character");
    if (ColumnsOf(line) <= columns) Must(fitted == line, "cut without need");
  }
}

void CheckMarkup(std::string_view bytes) {
  std::string markup = EscapeMarkup(bytes);
  Must(markup.find_first_of("<>\"'") == markup.npos, "markup that begins or ends something");
  std::string back;
  for (size_t at = 0; at < markup.size(); ++at) {
    if (markup[at] != '&') {
      back += markup[at];
      continue;
    }
    size_t end = markup.find(';', at);
    Must(end != markup.npos, "half an entity");
    std::string_view name = std::string_view(markup).substr(at + 1, end - at - 1);
    back += name == "amp"    ? '&'
            : name == "lt"   ? '<'
            : name == "gt"   ? '>'
            : name == "quot" ? '"'
                             : '\'';
    at = end;
  }
  Must(back == bytes, "markup that reads as another text");
}

void CheckMetrics(std::string_view bytes) {
  Exposition page;
  page.Sample({{"a", bytes}, {"b", "end"}}, "1");
  const std::string& line = page.text();
  Must(IsUtf8(line) && line.ends_with("\",b=\"end\"} 1\n"), "a value that ends its line");
  Must(std::count(line.begin(), line.end(), '\n') == 1, "a value of two lines");
  std::string_view value = std::string_view(line).substr(4);
  size_t at = 0;
  for (; at < value.size() && value[at] != '"'; ++at) at += value[at] == '\\';
  Must(value.substr(at) == "\",b=\"end\"} 1\n", "a value that ends early");
}

// ---- names of files ----

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

void CheckNames(std::string_view bytes) {
  size_t half = bytes.size() / 2;
  std::string one(bytes.substr(0, half)), other(bytes.substr(half));
  for (const std::string& text : {one, other, std::string(bytes)}) {
    std::string name = SafeName(text);
    Must(!name.empty() && name.size() <= 100, "a name of no length");
    Must(IsUtf8(name) && VisibleText(name) == name, "a raw name");
    Must(name.find_first_of("/\\:*?\"<>|") == name.npos, "a name that is a path");
    Must(name[0] != '.' && name[0] != '-' && name[0] != ' ', "a name that hides");
    Must(SafeName(name) == name || name.find('~') != name.npos, "a name that is not safe");
  }
  bool alike = Lower(one) == Lower(other);
  Must(alike || Lower(SafeName(one)) != Lower(SafeName(other)), "two texts of one name");
}

// ---- cells ----

// In UTF-8 without NUL, as CsvLine has it.
std::string Cell(std::string_view bytes) {
  std::string cell(bytes);
  if (!IsUtf8(cell)) cell = VisibleText(cell, true);
  std::erase(cell, '\0');
  return cell;
}

std::vector<std::string> ReadBack(const std::string& text, size_t columns) {
  MemoryFile file(text);
  auto reader = CsvReader::Open("", file.path());
  Must(reader.ok() && reader->header().size() == columns, "a header that does not read");
  auto record = reader->Next();
  Must(record.ok() && *record, "cells that do not read");
  auto end = reader->Next();
  Must(end.ok() && !*end, "cells that became two records");
  return (*record)->values;
}

// Whether a spreadsheet would look for a formula in it; numbers are none.
bool IsFormula(const std::string& cell) {
  if (cell.empty() || std::string_view("=+-@\t\r").find(cell[0]) == std::string_view::npos) {
    return false;
  }
  return cell.find_first_not_of("0123456789.eE+-") != cell.npos;
}

void CheckCells(std::string_view bytes) {
  std::vector<std::string> cells, names;
  for (size_t at = 0; at <= bytes.size() && cells.size() < 8;) {
    size_t end = std::min(bytes.find('|', at), bytes.size());
    cells.push_back(Cell(bytes.substr(at, end - at)));
    names.push_back("c" + std::to_string(names.size()));
    at = end + 1;
  }
  std::string header = CsvLine(names);
  Must(ReadBack(header + CsvLine(cells), cells.size()) == cells, "other cells");
  std::vector<std::string> safe = ReadBack(header + CsvLine(cells, true), cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    bool guarded = safe[i] == "'" + cells[i];
    Must(guarded || safe[i] == cells[i], "another cell");
    Must(guarded || !IsFormula(cells[i]), "a formula");
  }
  Json row(cells);
  Json rows{{"columns", names}, {"rows", Json::array({row})}};
  Must(ParseRows(DumpJson(rows)).ok(), "rows that are none");
  Must(ReadBack(header + CsvRows(rows, names, false), cells.size()) == cells, "other rows");
  auto line = ParseJson(JsonlRows(rows));
  Must(line.ok() && line->size() == cells.size(), "a line that is no object");
  for (size_t i = 0; i < cells.size(); ++i) Must((*line)[names[i]] == cells[i], "another value");
}

}  // namespace

void FuzzEscapers(std::string_view bytes) {
  CheckTerminal(bytes);
  CheckMarkup(bytes);
  CheckMetrics(bytes);
  CheckNames(bytes);
  CheckCells(bytes);
}

}  // namespace muster::fuzz
