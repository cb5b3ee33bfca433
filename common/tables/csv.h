#pragma once

// CSV (RFC 4180), read as a stream and written. Reading takes a byte order mark, CRLF and LF, line
// breaks and quotes inside of quotes; a quote that is not closed, text behind a closing quote, a
// carriage return alone, a record with more or fewer values than the header, NUL and bytes that are
// not UTF-8 are errors that name file, line and record. Quotes inside of a value that begins with
// none are themselves.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/tables/table_file.h"

namespace muster {

// Headers with more are refused.
inline constexpr size_t kMaxColumns = 16 * 1024;

struct CsvRecord {
  std::vector<std::string> values;  // as many as the header has
  int64_t line = 0;                 // where it begins, from 1
  int64_t number = 0;               // from 1, without the header
};

// One file, read once. Holds one record and a buffer, whatever the file's size.
class CsvReader {
 public:
  // Reads the header. `path` may be relative to `folder`; errors name it as it was written. Fails
  // for what is no regular file, an empty file, and columns without or with the same name.
  static Result<CsvReader> Open(const std::string& folder, const std::string& path,
                                char delimiter = ',');

  const std::vector<std::string>& header() const { return header_; }
  // nullopt: that was all. Lines without any character are no records. After an error there is
  // nothing more to be had.
  Result<std::optional<CsvRecord>> Next();

 private:
  CsvReader(TableFile file, char delimiter) : file_(std::move(file)), delimiter_(delimiter) {}
  Result<void> ReadHeader();
  // The line where the next record or the header begins; 0: that was all.
  Result<int64_t> ReadRecord(std::vector<std::string>* values);
  // Takes a record of `size` bytes with so many values, if it is a good one.
  Result<int64_t> TakeRecord(size_t size, size_t values);
  Result<void> SkipEmptyLines();
  // At `offset` bytes ahead, in the record that begins with them.
  Error Mistake(size_t offset, std::string_view what) const;

  TableFile file_;
  char delimiter_;
  std::vector<std::string> header_;  // empty: not read yet
  int64_t number_ = 0;               // of the record read last
};

// A record as a line of a file, with its line break (LF). Values are quoted where they must be; NUL
// and bytes that are not UTF-8 become U+FFFD. `spreadsheet_safe`: texts that begin with = + - @, a
// tab or a carriage return, and are no numbers, get a ' before them.
std::string CsvLine(const std::vector<std::string>& values, bool spreadsheet_safe = false);

}  // namespace muster
