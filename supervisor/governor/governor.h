#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/governor/budget.h"
#include "supervisor/governor/error_guard.h"
#include "supervisor/governor/lanes.h"
#include "supervisor/governor/token_estimator.h"

namespace muster {

// Decides whether and when a call may go: limits, pauses, outages, retries, breakers, budget. Pure
// policy over the times it is given: no clock, no process, no ledger. Calls are the numbers the
// supervisor gives them.
class Governor {
 public:
  using Time = Lane::Time;

  Governor(const Config& config, uint64_t seed);

  // ---- what earlier sessions did ----
  // A try that was sent; in the order of time.
  void Prime(const std::string& provider, const std::string& model, Time when,
             const Tokens& tokens);
  Budget& budget() { return budget_; }

  // ---- calls ----
  struct Ask {
    std::string provider, model;
    std::string step;  // its path
    std::string item;
    Tokens guess;                        // the worker's
    std::optional<int64_t> output_most;  // tokens
    std::optional<Picodollars> worst;    // of one try; nullopt: not to be bounded
    bool goes_on = false;  // with what was begun: before those of its lane that begin something
  };
  // Call `id` wants to go. Grant() answers when it may. Numbers are given in rising order.
  void Enqueue(int64_t id, Ask ask);
  // It does not want to any more, or is gone in the air (its worker was lost), which then counts
  // for so much against the budget.
  void Forget(int64_t id, Picodollars counted = 0);

  // A verdict on a waiting call: it goes (and is in the air from now on), its lane is stopped (the
  // item is not to blame), or it fails for good.
  struct Granted {
    int64_t id = 0;
    Tokens reserved;
  };
  struct Stopped {
    int64_t id = 0;
    std::string why;
  };
  struct Refused {
    int64_t id = 0;
    std::string why;
  };
  using Verdict = std::variant<Granted, Stopped, Refused>;
  // Whoever may go now: the oldest first, except that nobody waits for a lane that is not his.
  std::vector<Verdict> Grant(Time now);

  // How a try ended.
  struct End {
    std::optional<Failure> failure;  // nullopt: answered
    std::optional<Usage> usage;
    std::vector<LimitSeen> limits;
    Picodollars counted = 0;  // against the budget: what it cost, or at worst can have cost
    bool hold = false;        // an answered one keeps its places until Release()
  };
  // What follows from it.
  struct Keep {};  // it was answered
  struct Retry {   // it waits again by itself; Grant() will name it
    Time not_before;
    std::string why;
  };
  struct GiveUp {  // this call fails for good
    std::string why;
  };
  struct StopLane {  // its lane is stopped; the item is not to blame
    std::string why;
  };
  using Consequence = std::variant<Keep, Retry, GiveUp, StopLane>;
  Consequence Ended(int64_t id, const End& end, Time now);
  // The places that an answered call has kept are free.
  void Release(int64_t id, Time now);

  // ---- for the supervisor ----
  // The next moment at which Grant() could say more; nullopt: only when something else happens.
  std::optional<Time> NextChance(Time now) const;
  // How many more calls of that lane ("provider/model") could go now; nullopt: any number. Also
  // stops the lane when it would have to wait for too long.
  std::optional<int64_t> Room(const std::string& lane, Time now);
  // When a lane without room may have some, as far as the clock decides.
  std::optional<Time> OpensAt(const std::string& lane, Time now);
  bool IsStopped(const std::string& lane);

  bool IsWaiting(int64_t id) const;
  // It waits for a lane that has no room now and will not have any for a while, as far as is known.
  bool WaitsLong(int64_t id, Time now) const;
  size_t waiting() const { return waiting_count_; }
  size_t in_the_air() const { return in_air_count_; }

  // Why the whole run must stop (budget, guard), or "".
  const std::string& why_stop() const { return why_stop_; }
  // Lanes and steps that are stopped, a line each with the reason.
  std::vector<std::string> StoppedLanes() const;
  // Told once each: a lane stopped, an outage, a budget nearly used.
  std::function<void(const std::string&)> notice = [](const std::string&) {};
  // A time of day for people, "14:05" or with the date.
  std::function<std::string(Time)> tell_time = [](Time) { return std::string(); };

