#pragma once

#include <string>
#include <vector>

#include "common/json.h"
#include "supervisor/ledger/view.h"
#include "supervisor/outputs/file_format.h"

namespace muster {

// One item as `muster export` tells of it: id, status, reason, attempts, calls, tokens (input,
// cached, output, reasoning), cost (US dollars to the last picodollar as a text; null: not known),
// unknown_cost (the most that calls of unknown outcome may have cost), seconds (of its last
// attempt), scores by name, outputs by path: a text, or a list of rows.
Json ExportedItem(const LedgerView& ledger, const FileFormats& formats, const ItemRow& row);

// The same flat, for CSV: tokens by their names, a column for each of `scores`, outputs as JSON.
std::vector<std::string> ExportColumns(const std::vector<std::string>& scores);
std::vector<std::string> ExportCells(const Json& item, const std::vector<std::string>& scores);

// What an output's record is to a person or a program that reads JSON: a text, or the rows of a
// table as maps.
Json RecordValue(const FileFormat& format, const std::string& text);

}  // namespace muster
