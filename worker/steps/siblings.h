#pragma once

#include <optional>

#include "worker/caller.h"

namespace muster {

// What is done side by side within an item: the elements of a list, the branches of a step. When
// one of them ends the item, the others finish the calls they have in the air and begin no further
// ones. `outer`, which outlives this, is what they themselves are a part of; nullptr: nothing.
class Siblings {
 public:
  explicit Siblings(const Siblings* outer) : outer_(outer) {}

  // One of them has ended the item. A failure outweighs an interruption, else the first counts.
  void End(const Ended& ended) {
    bool fails = ended.outcome == Outcome::kFailed;
    if (!ended_ || (fails && ended_->outcome != Outcome::kFailed)) ended_ = ended;
  }

  // Whether no further call may begin, for what happened here or around.
  bool over() const { return ended_ || (outer_ && outer_->over()); }

  // Why they are over. Where it happened around them, that is told there.
  Ended Why() const {
    return ended_ ? *ended_ : Ended{Outcome::kInterrupted, "what stands beside it has ended"};
  }

 private:
  const Siblings* outer_;
  std::optional<Ended> ended_;
};

}  // namespace muster
