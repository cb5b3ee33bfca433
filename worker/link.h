#pragma once

#include "common/protocol.h"

namespace muster {

// A worker's line to whoever decides: the supervisor over a pipe, or, standalone, itself. What is
// answered comes back as a ToWorker message, perhaps before Say returns.
class Link {
 public:
  virtual ~Link() = default;
  virtual void Say(const FromWorker& message) = 0;
};

}  // namespace muster
