#pragma once

#include <algorithm>

#include "common/config/config.h"
#include "common/protocol.h"

namespace muster {

// The leave to send one try, with the time limits that the config gives a request of that size.
inline Go MakeGo(const TimeLimits& time, int64_t call, int64_t ask, int64_t try_number,
                 int64_t request_chars) {
  Milliseconds total = time.base + time.per_1k_chars * (request_chars / 1000);
  return Go{call,
            ask,
            try_number,
            time.connect.count(),
            time.first_byte.count(),
            time.between_bytes.count(),
            std::min(total, time.most).count()};
}

// Answers in a row, all of them new, whose files were gone or changed when they were looked at;
// then the item fails.
inline constexpr int64_t kMostStale = 3;

}  // namespace muster
