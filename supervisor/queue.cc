#include "supervisor/queue.h"

#include <charconv>
#include <limits>

namespace muster {
namespace {

constexpr int64_t kPage = 256;

std::optional<int64_t> AsNumber(const std::string& id) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  bool whole = error == std::errc() && end == id.data() + id.size();
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

bool Selection::Takes(int64_t position, const std::string& id) const {
  if (!only.empty() && !only.contains(id)) return false;
  if (!range) return true;
  auto place = range_by_id ? AsNumber(id) : std::optional(position);
  return place && *place >= range->first && *place <= range->second;
}

int64_t LastSelected(const LedgerView& view, const Selection& selection) {
  if (!selection.limit) return std::numeric_limits<int64_t>::max();
  int64_t taken = 0, last = 0;
  view.ForEachItem([&](const ItemRow& row) {
    if (row.status == ItemStatus::kAbsent || taken == *selection.limit) return;
    if (!selection.Takes(row.position, row.id)) return;
    ++taken;
    last = row.position;
  });
  return last;
}

Queue::Queue(const LedgerView& view, Selection selection)
    : view_(view), selection_(std::move(selection)), last_(LastSelected(view_, selection_)) {}

void Queue::FillPage() {
  while (page_.empty() && !source_done_) {
    auto rows = view_.ItemsAfter(cursor_, ItemStatus::kPending, kPage);
    source_done_ = rows.size() < static_cast<size_t>(kPage);
    for (ItemRow& row : rows) {
      cursor_ = row.position;
      if (row.position > last_) source_done_ = true;
      if (row.position <= last_ && selection_.Takes(row.position, row.id)) {
        page_.push_back(std::move(row));
      }
    }
  }
}

std::optional<ItemRow> Queue::Next(Time now) {
  ItemRow row;
  if (!returned_.empty()) {
    row = std::move(returned_.front());
    returned_.pop_front();
    return row;
  }
  if (!parked_.empty() && parked_.begin()->first <= now) {
    row = std::move(parked_.begin()->second);
    parked_.erase(parked_.begin());
    return row;
  }
  FillPage();
  if (page_.empty()) return std::nullopt;
  row = std::move(page_.front());
  page_.pop_front();
  return row;
}

bool Queue::Empty() {
  FillPage();
  return page_.empty() && returned_.empty() && parked_.empty();
}

size_t Queue::Ready(Time now, size_t most) {
  FillPage();
  size_t ready = page_.size() + returned_.size();
  for (auto it = parked_.begin(); it != parked_.end() && it->first <= now; ++it) ++ready;
  return std::min(ready, most);
}

std::optional<Queue::Time> Queue::NextDue() const {
  return parked_.empty() ? std::nullopt : std::optional(parked_.begin()->first);
}

}  // namespace muster
