#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace muster {

// How many calls may be in the air at once. A configured number is a ceiling; below it the number
// follows what the provider takes: it begins with a few, doubles until it is refused something,
// from then on grows slowly and only while all slots are in use, and is cut when the provider says
// that it is too much.
class Slots {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Slots() = default;  // no ceiling, and nothing to follow
  // `follow`: whether to find out how many the provider takes, from `first` on (nullopt: a few);
  // else the ceiling alone counts.
  Slots(std::optional<int64_t> ceiling, bool follow, std::optional<int64_t> first);

  int64_t limit() const;
  int64_t in_the_air() const { return in_the_air_; }
  bool HasRoom() const { return in_the_air_ < limit(); }
  // A new ceiling is tried at once.
  void SetCeiling(std::optional<int64_t> ceiling);

  void Sent();
  // How a call sent at `sent` ended.
  void Answered(Time now);
  void Refused(Time sent, Time now);    // too much at once: rate-limited or overloaded
  void OverLimit(Time sent, Time now);  // too much in a time; that many at once may be right
  void Failed(Time now);                // trouble that has nothing to do with how much
  void Vanished() { --in_the_air_; }    // nobody knows

  // After an outage: from a few again, quickly up to the most at which calls were answered.
  void StartAgain();

 private:
  void Cut(Time sent, Time now);

  std::optional<int64_t> ceiling_;
  bool follow_ = false;
  double window_ = 0;      // of slots; what of it is a fraction does not count yet
  double slow_above_ = 0;  // it doubles below this
  double proven_ = 0;      // the largest window at which a call was answered
  int64_t in_the_air_ = 0;
  int64_t of_full_ = 0;  // yet to be answered since all slots were last in use
  Time cut_at_ = Time::min();
  Time no_growth_before_ = Time::min();
};

}  // namespace muster
