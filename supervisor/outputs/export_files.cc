#include "supervisor/outputs/export_files.h"

#include <filesystem>

#include "common/files.h"
#include "common/replace_file.h"
#include "common/text.h"
#include "supervisor/outputs/growing_file.h"
#include "supervisor/outputs/record_text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// Files that one item has; those of items that were handed out again are as they were before.
void ForEachWhole(const LedgerView& ledger, const FileFormats& formats,
                  const std::function<void(const OutputRow&)>& take) {
  ledger.ForEachOutput(false, [&](const OutputRow& row) {
    bool known = row.output >= 0 && row.output < static_cast<int64_t>(formats.size());
    if (known && !formats[static_cast<size_t>(row.output)].grows()) take(row);
  });
}

// Calls `take` with the records of each file that grows, as a query.
void ForEachGrowing(const LedgerView& ledger, const FileFormats& formats,
                    const std::function<void(const RecordQuery&, const FileFormat&)>& take) {
  for (size_t i = 0; i < formats.size(); ++i) {
    if (!formats[i].grows()) continue;
    for (const std::string& path : ledger.PathsOf(static_cast<int64_t>(i))) {
      RecordQuery query{static_cast<int64_t>(i), formats[i].errors, path, formats[i].by_item};
      bool any = false;
      ledger.ForEachRecord(query, [&](const RecordRow&) { return any = true, false; });
      if (any) take(query, formats[i]);
    }
  }
}

Result<void> CheckFree(const std::string& folder, const std::string& path) {
  auto full = PathInside(folder, path);
  if (!full) return Error{full.error()};
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(*full, ignored))) return {};
  return Fail("{} is there already, and nothing was written; expected a folder without it",
              VisibleText(*full));
}

Result<void> WriteGrowing(const LedgerView& ledger, const RecordQuery& query,
                          const FileFormat& format, const std::string& folder) {
  RecordText text(format);
  text.TakeColumns(ledger, query);
  GrowingFile file(folder, *query.path);
  if (auto begun = file.BeginReplacement(); !begun) return begun;
  Result<void> added = file.AddToReplacement(text.Header());
  ledger.ForEachRecord(query, [&](const RecordRow& row) {
    if (added) added = file.AddToReplacement(text.Of(row.text).value_or(""));
    return added.ok();
  });
  return added ? file.FinishReplacement() : added;
}

}  // namespace

Result<int64_t> ExportFiles(const LedgerView& ledger, const FileFormats& formats,
                            const std::string& folder) {
  Result<void> result;
  int64_t files = 0;
  ForEachWhole(ledger, formats, [&](const OutputRow& row) {
    if (result) result = CheckFree(folder, row.path);
  });
  ForEachGrowing(ledger, formats, [&](const RecordQuery& query, const FileFormat&) {
    if (result) result = CheckFree(folder, *query.path);
  });
  ForEachWhole(ledger, formats, [&](const OutputRow& row) {
    if (result) result = ReplaceFileBelow(folder, row.path, row.text);
    files += result.ok();
  });
  ForEachGrowing(ledger, formats, [&](const RecordQuery& query, const FileFormat& format) {
    if (result) result = WriteGrowing(ledger, query, format, folder);
    files += result.ok();
  });
  if (!result) return Error{result.error()};
  return files;
}

}  // namespace muster
