#pragma once

// A CSV file as a test looks at it: records by the names of their columns.

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "common/tables/csv.h"

namespace muster {

using CsvRow = std::map<std::string, std::string>;

// The whole file; one that cannot be read fails the test.
struct CsvFile {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;
};

inline CsvFile ReadCsv(const std::string& path) {
  auto reader = CsvReader::Open("", path);
  REQUIRE_MESSAGE(reader, (reader ? "" : reader.error()));
  CsvFile file{reader->header(), {}};
  for (;;) {
    auto record = reader->Next();
    REQUIRE_MESSAGE(record, (record ? "" : record.error()));
    if (!*record) return file;
    CsvRow& row = file.rows.emplace_back();
    for (size_t i = 0; i < file.header.size(); ++i) row[file.header[i]] = (*record)->values[i];
  }
}

// The rows by what stands in a column; the same there twice fails the test.
inline std::map<std::string, CsvRow> RowsBy(const std::string& column, const CsvFile& file) {
  std::map<std::string, CsvRow> rows;
  for (const CsvRow& row : file.rows) {
    auto value = row.find(column);
    REQUIRE_MESSAGE(value != row.end(), "no column " << column);
    CHECK_MESSAGE(rows.emplace(value->second, row).second, value->second << " is there twice");
  }
  return rows;
}

}  // namespace muster