  // ---- while it runs ----
  void Pause(bool paused) { paused_ = paused; }
  bool paused() const { return paused_; }
  // "" the run, a provider, or provider/model. The error says what there is. Returns what it was.
  Result<std::string> SetLimit(const std::string& lane, const std::string& name,
                               const std::string& value);

  // ---- for people ----
  struct LaneStatus {
    std::string name;
    int64_t in_the_air = 0, waiting = 0;
    std::optional<int64_t> slots;
    std::string why;      // its oldest call waits; empty: none does
    std::string stopped;  // why
    std::optional<Time> opens;
  };
  std::vector<LaneStatus> LaneStatuses(Time now) const;
  // Why a call waits: "openai has 8 of 8 calls in the air".
  std::string WhyWaits(int64_t id, Time now) const;
  // Why calls wait, a line a queue.
  std::vector<std::string> WhyWaiting(Time now) const;

 private:
  struct CallState {
    Ask ask;
    std::string step;  // without the key of an element
    std::string kind;  // for estimates: model and step
    const Lanes::Path* path = nullptr;
    int64_t order = 0;  // in its queue
    bool in_the_air = false;
    std::optional<Time> delayed_until;
    int64_t tries = 0;  // that count
    std::optional<Time> first_try;
    Tokens reserved;
    std::vector<Flight> flights;  // one a lane of the path
  };
  using Queue = std::set<std::pair<int64_t, int64_t>>;  // order, id

  void PutInQueue(int64_t id, CallState& call);
  void TakeOutOfQueue(int64_t id, const CallState& call);
  void WakeDelayed(Time now);
  void DropStopped(std::vector<Verdict>* verdicts);
  // The lane that keeps it waiting, or nullptr.
  Lane* Blocker(const CallState& call, const Tokens& tokens, Time now) const;
  bool TryToGo(int64_t id, CallState& call, Time now, std::set<const Lane*>* blocked,
               std::vector<Verdict>* verdicts);
  static bool WaitForMoney(const CallState& call, Budget::Whose whose,
                           std::set<const Lane*>* blocked);
  void Go(int64_t id, CallState& call, const Tokens& tokens, Time now);
  void StopIfTooLong(Lane& lane, const Tokens& tokens, Time now);
  const std::string* WhyStopped(const CallState& call) const;
  Tokens Estimated(const CallState& call) const;
  Budget::Claim ClaimOf(const CallState& call) const;
  void LandFlights(CallState& call, Landing landing, const std::optional<Tokens>& used, Time now);
  void Land(CallState& call, Landing landing, const std::optional<Tokens>& used, Time now);

  Consequence AfterFailure(int64_t id, CallState& call, const Failure& failure, Time now);
  Consequence AfterRateLimit(int64_t id, CallState& call, const Failure& failure, Time now);
  Consequence RetryOrGiveUp(int64_t id, CallState& call, const Failure& failure, Time now);
  Consequence StopLaneFor(Lane& lane, const std::string& why);
  Consequence AfterQuota(int64_t id, CallState& call, const Failure& failure, Time now);
  Consequence AskedToWait(Lane& lane, int64_t id, CallState& call, const Failure& failure,
                          std::chrono::milliseconds wait, Time now);
  bool TriedTooLong(const CallState& call, Time now) const;
  void Stop(Lane& lane, const std::string& why);
  std::chrono::milliseconds Backoff(int64_t failures);
  std::string AboutKey(const CallState& call) const;
  std::string ComeBack(Time when, Time now) const;

  const Config& config_;
  RetryRule retry_;
  Lanes lanes_;
  Budget budget_;
  ErrorGuard guard_;
  TokenEstimator estimator_;
  std::map<std::string, std::string> stopped_steps_;  // why
  std::unordered_map<int64_t, CallState> calls_;
  std::unordered_map<int64_t, CallState> held_;  // answered, their places in the lanes kept
  std::map<const Lane*, Queue> queues_;          // by the model's lane
  std::set<std::pair<Time, int64_t>> delayed_;
  std::mt19937_64 random_;
  int64_t newest_ = 0;  // order of the last in any queue
  size_t waiting_count_ = 0, in_air_count_ = 0;
  bool something_stopped_ = false;  // since DropStopped() looked
  bool paused_ = false;
  std::string why_stop_;
};

}  // namespace muster
