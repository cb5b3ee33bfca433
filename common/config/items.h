#pragma once

// Items from a config's source, one at a time, in these steps:
//
//   rows     of the source (items/row.h), those that `where` takes
//   units    the rows, or what group_by makes of them; `id` names them (items/units.h)
//   items    a unit with its row of the join, once or as trials, its samples and its fields
//
// Nothing here holds more than one item, 32 bytes an id (only to look for repeated ones), the names
// of the folders, the side table of a join, a JSON file, and with group_by the rows.

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

// Who looks for ids that come twice: whoever knows all ids anyway can do it without another list
// of them, and has it looked for here only once there are some, for the places.
enum class RepeatedIds { kRefused, kTaken };

// Calls `take` for every item in the source's order (folders sorted by name, digits by value; the
// trials of one row one after another). Stops at the first error of either side. Duplicate ids, ids
// that are empty, longer than 200 bytes or not printable UTF-8, folders without a matching file,
// rows for which `where` has no answer, and ids without a row in the join are errors that name the
// place: the file and line where there are any.
Result<void> ForEachItem(const Config& config, const std::function<Result<void>(SourceItem)>& take,
                         RepeatedIds repeated = RepeatedIds::kRefused);

}  // namespace muster
