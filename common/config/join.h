#pragma once

#include <map>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The side table of `items.join`: rows by the id of the item they belong to. Holds the whole table.
class JoinTable {
 public:
  // Reads the file; errors name it, and rows by their number in it (and the line, in CSV).
  static Result<JoinTable> Load(const Config& config);

  // Adds the fields of the row for `id` to `fields`; an item without a row, and a field that is
  // there already with another value, are errors.
  Result<void> AddTo(const std::string& id, Json& fields) const;

 private:
  JoinTable() = default;
  Result<void> LoadJson(const std::string& base_dir);
  Result<void> LoadCsv(const std::string& base_dir, char delimiter);
  Result<void> TakeMap(const Json& map);
  // `which` names the row in errors.
  Result<void> TakeRow(Json row, const std::string& which);

  std::string file_, on_;
  std::map<std::string, Json> rows_;
};

}  // namespace muster
