#pragma once

#include <functional>
#include <string>

#include "common/result.h"
#include "supervisor/books.h"
#include "supervisor/outputs/file_format.h"
#include "supervisor/outputs/growing_outputs.h"

namespace muster {

// The files that items leave: views of the ledger, whose records are committed first. A file of one
// item is replaced as a whole; the others grow (growing_outputs.h). What a crash or a full disk
// kept from being written is written at the next start.
class OutputFiles {
 public:
  // Both must outlive it.
  OutputFiles(const Config& config, Books& books);
  OutputFiles(const OutputFiles&) = delete;

  // Told about files of others that were set aside.
  void OnNotice(std::function<void(const std::string&)> notice) {
    growing_.notice = std::move(notice);
  }

  // Whether an item's output is one of the config's, in its form, and may go to its path; an error
  // says why not. Two items may share a file only if it grows.
  Result<void> Check(const std::string& item, const OutputText& output) const;

  // An output that is in this turn's batch; `position` is its item's place in the source.
  void Expect(const std::string& item, int64_t position, const OutputText& output);
  // An item that had ended is handed out again.
  void TakeBack(const std::string& item);

  // After the commit: writes what was expected. What fails stays unwritten in the ledger; the error
  // is the first one, one sentence.
  Result<void> Write();
  // At the end of a session: also what waited for its place in the source's order.
  Result<void> Finish();

  // Writes everything committed that is not in place, also where a file has gone. Returns how many
  // files it wrote; goes on after an error and returns the first.
  Result<int64_t> Repair();

  const FileFormats& formats() const { return formats_; }

 private:
  struct Expected {
    std::string item;
    OutputText output;
  };

  const FileFormat* FormatOf(int64_t output) const;
  Result<void> CheckPath(const std::string& item, const OutputText& output,
                         const FileFormat& format) const;
  Result<void> Replace(const OutputText& output) const;
  // Writes what can be written. A file counts as written once its folder is on the disk as well:
  // until then a power cut can bring back what was there before it. Returns how many do.
  int64_t WriteFiles(const std::vector<Expected>& files, Result<void>& first_error);
  Result<int64_t> RepairFiles();

  std::string folder_, run_dir_;
  Books& books_;
  std::string problem_;  // why there are no formats
  FileFormats formats_;
  GrowingOutputs growing_;
  std::vector<Expected> expected_;  // files of one item
};

// Whether a file of that path, relative to a run's folder, would be in the way of the run itself.
bool IsRunFile(const std::string& path);

}  // namespace muster
