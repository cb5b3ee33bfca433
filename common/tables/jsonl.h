#pragma once

// JSON Lines, read as a stream: an object a line. Blank lines are skipped; a last line without a
// line break counts; anything but one object on a line is an error that names file and line. Whole
// numbers keep every digit: those beyond 64 bits are refused.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/json.h"
#include "common/result.h"
#include "common/tables/table_file.h"

namespace muster {

struct JsonLine {
  Json object;
  int64_t line = 0;  // from 1
};

// One file, read once. Holds one line and a buffer, whatever the file's size.
class JsonlReader {
 public:
  // `path` may be relative to `folder`; errors name it as it was written.
  static Result<JsonlReader> Open(const std::string& folder, const std::string& path);

  // nullopt: that was all. After an error there is nothing more to be had.
  Result<std::optional<JsonLine>> Next();

 private:
  explicit JsonlReader(TableFile file) : file_(std::move(file)) {}
  // With its line break; empty: that was all.
  Result<std::string_view> ReadLine();

  TableFile file_;
};

}  // namespace muster
