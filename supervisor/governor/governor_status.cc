// What the governor tells people: why calls wait, and what is stopped.

#include <algorithm>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/governor/governor.h"

namespace muster {
namespace {

std::string Calls(size_t count) {
  return fmt::format("{} call{}", FormatCount(static_cast<int64_t>(count)), count == 1 ? "" : "s");
}

}  // namespace

std::string Governor::WhyWaits(int64_t id, Time now) const {
  auto found = calls_.find(id);
  if (found == calls_.end() || found->second.in_the_air) return "";
  const CallState& call = found->second;
  if (call.delayed_until) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(*call.delayed_until - now);
    return fmt::format("to be tried again in {}",
                       FormatDuration(std::max(left, std::chrono::milliseconds(0))));
  }
  if (paused_) return "the run is paused";
  Tokens tokens = Estimated(call);
  if (Lane* blocker = Blocker(call, tokens, now)) return blocker->WhyWaiting(tokens, now);
  Budget::Answer answer = budget_.Ask(ClaimOf(call));
  return answer.room == Budget::Room::kYes ? "it is next" : answer.why;
}

std::vector<std::string> Governor::WhyWaiting(Time now) const {
  std::vector<std::string> lines;
  for (const auto& [lane, queue] : queues_) {
    if (queue.empty()) continue;
    lines.push_back(
        fmt::format("{} waiting: {}", Calls(queue.size()), WhyWaits(queue.begin()->second, now)));
  }
  std::sort(lines.begin(), lines.end());
  if (!delayed_.empty()) {
    lines.push_back(
        fmt::format("{}: {}", Calls(delayed_.size()), WhyWaits(delayed_.begin()->second, now)));
  }
  return lines;
}

std::vector<std::string> Governor::StoppedLanes() const {
  std::vector<std::string> lines;
  lanes_.ForEach([&](const Lane& lane) {
    if (lane.stopped()) lines.push_back(lane.name() + ": " + lane.why_stopped());
  });
  for (const auto& [step, why] : stopped_steps_) {
    lines.push_back(fmt::format("step {}: {}", step, why));
  }
  return lines;
}

std::vector<Governor::LaneStatus> Governor::LaneStatuses(Time now) const {
  std::vector<LaneStatus> all;
  lanes_.ForEach([&](const Lane& lane) {
    LaneStatus status;
    status.name = lane.name();
    status.in_the_air = lane.in_the_air();
    status.slots = lane.slots();
    status.stopped = lane.why_stopped();
    status.opens = lane.NextChance({}, now);
    if (auto queue = queues_.find(&lane); queue != queues_.end() && !queue->second.empty()) {
      status.waiting = static_cast<int64_t>(queue->second.size());
      status.why = WhyWaits(queue->second.begin()->second, now);
    }
    all.push_back(std::move(status));
  });
  return all;
}

}  // namespace muster
