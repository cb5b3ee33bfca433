#pragma once

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The lane ("provider/model") of the first call that an item with these fields makes: of the first
// step whose `when` holds for it, of its first branch that does something, of the first element of
// a for_each; of a command "command/ID", of a request its provider and step, as the ledger has
// them. "" where it cannot be told: an earlier step decides, a file may make the step needless, or
// the model depends on the elements of an empty list. An error is a mistake that the item itself
// will end with.
Result<std::string> LaneOfItem(const Config& config, const Json& item_fields);

// The same for many items of one config, which must outlive it: a model that does not depend on
// the item is rendered once.
class ItemLanes {
 public:
  explicit ItemLanes(const Config& config);

  // "" also for an item with a mistake.
  std::string Of(const Json& item_fields) const;

 private:
  const Config& config_;
  std::optional<std::string> fixed_;  // the lane of every item; nullopt: each has its own
};

}  // namespace muster
