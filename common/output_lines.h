#pragma once

// The lines that records add to files of rows. A record is {"columns": [names], "rows": [[values]]}
// (output_record.h). In CSV a text stands as it is, a number with its sign and digits, null as
// nothing, a list or map as JSON; in JSON Lines every row is an object of its columns.

#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The text of a record, checked; an error says what is wrong with it.
Result<Json> ParseRows(const std::string& text);

// Adds to `columns` the names of a record that are not among them; whether there were any.
bool AddColumns(const Json& rows, std::vector<std::string>* columns);

// The first line of a CSV file.
std::string CsvHeader(const std::vector<std::string>& columns, bool spreadsheet_safe);

// A record's rows under these columns; what the record lacks is empty.
std::string CsvRows(const Json& rows, const std::vector<std::string>& columns,
                    bool spreadsheet_safe);

std::string JsonlRows(const Json& rows);

// A record as `output` (csv or jsonl) has it, under its own columns; with_header: a CSV file of it
// alone.
std::string TableLines(const Json& rows, const Output& output, bool with_header);

}  // namespace muster
