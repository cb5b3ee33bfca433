#include "supervisor/outputs/output_files.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "common/files.h"
#include "common/folder_below.h"
#include "common/output_lines.h"
#include "common/replace_file.h"
#include "common/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

// Missing files that are held in memory at a time.
constexpr size_t kMostTogether = 32;

}  // namespace

bool IsRunFile(const std::string& path) {
  fs::path normal = fs::path(path).lexically_normal();
  std::string first = normal.empty() ? "" : normal.begin()->string();
  return first.starts_with("ledger.sqlite") || first == "lock" || first == "control.sock" ||
         first == "work";
}

OutputFiles::OutputFiles(const Config& config, Books& books)
    : folder_(config.output_dir),
      run_dir_(config.run_dir),
      books_(books),
      growing_(config.output_dir, formats_, books) {
  auto formats = FormatsOf(config);  // intake stops where this fails
  if (formats) formats_ = *std::move(formats);
  if (!formats) problem_ = formats.error();
}

const FileFormat* OutputFiles::FormatOf(int64_t output) const {
  bool known = output >= 0 && output < static_cast<int64_t>(formats_.size());
  return known ? &formats_[static_cast<size_t>(output)] : nullptr;
}

Result<void> OutputFiles::Check(const std::string& item, const OutputText& output) const {
  if (!problem_.empty()) return Error{problem_};
  const FileFormat* format = FormatOf(output.output);
  if (!format) return Fail("its worker sent an output that the config does not have");
  if (format->is_table()) {
    if (auto rows = ParseRows(output.text); !rows) {
      return Fail("output {}: {}", VisibleText(output.path), rows.error());
    }
  }
  return CheckPath(item, output, *format);
}

Result<void> OutputFiles::CheckPath(const std::string& item, const OutputText& output,
                                    const FileFormat& format) const {
  if (format.grows() && growing_.Claims(output.output, output.path)) return {};
  auto path = PathInside(folder_, output.path);
  if (!path) return Error{path.error()};
  if (folder_ == run_dir_ && IsRunFile(output.path)) {
    return Fail("output {} would be in the way of the run's own files", VisibleText(output.path));
  }
  auto owner = books_.view().OutputOwner(output.path);
  for (const Expected& expected : expected_) {
    if (expected.output.path == output.path) owner = {expected.item, expected.output.output};
  }
  const FileFormat* theirs = owner ? FormatOf(owner->output) : nullptr;
  bool whole = theirs && !theirs->grows();
  if (whole && (format.grows() || owner->item != item)) {
    return Fail("output {} is already item {}'s; let its path contain {{{{item.id}}}}",
                VisibleText(output.path), VisibleText(owner->item));
  }
  return growing_.Check(format.grows() ? output.output : -1, output.path);
}

void OutputFiles::Expect(const std::string& item, int64_t position, const OutputText& output) {
  const FileFormat* format = FormatOf(output.output);
  if (!format) return;
  if (format->grows()) return growing_.Expect(output.output, output.path, position);
  expected_.push_back({item, output});
}

void OutputFiles::TakeBack(const std::string& item) {
  for (const OutputRow& row : books_.view().OutputsOf(item)) {
    const FileFormat* format = FormatOf(row.output);
    if (format && format->grows()) growing_.TakeBack(row.output, row.path);
  }
}

Result<void> OutputFiles::Replace(const OutputText& output) const {
  auto full = PathInside(folder_, output.path);
  if (!full) return Error{full.error()};
  return ReplaceFileBelow(folder_, output.path, output.text);
}

int64_t OutputFiles::WriteFiles(const std::vector<Expected>& files, Result<void>& first_error) {
  auto good = [&](const Result<void>& result) {
    if (!result && first_error) first_error = result;
    return result.ok();
  };
  std::map<fs::path, std::vector<const Expected*>> in_place;  // by folder
  for (const Expected& file : files) {
    if (good(Replace(file.output))) {
      in_place[fs::path(file.output.path).parent_path()].push_back(&file);
    }
  }
  int64_t written = 0;
  for (const auto& [folder, its_files] : in_place) {
    if (!good(SyncFolderOf(folder_, its_files.front()->output.path))) continue;
    for (const Expected* file : its_files) books_.MarkWritten(file->item, file->output.output);
    written += static_cast<int64_t>(its_files.size());
  }
  return written;
}

Result<void> OutputFiles::Write() {
  Result<void> first_error;
  WriteFiles(expected_, first_error);
  expected_.clear();
  auto grown = growing_.Grow();
  return first_error ? grown : first_error;
}

Result<void> OutputFiles::Finish() {
  auto written = Write();
  auto finished = growing_.Finish();
  return written ? finished : written;
}

Result<int64_t> OutputFiles::RepairFiles() {
  int64_t written = 0;
  Result<void> first_error;
  std::vector<Expected> missing;
  auto write = [&] {
    written += WriteFiles(missing, first_error);
    missing.clear();
  };
  books_.view().ForEachOutput(false, [&](const OutputRow& row) {
    const FileFormat* format = FormatOf(row.output);
    if (!format || format->grows()) return;
    auto full = PathInside(folder_, row.path);
    std::error_code ignored;
    if (row.written && full && fs::exists(*full, ignored)) return;
    missing.push_back({row.item, {row.output, row.path, row.text}});
    if (missing.size() >= kMostTogether) write();
  });
  write();
  if (!first_error) return Error{first_error.error()};
  return written;
}

Result<int64_t> OutputFiles::Repair() {
  if (!problem_.empty()) return Error{problem_};
  bool any_file = std::any_of(formats_.begin(), formats_.end(),
                              [](const FileFormat& format) { return !format.grows(); });
  auto files = any_file ? RepairFiles() : Result<int64_t>(0);
  auto grown = growing_.Repair();
  if (!files || !grown) return files ? grown : files;
  return *files + *grown;
}

}  // namespace muster
