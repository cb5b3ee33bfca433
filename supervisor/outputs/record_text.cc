#include "supervisor/outputs/record_text.h"

#include "common/output_lines.h"

namespace muster {

using Kind = FileFormat::Kind;

void RecordText::TakeColumns(const LedgerView& view, const RecordQuery& query) {
  columns_.clear();
  if (format_->kind != Kind::kCsv) return;
  view.ForEachRecord(query, [&](const RecordRow& row) {
    auto rows = ParseRows(row.text);
    if (rows) AddColumns(*rows, &columns_);
    return true;
  });
}

std::string RecordText::Header() const {
  if (format_->kind == Kind::kAppend) return format_->header;
  if (format_->kind != Kind::kCsv || columns_.empty()) return "";
  return CsvHeader(columns_, format_->spreadsheet_safe);
}

std::optional<std::string> RecordText::Of(const std::string& record) const {
  if (!format_->is_table()) return record;
  auto rows = ParseRows(record);
  if (!rows) return "";
  if (format_->kind == Kind::kJsonl) return JsonlRows(*rows);
  std::vector<std::string> columns = columns_;
  if (AddColumns(*rows, &columns)) return std::nullopt;
  return CsvRows(*rows, columns_, format_->spreadsheet_safe);
}

}  // namespace muster
