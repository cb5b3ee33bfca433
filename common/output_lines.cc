#include "common/output_lines.h"

#include <algorithm>

#include "common/tables/csv.h"

namespace muster {
namespace {

bool AllTexts(const Json& list) {
  return std::all_of(list.begin(), list.end(), [](const Json& each) { return each.is_string(); });
}

std::string CellOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : DumpJson(value);
}

std::vector<std::string> ColumnsOf(const Json& rows) {
  std::vector<std::string> columns;
  AddColumns(rows, &columns);
  return columns;
}

// Where each of these columns stands in the record's own rows; its size: nowhere.
std::vector<size_t> PlacesOf(const std::vector<std::string>& columns, const Json& own) {
  std::vector<size_t> places;
  for (const std::string& name : columns) {
    auto at = std::find(own.begin(), own.end(), name);
    places.push_back(static_cast<size_t>(at - own.begin()));
  }
  return places;
}

}  // namespace

Result<Json> ParseRows(const std::string& text) {
  auto json = ParseJson(text);
  if (!json) return Fail("a record is no JSON: {}", json.error());
  const Json* columns = Member(*json, "columns");
  const Json* rows = Member(*json, "rows");
  bool lists = columns && rows && columns->is_array() && rows->is_array() && AllTexts(*columns);
  if (!lists) return Fail("a record is no table; expected its columns and rows");
  for (const Json& row : *rows) {
    if (row.is_array() && row.size() <= columns->size()) continue;
    return Fail("a row of a record does not fit its {} columns", columns->size());
  }
  return json;
}

bool AddColumns(const Json& rows, std::vector<std::string>* columns) {
  size_t before = columns->size();
  for (const Json& name : rows["columns"]) {
    auto text = name.get<std::string>();
    if (std::find(columns->begin(), columns->end(), text) == columns->end()) {
      columns->push_back(std::move(text));
    }
  }
  return columns->size() > before;
}

std::string CsvHeader(const std::vector<std::string>& columns, bool spreadsheet_safe) {
  return CsvLine(columns, spreadsheet_safe);
}

std::string CsvRows(const Json& rows, const std::vector<std::string>& columns,
                    bool spreadsheet_safe) {
  std::string lines;
  std::vector<size_t> places = PlacesOf(columns, rows["columns"]);
  for (const Json& row : rows["rows"]) {
    std::vector<std::string> cells;
    for (size_t place : places) cells.push_back(place < row.size() ? CellOf(row[place]) : "");
    lines += CsvLine(cells, spreadsheet_safe);
  }
  return lines;
}

std::string JsonlRows(const Json& rows) {
  std::string lines;
  const Json& columns = rows["columns"];
  for (const Json& row : rows["rows"]) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[columns[i].get<std::string>()] = row[i];
    lines += DumpJson(object) + "\n";
  }
  return lines;
}

std::string TableLines(const Json& rows, const Output& output, bool with_header) {
  if (output.jsonl) return JsonlRows(rows);
  std::vector<std::string> columns = ColumnsOf(rows);
  std::string header = with_header ? CsvHeader(columns, output.spreadsheet_safe) : "";
  return header + CsvRows(rows, columns, output.spreadsheet_safe);
}

}  // namespace muster
