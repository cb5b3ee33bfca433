#pragma once

// What the readers of tables share: a file read in pieces, of which as much is held as one record
// needs.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// Longer records are refused.
inline constexpr size_t kMaxRecord = 16 * 1024 * 1024;  // bytes

// A regular file as it was when it was opened, without a byte order mark: what is appended later is
// not read, so that a file that grows has an end. Owns its descriptor.
class TableFile {
 public:
  // `path` may be relative to `folder`. Never blocks: pipes and devices are refused.
  static Result<TableFile> Open(const std::string& folder, const std::string& path);

  // What was read and not taken. Valid until More.
  std::string_view ahead() const { return std::string_view(buffer_).substr(at_); }
  // Whether nothing comes behind that.
  bool ended() const { return left_ == 0; }
  // Reads on; there is about twice as much ahead afterwards, so that looking at it again from its
  // start each time takes no more than a few times its length. Not to be called when it has ended.
  Result<void> More();

  // Takes the first `size` bytes and counts their lines.
  void Take(size_t size);
  // The line that `ahead` begins in, from 1.
  int64_t line() const { return line_; }

  // Why a record of these bytes, the first ones ahead, cannot be: "byte 17 of the file is not
  // UTF-8"; empty: it can.
  std::string BadBytes(std::string_view record) const;

  // The line of what has `offset` bytes ahead before it.
  int64_t LineAt(size_t offset) const;
  // "rows.csv:17: what", with the path as it was given.
  Error At(int64_t line, std::string_view what) const;

 private:
  TableFile() = default;

  Fd file_;
  std::string path_;     // for messages
  uint64_t left_ = 0;    // bytes not read yet
  uint64_t before_ = 0;  // bytes of the file before buffer_
  std::string buffer_;
  size_t at_ = 0;  // what comes before in buffer_ is taken
  int64_t line_ = 1;
};

}  // namespace muster
