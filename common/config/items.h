#pragma once

// Items from a config's source, one at a time: nothing here holds more than one item, the names of
// the folders and the side table of a join.

#include <functional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// One unit of work as the source gives it. `fields` is an object with "id" in it; what a template
// sees as `item`.
struct SourceItem {
  std::string id;
  Json fields;
};

// Calls `take` for every item in the source's order (folders sorted by name, digits by value).
// Stops at the first error of either side. Duplicate ids, ids that are empty, longer than 200
// bytes or not printable UTF-8, folders without a matching file, and ids without a row in the join
// are errors that name the place.
Result<void> ForEachItem(const Config& config, const std::function<Result<void>(SourceItem)>& take);

}  // namespace muster
