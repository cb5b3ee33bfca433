#include "supervisor/crew/squad.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster {
namespace {

using std::chrono::milliseconds;

// A lost worker's replacement waits, doubling from the first to the last of these. Where a launcher
// is in between the trouble is a machine's, and it takes longer to come back.
constexpr milliseconds kFirstDelay{100};
constexpr milliseconds kMostDelay{5'000};
constexpr milliseconds kMostLaunchDelay{60'000};
// Local workers: more deaths than so many per worker and a few (two items that kill their workers
// are no storm) within a minute, with no item ended, are a storm.
constexpr size_t kStormDeaths = 3;
constexpr size_t kStormSpare = 4;
constexpr milliseconds kStormWindow{60'000};
// Launched ones die together, with their machine: what counts is how often it was tried again. A
// launcher that never brought a worker which did something is given up after some ten seconds, a
// machine that was lost after some ten minutes.
constexpr size_t kMostRoundsAtFirst = 7;
constexpr size_t kMostRounds = 20;

}  // namespace

Squad::Squad(SquadPlan plan) : launched_(plan.launched()), plan_(std::move(plan)) {}

void Squad::Resize(size_t size) { plan_.size = size; }

bool Squad::MayStart(Time now) const {
  return !given_up_ && taken_.size() < plan_.size && starting < plan_.starts_at_once &&
         now >= no_start_before_;
}

std::string Squad::TakeName() {
  cannot_start_ = false;
  int64_t place = first_free_;
  while (taken_.contains(place)) ++place;
  taken_.insert(place);
  first_free_ = place + 1;
  restarts_ += place <= highest_taken_;
  highest_taken_ = std::max(highest_taken_, place);
  return plan_.prefix + std::to_string(place);
}

void Squad::OnGone(const std::string& name) {
  int64_t place = std::stoll(name.substr(plan_.prefix.size()));
  taken_.erase(place);
  first_free_ = std::min(first_free_, place);
}

void Squad::OnCannotStart(Time now) {
  no_start_before_ = now + kMostDelay;
  cannot_start_ = true;
}

void Squad::OnDeath(Time now) {
  deaths_.push_back(now);
  if (now >= no_start_before_ || !launched_) {
    ++rounds_;
    delay_ = std::clamp(delay_ * 2, kFirstDelay, launched_ ? kMostLaunchDelay : kMostDelay);
  }
  no_start_before_ = now + delay_;
}

void Squad::OnItemEnded() {
  deaths_.clear();
  rounds_ = 0;
  delay_ = milliseconds(0);
  worked_ = true;
}

std::string Squad::Storm(Time now) {
  while (!deaths_.empty() && now - deaths_.front() > kStormWindow) deaths_.pop_front();
  if (launched_) {
    if (rounds_ <= (worked_ ? kMostRounds : kMostRoundsAtFirst)) return "";
    return fmt::format("its workers died {} times over and no item was finished", rounds_);
  }
  if (deaths_.size() <= kStormDeaths * plan_.size + kStormSpare) return "";
  return fmt::format("{} workers died within a minute and no item was finished", deaths_.size());
}

}  // namespace muster
