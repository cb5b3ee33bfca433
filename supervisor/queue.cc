#include "supervisor/queue.h"

#include <algorithm>
#include <limits>

namespace muster {
namespace {

// Rows of one lane read at once; items can be large.
constexpr int64_t kPage = 128;

}  // namespace

int64_t LastSelected(const LedgerView& view, const Selection& selection) {
  if (!selection.limit) return std::numeric_limits<int64_t>::max();
  int64_t taken = 0, last = 0;
  view.ForEachStanding([&](const ItemStanding& item) {
    if (taken == *selection.limit) return false;
    if (item.status == ItemStatus::kAbsent) return true;
    if (!selection.Takes(item.position, item.id)) return true;
    ++taken;
    last = item.position;
    return true;
  });
  return last;
}

StatusCounts CountSelected(const LedgerView& view, const Selection& selection) {
  constexpr auto kAbsent = static_cast<size_t>(ItemStatus::kAbsent);
  StatusCounts counts{};
  if (selection.everything()) {
    counts = view.CountItems();
    counts[kAbsent] = 0;
    return counts;
  }
  int64_t last = LastSelected(view, selection);
  view.ForEachStanding([&](const ItemStanding& item) {
    if (item.position > last) return false;
    bool counted = item.status != ItemStatus::kAbsent && selection.Takes(item.position, item.id);
    if (counted) ++counts[static_cast<size_t>(item.status)];
    return true;
  });
  return counts;
}

Queue::Queue(const LedgerView& view, Selection selection)
    : view_(view), selection_(std::move(selection)), last_(LastSelected(view_, selection_)) {
  for (const std::string& lane : view_.Lanes(ItemStatus::kPending)) lines_[lane].read_all = false;
}

void Queue::ReadPage(const std::string& lane, Line& line) {
  auto rows = view_.ItemsAfter(line.cursor, ItemStatus::kPending, lane, kPage);
  line.read_all = rows.size() < static_cast<size_t>(kPage);
  for (ItemRow& row : rows) {
    if (row.position > last_) {
      line.read_all = true;
      return;
    }
    line.cursor = row.position;
    if (!selection_.Takes(row.position, row.id) || skip_.erase(row.id) > 0) continue;
    line.page.push_back(std::move(row));
  }
}

void Queue::Fill(const std::string& lane, Line& line, size_t wanted) {
  while (line.size() < wanted && !line.read_all) ReadPage(lane, line);
}

std::optional<ItemRow> Queue::Next(Time, const HasRoom& has_room) {
  Line* back = nullptr;
  Line* fresh = nullptr;
  for (auto& [lane, line] : lines_) {
    if (line.drained() || !has_room(lane)) continue;
    if (!line.back.empty()) {
      if (!back || line.back.begin()->first < back->back.begin()->first) back = &line;
      continue;
    }
    if (back) continue;
    Fill(lane, line, 1);
    if (line.page.empty()) continue;
    if (!fresh || line.page.front().position < fresh->page.front().position) fresh = &line;
  }
  std::optional<ItemRow> row;
  if (back) {
    row = std::move(back->back.begin()->second);
    back->back.erase(back->back.begin());
  } else if (fresh) {
    row = std::move(fresh->page.front());
    fresh->page.pop_front();
  }
  return row;
}

void Queue::Return(ItemRow row) {
  std::string lane = row.lane;
  Park(std::move(row), std::move(lane));
}

void Queue::Park(ItemRow row, std::string lane) {
  int64_t position = row.position;
  lines_[std::move(lane)].back.emplace(position, std::move(row));
}

void Queue::Add(ItemRow row) {
  if (ToBeRead(row)) skip_.insert(row.id);
  Return(std::move(row));
}

bool Queue::ToBeRead(const ItemRow& row) const {
  auto line = lines_.find(row.lane);
  return line != lines_.end() && !line->second.read_all && row.position > line->second.cursor &&
         row.position <= last_ && selection_.Takes(row.position, row.id);
}

bool Queue::Selects(const ItemRow& row) const {
  return row.position <= last_ && selection_.Takes(row.position, row.id);
}

std::optional<ItemRow> Queue::Drop(const std::string& id) {
  std::optional<ItemRow> dropped;
  for (auto& [lane, line] : lines_) {
    auto take = [&](const ItemRow& row) {
      if (row.id != id) return false;
      dropped = row;
      return true;
    };
    std::erase_if(line.back, [&](const auto& entry) { return take(entry.second); });
    if (!dropped) std::erase_if(line.page, take);
    if (dropped) return dropped;
  }
  auto row = view_.FindItem(id);
  if (!row || row->status != ItemStatus::kPending || !ToBeRead(*row)) return std::nullopt;
  return skip_.insert(id).second ? row : std::nullopt;
}

bool Queue::Empty() {
  return std::all_of(lines_.begin(), lines_.end(), [this](auto& entry) {
    Fill(entry.first, entry.second, 1);
    return entry.second.drained();
  });
}

std::vector<std::string> Queue::Lanes() {
  std::vector<std::string> lanes;
  for (auto& [lane, line] : lines_) {
    Fill(lane, line, 1);
    if (!line.drained()) lanes.push_back(lane);
  }
  return lanes;
}

size_t Queue::Ready(Time, size_t most, const HasRoom& has_room) {
  size_t ready = 0;
  for (auto& [lane, line] : lines_) {
    if (ready == most) break;
    if (line.drained() || !has_room(lane)) continue;
    Fill(lane, line, most - ready);
    ready += std::min(line.size(), most - ready);
  }
  return ready;
}

}  // namespace muster
