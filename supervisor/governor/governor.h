#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/governor/lane.h"

namespace muster {

// Decides whether and when a call may go: limits, pauses, retries, breakers. Pure policy over the
// times it is given: no clock, no process, no ledger. Calls are the numbers the supervisor gives
// them.
class Governor {
 public:
  using Time = Lane::Time;

  Governor(const Config& config, uint64_t seed);

  // A request that an earlier session sent.
  void Prime(const std::string& provider, Time when);

  // Call `id` wants to go. Grant() answers when it may.
  void Ask(int64_t id, const std::string& provider, const std::string& model);
  // It does not want to any more, or is gone in the air (its worker was lost).
  void Forget(int64_t id);

  // A verdict on a waiting call: it goes (and counts as in the air from now on), or its lane is
  // stopped, for this reason.
  struct Granted {
    int64_t id = 0;
  };
  struct Stopped {
    int64_t id = 0;
    std::string why;
  };
  using Verdict = std::variant<Granted, Stopped>;
  // Whoever may go now, first come first served within a lane.
  std::vector<Verdict> Grant(Time now);

  // What follows from the end of a try.
  struct Keep {};  // it was answered
  struct Retry {   // it waits again by itself; Grant() will name it
    Time not_before;
    std::string why;
  };
  struct GiveUp {  // this call fails for good
    std::string why;
  };
  struct StopLane {  // its lane is stopped; the item is not to blame
    std::string lane, why;
    bool newly = false;  // by this very reply
  };
  using Consequence = std::variant<Keep, Retry, GiveUp, StopLane>;
  Consequence Ended(int64_t id, const std::optional<Failure>& failure, Time now);

  // The next moment at which Grant() could say more; nullopt: only when something else happens.
  std::optional<Time> NextChance(Time now) const;

  bool IsWaiting(int64_t id) const;
  // When the provider's lane lets calls go again, as far as the clock decides.
  std::optional<Time> OpensAt(const std::string& provider, Time now) const;
  // Providers that calls have asked for.
  size_t lanes_used() const;
  size_t waiting() const { return waiting_count_; }
  size_t in_the_air() const { return in_air_count_; }
  // Why calls wait, a line a lane, for people.
  std::vector<std::string> WhyWaiting(Time now) const;
  // Why lanes are stopped, a line each; empty: none is.
  std::vector<std::string> StoppedLanes() const;

 private:
  struct ProviderLane {
    Lane lane;
    std::map<std::string, Lane> models;  // those that have a state of their own
    std::deque<int64_t> queue;           // ready to go, in order
    bool used = false;                   // some call asked for it
    Time last_answer = Time::min();
  };
  struct CallState {
    std::string provider, model;
    bool in_the_air = false;
    int64_t tries = 0;         // since it asked
    int64_t rate_limited = 0;  // of them, 429 replies
    Time first_try{};
  };

  ProviderLane& LaneOf(const std::string& provider);
  const std::string* WhyStopped(const CallState& call) const;
  void GrantLane(ProviderLane& lane, Time now, std::vector<Verdict>* verdicts);
  void WakeDelayed(Time now);
  void Land(CallState& call);  // it is not in the air any more

  Consequence AfterFailure(int64_t id, CallState& call, const Failure& failure, Time now);
  Consequence RetryOrGiveUp(int64_t id, CallState& call, const Failure& failure, Time now);
  Consequence AfterRateLimit(int64_t id, CallState& call, const Failure& failure, Time now);
  bool IsDown(const CallState& call, const Failure& failure) const;
  Consequence Stop(Lane& lane, const std::string& why);
  Consequence StopForWait(Lane& lane, const std::string& message, std::chrono::milliseconds wait);
  Consequence Delay(int64_t id, CallState& call, Time until, const std::string& why);
  std::chrono::milliseconds Backoff(int64_t failures);

  std::string AboutKey(const std::string& provider) const;

  RetryRule retry_;
  std::map<std::string, std::string> key_variables_;  // by provider
  Lane all_;  // the config's limits for every provider together
  std::map<std::string, ProviderLane> lanes_;
  std::unordered_map<int64_t, CallState> calls_;
  std::multimap<Time, int64_t> delayed_;
  std::mt19937_64 random_;
  size_t waiting_count_ = 0, in_air_count_ = 0;
};

}  // namespace muster
