#include "common/config/items/seen_ids.h"

namespace muster {

Result<int64_t> SeenIds::Add(const std::string& id, const IdOf& id_of) {
  if (3 * (used_ + 1) > 2 * slots_.size()) Grow();
  ++count_;
  Slot& slot = SlotOf(hash_(id));
  if (slot.ordinal == 0) {
    slot = {hash_(id), count_};
    ++used_;
    return 0;
  }
  auto first = id_of(slot.ordinal);
  if (!first) return Error{first.error()};
  if (*first == id) return slot.ordinal;
  auto [known, added] = colliding_.emplace(id, count_);
  return added ? 0 : known->second;
}

// The slot that has the hash, else the free one where it belongs.
SeenIds::Slot& SeenIds::SlotOf(uint64_t hash) {
  size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].ordinal != 0 && slots_[at].hash != hash) at = (at + 1) & mask;
  return slots_[at];
}

void SeenIds::Grow() {
  std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.ordinal != 0) SlotOf(slot.hash) = slot;
  }
}

}  // namespace muster
