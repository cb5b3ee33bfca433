#pragma once

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The lane ("provider/model") of the first call that an item with these fields makes; of the first
// element where the first step is a for_each. "" where it cannot be told: the first step calls no
// model, or its model depends on the elements of an empty list. An error is a mistake that the item
// itself will end with.
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
