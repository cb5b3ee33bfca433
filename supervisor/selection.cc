#include "supervisor/selection.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "common/config/items.h"
#include "common/expression.h"
#include "common/hash.h"
#include "common/text.h"
#include "supervisor/ledger/view.h"

namespace muster {
namespace {

std::optional<int64_t> AsNumber(const std::string& id) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  bool whole = error == std::errc() && end == id.data() + id.size();
  return whole ? std::optional(number) : std::nullopt;
}

Selection WithConfig(const Config& config, Selection selection) {
  selection.range_by_id = config.items.range.has_value();
  selection.taken = nullptr;
  return selection;
}

// That every id is there; reads the items again for the nearest when one is not.
Result<void> CheckOnly(const Config& config, const std::set<std::string>& missing) {
  if (missing.empty()) return {};
  std::vector<std::string> ids;
  auto read = ForEachItem(config, [&](const SourceItem& item) -> Result<void> {
    ids.push_back(item.id);
    return {};
  });
  if (!read) return read;
  std::string nearest = NearestName(*missing.begin(), ids);
  return Fail("--only: no item is called \"{}\"{}", VisibleText(*missing.begin()),
              nearest.empty() ? "" : "; did you mean \"" + VisibleText(nearest) + "\"?");
}

}  // namespace

bool Selection::everything() const {
  return only.empty() && !range && !limit && !up_to && !by_fields();
}

bool Selection::Takes(int64_t position, const std::string& id) const {
  assert(taken || !by_fields());
  if (!only.empty() && !only.contains(id)) return false;
  if (up_to && position > *up_to) return false;
  if (taken) {
    auto at = static_cast<size_t>(position);
    if (at >= taken->size() || !(*taken)[at]) return false;
  }
  if (!range) return true;
  auto place = range_by_id ? AsNumber(id) : std::optional(position);
  return place && *place >= range->first && *place <= range->second;
}

ItemChooser::ItemChooser(const Selection& selection, const Json& params)
    : selection_(selection), plain_(selection), context_{{"item", Json()}, {"params", params}} {
  plain_.where = {};
  plain_.sample.reset();
  plain_.taken = nullptr;
}

Result<void> ItemChooser::Look(int64_t position, const std::string& id, const Json& fields) {
  if (!plain_.Takes(position, id)) return {};
  if (!selection_.where.empty()) {
    context_["item"] = fields;
    auto takes = IsTrue(selection_.where, context_, true, BareWords::kText);
    if (!takes) return Fail("item {}: {}", VisibleText(id), takes.error());
    if (!*takes) return {};
  }
  if (!selection_.sample) {
    auto at = static_cast<size_t>(position);
    if (taken_.size() <= at) taken_.resize(at + 1);
    taken_[at] = true;
    return {};
  }
  // Every item draws a number by its id; the lowest are the sample.
  drawn_.push_back({StableHash(fmt::format("{}\n{}", selection_.seed, id)), position});
  std::push_heap(drawn_.begin(), drawn_.end());
  if (drawn_.size() > static_cast<size_t>(*selection_.sample)) {
    std::pop_heap(drawn_.begin(), drawn_.end());
    drawn_.pop_back();
  }
  return {};
}

Selection ItemChooser::Finish() {
  for (const Drawn& each : drawn_) {
    auto at = static_cast<size_t>(each.position);
    if (taken_.size() <= at) taken_.resize(at + 1);
    taken_[at] = true;
  }
  Selection chosen = selection_;
  chosen.taken = std::make_shared<const std::vector<bool>>(std::move(taken_));
  return chosen;
}

Result<Selection> SelectItems(const Config& config, const Selection& selection) {
  Selection asked = WithConfig(config, selection);
  if (asked.only.empty() && !asked.by_fields()) return asked;
  ItemChooser chooser(asked, config.params);
  std::set<std::string> missing = asked.only;
  int64_t position = 0;
  auto read = ForEachItem(config, [&](const SourceItem& item) {
    missing.erase(item.id);
    return chooser.Look(++position, item.id, item.fields);
  });
  if (!read) return Error{read.error()};
  if (auto known = CheckOnly(config, missing); !known) return Error{known.error()};
  return asked.by_fields() ? chooser.Finish() : asked;
}

Result<Selection> SelectItems(const LedgerView& view, const Config& config,
                              const Selection& selection) {
  Selection asked = WithConfig(config, selection);
  if (!asked.by_fields()) return asked;
  ItemChooser chooser(asked, config.params);
  Result<void> looked;
  view.ForEachItem([&](const ItemRow& row) {
    if (!looked || row.status == ItemStatus::kAbsent) return;
    auto fields = ParseJson(row.fields);
    looked = fields ? chooser.Look(row.position, row.id, *fields)
                    : Fail("item {}: {}", VisibleText(row.id), fields.error());
  });
  if (!looked) return Error{looked.error()};
  if (!view.error().empty()) return Fail("the ledger cannot be read: {}", view.error());
  return chooser.Finish();
}

}  // namespace muster
