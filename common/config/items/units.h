#pragma once

#include "common/config/config.h"
#include "common/config/items/row.h"
#include "common/result.h"

namespace muster {

// Calls `take` for what items are made of, in order: the rows that `where` takes, or what group_by
// makes of them, with the ids they will have (before `repeat`). Ids are checked one by one, not
// against each other. Holds the rows only with group_by.
Result<void> ForEachUnit(const Config& config, const TakeRow& take);

// Whether two units could have the same id.
bool MayRepeatIds(const ItemSource& source);

// Whether an id can be one: printable UTF-8, 1 to 200 bytes. `place` begins the error.
Result<void> CheckId(const std::string& id, const std::string& place);

}  // namespace muster
