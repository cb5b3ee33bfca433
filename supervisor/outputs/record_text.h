#pragma once

#include <optional>
#include <string>
#include <vector>

#include "supervisor/ledger/view.h"
#include "supervisor/outputs/file_format.h"

namespace muster {

// What records come to in a file of one format. Holds the columns of a CSV file; nothing else is
// kept from record to record.
class RecordText {
 public:
  explicit RecordText(const FileFormat& format) : format_(&format) {}

  const std::vector<std::string>& columns() const { return columns_; }
  void SetColumns(std::vector<std::string> columns) { columns_ = std::move(columns); }
  // Of CSV: all columns of these records, in the order in which they appear.
  void TakeColumns(const LedgerView& view, const RecordQuery& query);

  // What the file begins with.
  std::string Header() const;
  // What a record adds; "" for one that is left out: an empty one, or a table's in a text file's
  // place, from before the config changed. nullopt: it has columns that the file lacks.
  std::optional<std::string> Of(const std::string& record) const;

 private:
  const FileFormat* format_;
  std::vector<std::string> columns_;
};

}  // namespace muster
