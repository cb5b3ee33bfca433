#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

class LedgerView;

// Which items of the source a session takes. An item that is not selected is not touched. What
// `where` and `sample` ask for is found out once (SelectItems), for every item, and kept as a bit.
struct Selection {
  std::set<std::string> only;                        // ids; empty: all
  std::optional<std::pair<int64_t, int64_t>> range;  // both included
  std::optional<int64_t> limit;                      // the first so many of the others' choice
  std::optional<int64_t> up_to;                      // positions after this one are left out
  bool range_by_id = false;       // the range names ids that are numbers, not positions
  Expression where = {};          // over item and params; words without quotes are texts
  std::optional<int64_t> sample;  // so many of the others' choice but limit's, by chance
  int64_t seed = 1;               // of the sample: the same seed, the same items
  // By position, whether `where` and `sample` take it; nullptr: not found out yet, or not asked.
  std::shared_ptr<const std::vector<bool>> taken = nullptr;

  bool everything() const;
  // Whether the items themselves must be looked at.
  bool by_fields() const { return !where.empty() || sample; }
  // Whether all but `limit` take it; that is counted by whoever goes through the items. With
  // by_fields, only of what SelectItems returned.
  bool Takes(int64_t position, const std::string& id) const;
};

// Finds out which items a selection takes. Refers to the selection and the params.
class ItemChooser {
 public:
  ItemChooser(const Selection& selection, const Json& params);

  // Every item once, in any order, positions from 1. An error names the item.
  Result<void> Look(int64_t position, const std::string& id, const Json& fields);
  // The selection with its bits; the last call.
  Selection Finish();

 private:
  struct Drawn {
    uint64_t number;
    int64_t position;
    auto operator<=>(const Drawn&) const = default;
  };

  const Selection& selection_;
  Selection plain_;           // what needs no fields
  Json context_;              // the params, and the item that is looked at
  std::vector<Drawn> drawn_;  // a heap, the largest first: the sample so far
  std::vector<bool> taken_;
};

// The selection with its bits, of the source's items or of those in a ledger (whose positions are
// the source's). Of the source it also finds ids of `only` that no item has. An error names the
// option and the item.
Result<Selection> SelectItems(const Config& config, const Selection& selection);
Result<Selection> SelectItems(const LedgerView& view, const Config& config,
                              const Selection& selection);

}  // namespace muster
