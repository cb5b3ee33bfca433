#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// How the files of one of the config's outputs are put together from the ledger's records: all that
// is needed for it, so that the ledger alone can give them again (muster export).
struct FileFormat {
  enum class Kind { kFile, kAppend, kCsv, kJsonl };
  Kind kind = Kind::kFile;
  std::string header;  // of kAppend, rendered
  bool by_item = false;
  bool errors = false;
  bool spreadsheet_safe = false;

  bool grows() const { return kind != Kind::kFile; }
  bool is_table() const { return kind == Kind::kCsv || kind == Kind::kJsonl; }
  bool operator==(const FileFormat&) const = default;
};

using FileFormats = std::vector<FileFormat>;  // as Config::outputs

// An error: a header that cannot be rendered.
Result<FileFormats> FormatsOf(const Config& config);

// As the ledger keeps them, under this key of its meta.
inline constexpr std::string_view kFormatsKey = "output_formats";
Json FormatsToJson(const FileFormats& formats);
Result<FileFormats> FormatsFromJson(const Json& json);

}  // namespace muster
