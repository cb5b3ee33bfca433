#pragma once

#include <cstdint>
#include <vector>

#include "tests/fake_provider/action.h"
#include "tests/fake_provider/json.h"
#include "tests/fake_provider/loop.h"
#include "tests/fake_provider/result.h"

namespace fake_provider {

// A span of time in which no request is served, and how many came in each of its seconds. One that
// is made without a kind never begins.
class Outage {
 public:
  Outage() = default;

  // {"kind": "503", "for_ms": 60000}, beginning now. Kinds: a status from 400 on; "refuse": the
  // connection is reset without a byte; "hang": no reply ever.
  static Result<Outage> Parse(const Json& json, Clock::time_point now);

  // What becomes of a request that comes now, which is counted; null when the outage is over.
  const Action* OnRequest(Clock::time_point now);

  // No longer than until now.
  void End(Clock::time_point now);

  // Requests in each second from its beginning on, the current one included.
  Json AskedBySecond(Clock::time_point now) const;

 private:
  Action action_;
  Clock::time_point begin_;
  Clock::time_point end_;
  std::vector<int64_t> asked_;  // by second
};

}  // namespace fake_provider
