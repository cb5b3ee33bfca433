#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "common/config/config.h"

namespace muster {

// What limits, pauses and stops apply to: a provider, or one of its models. Knows no calls, only
// how many went and when. A window is exact: no 60 s hold more requests than the limit.
class Lane {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Lane() = default;
  Lane(std::string name, Limits limits) : name_(std::move(name)), limits_(limits) {}

  const std::string& name() const { return name_; }

  // A request sent at `when`, perhaps by an earlier session.
  void Prime(Time when);

  bool MayGo(Time now) const;
  // When the clock alone lets the next call go; nullopt: it waits for a call to end, or is stopped.
  std::optional<Time> NextChance(Time now) const;
  // Why a call has to wait now, for people: "8 of 8 calls in the air".
  std::string WhyWaiting(Time now) const;

  void Sent(Time now);
  void Ended() { --in_the_air_; }
  int64_t in_the_air() const { return in_the_air_; }

  // Nothing goes before `until` ("asked to wait (429)").
  void CloseUntil(Time until, const std::string& why);
  // Nothing goes any more in this session.
  void Stop(const std::string& why) { stopped_ = why; }
  bool stopped() const { return !stopped_.empty(); }
  const std::string& why_stopped() const { return stopped_; }

  // Rate-limit replies in a row, for the back-off of a lane without Retry-After.
  int64_t CountRejection() { return ++rejections_in_a_row_; }
  void ForgetRejections() { rejections_in_a_row_ = 0; }

 private:
  bool HasSlot() const { return !limits_.concurrency || in_the_air_ < *limits_.concurrency; }
  // When the window has room; in the past when it has now.
  Time WindowOpens() const;

  std::string name_;
  Limits limits_;
  int64_t in_the_air_ = 0;
  std::deque<Time> sent_;  // the last requests_per_minute of them
  Time closed_until_{};
  std::string why_closed_;
  std::string stopped_;
  int64_t rejections_in_a_row_ = 0;
};

}  // namespace muster
