#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "supervisor/ledger/view.h"
#include "supervisor/selection.h"

namespace muster {

// The last position that `limit` lets in, counting selected items in the ledger's order.
int64_t LastSelected(const LedgerView& view, const Selection& selection);

// How many selected items stand where; absent ones are not selected.
StatusCounts CountSelected(const LedgerView& view, const Selection& selection);

// What is still to be handed out: an index over the ledger's pending items, a line per lane. Each
// line is paged in the source's order, and only while its lane has room, so that memory does not
// grow with the run. Items that came back go before those that were never handed out.
class Queue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Whether a call of that lane could go now. Asked at most once per lane and question, also about
  // "", the lane of items whose lane is not known: these may go unless nothing may.
  using HasRoom = std::function<bool(const std::string& lane)>;

  Queue(const LedgerView& view, Selection selection);

  // Among the lanes that have room: the returned or parked item with the lowest position, else the
  // item with the lowest position.
  std::optional<ItemRow> Next(Time now, const HasRoom& has_room);
  // Comes again as soon as the lane it begins in has room.
  void Return(ItemRow row);
  // The same with the lane it was deferred for.
  void Park(ItemRow row, std::string lane);
  // An item that had ended, of whatever selection, and was reopened while the run goes on.
  void Add(ItemRow row);
  // Takes an item out that was to come, for good unless it is added again; nullopt: it was not.
  std::optional<ItemRow> Drop(const std::string& id);

  // Whether it is among the items of this session.
  bool Selects(const ItemRow& row) const;

  // Nothing will come any more, whatever lanes have room, unless something is returned or added.
  bool Empty();
  // The lanes that the items still to come wait for, each once.
  std::vector<std::string> Lanes();
  // How many items, up to `most`, Next() would give now if every lane kept its room.
  size_t Ready(Time now, size_t most, const HasRoom& has_room);

 private:
  // The items of one lane.
  struct Line {
    std::multimap<int64_t, ItemRow> back;  // returned, parked and added ones, by position
    std::deque<ItemRow> page;              // read, never handed out
    int64_t cursor = 0;                    // position up to which items were read
    bool read_all = true;                  // nothing is behind the cursor; a new lane has no more

    bool drained() const { return read_all && page.empty() && back.empty(); }
    size_t size() const { return back.size() + page.size(); }
  };

  void ReadPage(const std::string& lane, Line& line);
  // Reads on until the line has at least `wanted` items or no more are to come.
  void Fill(const std::string& lane, Line& line, size_t wanted);
  // Whether a later page of its lane would bring the item.
  bool ToBeRead(const ItemRow& row) const;

  const LedgerView& view_;
  Selection selection_;
  int64_t last_ = 0;  // position of the last item that counts
  std::map<std::string, Line> lines_;
  std::unordered_set<std::string> skip_;  // items not to be taken from a page: dropped or added
};

}  // namespace muster
