#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/hash.h"
#include "common/result.h"

namespace muster {

// Tells ids that came before, of sources of any size: keeps a hash and an ordinal of each (16 bytes
// and as much for room), never the id. Equal hashes prove nothing, so then the earlier id is asked
// for.
class SeenIds {
 public:
  using Hash = uint64_t (*)(std::string_view);
  // The id that was added as the ordinal-th; an error when it can no longer be read.
  using IdOf = std::function<Result<std::string>(int64_t ordinal)>;

  explicit SeenIds(Hash hash = StableHash) : hash_(hash) {}

  // Adds an id. Returns the ordinal (from 1) of the same id if it came before, else 0.
  Result<int64_t> Add(const std::string& id, const IdOf& id_of);
  // How many were added.
  int64_t count() const { return count_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    int64_t ordinal = 0;  // 0: free
  };

  Slot& SlotOf(uint64_t hash);
  void Grow();

  const Hash hash_;
  std::vector<Slot> slots_;  // a power of two, at most two thirds of them in use
  size_t used_ = 0;
  int64_t count_ = 0;
  std::map<std::string, int64_t> colliding_;  // ids whose hash another id has: as good as none
};

}  // namespace muster
