#pragma once

#include <cstdint>
#include <deque>

#include "tests/fake_provider/http.h"
#include "tests/fake_provider/json.h"

namespace fake_provider {

// The last requests as they came, for tests that look at what was sent: at most 1000 of them and
// 128 MB. Keys are forgotten at once: headers that carry one show "present".
class RecentRequests {
 public:
  void Keep(uint64_t number, uint64_t connection, const Request& request);

  // The last `count`, oldest first.
  Json ToJson(size_t count) const;

 private:
  struct Kept {
    uint64_t number;
    uint64_t connection;
    Request request;
  };

  std::deque<Kept> kept_;
  size_t bytes_ = 0;  // of bodies
};

}  // namespace fake_provider
