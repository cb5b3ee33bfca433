#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// One of `count` shares of a run's items, each done by a supervisor of its own in a folder of its
// own. Which share an item belongs to follows from its id alone, so that it stays there whatever
// is added to the source.
struct Shard {
  int64_t index = 1;  // 1 … count
  int64_t count = 1;

  bool Holds(std::string_view item) const;
  std::string folder() const;  // "shard-2-of-8", in the run's directory
};

// "2/8"; nullopt for anything that is no share.
std::optional<Shard> ParseShard(std::string_view text);

// Makes `config` that of one share: its limits and its budget are divided by the number of shares,
// rounded down. A limit that cannot be divided is a mistake. Empty `text`: nothing is shared.
void TakeShard(const std::string& text, Config& config, Problems& problems);

}  // namespace muster
