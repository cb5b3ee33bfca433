#include "supervisor/output_files.h"

#include <filesystem>
#include <optional>

#include "common/fd.h"
#include "common/files.h"

namespace muster {

Result<void> OutputFiles::Check(const OutputText& output) const {
  auto path = PathInside(folder_, output.path);
  if (!path) return Error{path.error()};
  return {};
}

Result<void> OutputFiles::Write(const std::string& item, int64_t output, const std::string& path,
                                const std::string& text) {
  auto full = PathInside(folder_, path);
  if (!full) return Error{full.error()};
  if (auto written = ReplaceFile(*full, text); !written) return written;
  books_.MarkWritten(item, output);
  return {};
}

Result<int64_t> OutputFiles::Repair() {
  int64_t written = 0;
  std::optional<std::string> error;
  books_.view().ForEachOutput(false, [&](const OutputRow& row) {
    if (error) return;
    auto full = PathInside(folder_, row.path);
    std::error_code ignored;
    if (row.written && full && std::filesystem::exists(*full, ignored)) return;
    auto done = Write(row.item, row.output, row.path, row.text);
    if (!done) error = done.error();
    if (done) ++written;
  });
  if (error) return Error{*error};
  return written;
}

}  // namespace muster
