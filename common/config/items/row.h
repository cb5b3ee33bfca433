#pragma once

#include <functional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// One row of a source on its way to an item.
struct SourceRow {
  std::string id;       // as text; where the source gives none, the row's number
  Json fields;          // an object; "id" in it is `id`
  std::string place;    // "queries.csv:5", for messages; safe to show
  bool own_id = false;  // the source gave it
};
using TakeRow = std::function<Result<void>(SourceRow)>;

// Calls `take` for every row of the config's source in its order, and stops at the first error of
// either side. Only a JSON file is held as a whole.
Result<void> ForEachRow(const Config& config, const TakeRow& take);

// The sources, one by one; errors do not name the setting.
Result<void> ForEachFolder(const Config& config, const TakeRow& take);
Result<void> ForEachNumber(const ItemSource::Range& range, const TakeRow& take);
Result<void> ForEachCsvRow(const Config& config, const TakeRow& take);
Result<void> ForEachJsonLine(const Config& config, const TakeRow& take);
Result<void> ForEachJsonElement(const Config& config, const TakeRow& take);
Result<void> ForEachCombination(const Json& matrix, const TakeRow& take);

// The setting that says where items come from: "items.csv".
std::string SourceSetting(const ItemSource& source);

// What a value is as an id: texts, numbers, true and false have a text; nullopt: it can be none.
std::optional<std::string> IdText(const Json& value);

// A row of the fields: its id is the member "id", else `otherwise`.
Result<SourceRow> MakeRow(Json fields, std::string otherwise, std::string place);

// Fields with that id: in its place if there is one already, else before all others.
Json WithId(const std::string& id, Json fields);

// The character between a CSV file's values.
char DelimiterOf(const ItemSource& source);

}  // namespace muster
