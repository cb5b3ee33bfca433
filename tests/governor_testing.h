#pragma once

// What the tests of the governor share: short ways to ask, grant and end, and a world in which
// calls go to a provider that is a function of time. No process, no clock, no ledger.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/governor/governor.h"

namespace muster {

inline const Governor::Time kStart{std::chrono::hours(1'000)};

using Ids = std::vector<int64_t>;

// Providers p and q with models of any name, steps s1 and s2. Nothing is learned unless a test
// wants it, so that what may go is what the limits say.
inline Config GovernorConfig(Limits limits = {}) {
  Config config;
  limits.learn = false;
  config.providers["p"].limits = limits;
  config.providers["q"].limits.learn = false;
  config.steps.resize(2);
  config.steps[0].id = "s1";
  config.steps[1].id = "s2";
  return config;
}

inline Limits AtOnce(int64_t concurrency) {
  Limits limits;
  limits.concurrency = concurrency;
  return limits;
}

inline Governor::Ask AskOf(const std::string& provider = "p", const std::string& model = "m",
                           const Tokens& guess = {100, 50}) {
  Governor::Ask ask;
  ask.provider = provider;
  ask.model = model;
  ask.step = "s1";
  ask.item = "i";
  ask.guess = guess;
  return ask;
}

inline Governor::End Answered() { return {}; }

inline Failure FailureOf(FailureKind kind, std::optional<int64_t> retry_after_ms = std::nullopt) {
  Failure failure;
  failure.kind = kind;
  failure.message = "it says " + std::string(Name(kind));
  failure.status = kind == FailureKind::kRateLimited ? 429 : 0;
  failure.retry_after_ms = retry_after_ms;
  failure.billing = Billing::kNo;
  return failure;
}

inline Governor::End FailedBy(FailureKind kind,
                              std::optional<int64_t> retry_after_ms = std::nullopt) {
  Governor::End end;
  end.failure = FailureOf(kind, retry_after_ms);
  return end;
}

// The calls with that kind of verdict; those that go in the order in which they go.
template <class Kind>
Ids IdsOf(const std::vector<Governor::Verdict>& verdicts) {
  Ids ids;
  for (const auto& verdict : verdicts) {
    if (auto* kind = std::get_if<Kind>(&verdict)) ids.push_back(kind->id);
  }
  if (!std::is_same_v<Kind, Governor::Granted>) std::sort(ids.begin(), ids.end());
  return ids;
}

inline Ids Granted(Governor& governor, Governor::Time now) {
  return IdsOf<Governor::Granted>(governor.Grant(now));
}

inline Ids Dropped(Governor& governor, Governor::Time now) {
  return IdsOf<Governor::Stopped>(governor.Grant(now));
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Calls on their way through a governor to a provider and back, in simulated time. Grants whenever
// a supervisor would: when a call ends, when the governor says, and ten times a second.
class GovernorWorld {
 public:
  using Time = Governor::Time;
  struct Reply {
    std::chrono::milliseconds takes;
    Governor::End end;
  };
  struct Sent {
    int64_t id;
    Time when;
  };
  using Provider = std::function<Reply(int64_t id, Time now)>;

  GovernorWorld(Governor& governor, Provider provider)
      : governor_(governor), provider_(std::move(provider)) {}

  int64_t Enqueue(const Governor::Ask& ask = AskOf()) {
    governor_.Enqueue(++last_, ask);
    return last_;
  }
  // Always so many calls that wait or are in the air.
  void KeepBusy(int64_t calls, const Governor::Ask& ask = AskOf()) {
    busy_ = calls;
    busy_ask_ = ask;
  }

  void RunUntil(Time until) {
    while (now < until) {
      Turn();
      Time next = now + std::chrono::milliseconds(100);
      if (auto chance = governor_.NextChance(now); chance && *chance > now) {
        next = std::min(next, *chance);
      }
      if (!ends_.empty()) next = std::min(next, ends_.begin()->first);
      now = std::min(next, until);
      while (!ends_.empty() && ends_.begin()->first <= now) TakeEnd();
    }
  }

  size_t in_the_air() const { return ends_.size(); }

  Time now = kStart;
  std::vector<Sent> sent;
  std::set<int64_t> answered;
  std::map<int64_t, std::string> given_up, stopped, refused;
  std::map<int64_t, int64_t> tries;

 private:
  void Turn() {
    while (static_cast<int64_t>(governor_.waiting() + governor_.in_the_air()) < busy_) {
      Enqueue(busy_ask_);
    }
    for (const auto& verdict : governor_.Grant(now)) {
      if (auto* granted = std::get_if<Governor::Granted>(&verdict)) {
        Send(granted->id);
      } else if (auto* dropped = std::get_if<Governor::Stopped>(&verdict)) {
        stopped[dropped->id] = dropped->why;
      } else {
        const auto& denied = std::get<Governor::Refused>(verdict);
        refused[denied.id] = denied.why;
      }
    }
    REQUIRE(governor_.in_the_air() == ends_.size());
  }

  void Send(int64_t id) {
    sent.push_back({id, now});
    ++tries[id];
    Reply reply = provider_(id, now);
    ends_.emplace(now + reply.takes, std::pair(id, reply.end));
  }

  void TakeEnd() {
    auto [id, end] = ends_.begin()->second;
    ends_.erase(ends_.begin());
    auto consequence = governor_.Ended(id, end, now);
    if (std::holds_alternative<Governor::Keep>(consequence)) answered.insert(id);
    if (auto* end_of = std::get_if<Governor::GiveUp>(&consequence)) given_up[id] = end_of->why;
    if (auto* end_of = std::get_if<Governor::StopLane>(&consequence)) stopped[id] = end_of->why;
  }

  Governor& governor_;
  Provider provider_;
  std::multimap<Time, std::pair<int64_t, Governor::End>> ends_;
  int64_t last_ = 0;
  int64_t busy_ = 0;
  Governor::Ask busy_ask_;
};

}  // namespace muster
