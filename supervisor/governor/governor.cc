#include "supervisor/governor/governor.h"

#include <algorithm>
#include <cassert>

#include "common/duration.h"
#include "supervisor/governor/limit_change.h"

namespace muster {

Governor::Governor(const Config& config, uint64_t seed)
    : config_(config),
      retry_(config.retry),
      lanes_(config),
      budget_(config),
      guard_(config.guard),
      random_(seed) {}

void Governor::Prime(const std::string& provider, const std::string& model, Time when,
                     const Tokens& tokens) {
  for (Lane* lane : lanes_.PathOf(provider, model).all) lane->Prime(when, tokens);
}

// ---- queues ----

void Governor::Enqueue(int64_t id, Ask ask) {
  assert(!calls_.contains(id));
  newest_ = std::max(newest_, id);
  CallState call;
  call.step = ask.step.substr(0, ask.step.find('['));  // "chunks[1-income]" is one of chunks
  call.kind = ask.provider + "/" + ask.model + " " + call.step;
  call.path = &lanes_.PathOf(ask.provider, ask.model);
  // Who goes on comes before all who begin, the oldest first.
  constexpr int64_t kAllWhoBegin = int64_t{1} << 60;
  call.order = ask.goes_on ? newest_ - kAllWhoBegin : newest_;
  call.ask = std::move(ask);
  PutInQueue(id, calls_.emplace(id, std::move(call)).first->second);
  ++waiting_count_;
  something_stopped_ = something_stopped_ || WhyStopped(calls_.at(id));
}

void Governor::PutInQueue(int64_t id, CallState& call) {
  call.delayed_until.reset();
  queues_[call.path->model].emplace(call.order, id);
}

void Governor::TakeOutOfQueue(int64_t id, const CallState& call) {
  if (call.delayed_until) {
    delayed_.erase({*call.delayed_until, id});
  } else {
    queues_[call.path->model].erase({call.order, id});
  }
}

void Governor::Forget(int64_t id, Picodollars counted) {
  auto it = calls_.find(id);
  if (it == calls_.end()) return;
  CallState& call = it->second;
  if (call.in_the_air) {
    budget_.Settle(ClaimOf(call), counted);
    Land(call, Landing::kVanished, std::nullopt, Time());
  } else {
    --waiting_count_;
    TakeOutOfQueue(id, call);
  }
  calls_.erase(it);
}

bool Governor::IsWaiting(int64_t id) const {
  auto it = calls_.find(id);
  return it != calls_.end() && !it->second.in_the_air;
}

bool Governor::WaitsLong(int64_t id, Time now) const {
  constexpr std::chrono::seconds kLong{1};
  auto it = calls_.find(id);
  if (it == calls_.end() || it->second.in_the_air || it->second.delayed_until) return false;
  Tokens tokens = Estimated(it->second);
  for (const Lane* lane : it->second.path->all) {
    auto chance = lane->NextChance(tokens, now);
    if (!chance || *chance > now + kLong) return true;
  }
  return false;
}

// Those whose time has come; and those whose provider is down or stopped, which is what they wait
// for now.
void Governor::WakeDelayed(Time now) {
  for (auto it = delayed_.begin(); it != delayed_.end();) {
    auto [due, id] = *it;
    CallState& call = calls_.at(id);
    bool down = call.path->provider->down() || call.path->model->down();
    if (due > now && !down && !WhyStopped(call)) {
      ++it;
      continue;
    }
    it = delayed_.erase(it);
    PutInQueue(id, call);
  }
}

// ---- going ----

const std::string* Governor::WhyStopped(const CallState& call) const {
  if (!why_stop_.empty()) return &why_stop_;
  for (const Lane* lane : call.path->all) {
    if (lane->stopped()) return &lane->why_stopped();
  }
  auto step = stopped_steps_.find(call.step);
  return step == stopped_steps_.end() ? nullptr : &step->second;
}

void Governor::DropStopped(std::vector<Verdict>* verdicts) {
  if (!std::exchange(something_stopped_, false)) return;
  std::vector<int64_t> dropped;
  for (const auto& [id, call] : calls_) {
    if (!call.in_the_air && WhyStopped(call)) dropped.push_back(id);
  }
  std::sort(dropped.begin(), dropped.end());
  for (int64_t id : dropped) {
    verdicts->push_back(Stopped{id, *WhyStopped(calls_.at(id))});
    Forget(id);
  }
}

Tokens Governor::Estimated(const CallState& call) const {
  return estimator_.Estimate(call.kind, call.ask.guess, call.ask.output_most);
}

Budget::Claim Governor::ClaimOf(const CallState& call) const {
  return {call.ask.provider, call.ask.item, call.ask.worst};
}

Lane* Governor::Blocker(const CallState& call, const Tokens& tokens, Time now) const {
  for (Lane* lane : call.path->all) {
    if (!lane->MayGo(tokens, now)) return lane;
  }
  return nullptr;
}

// The oldest of each queue in turn, by age. A lane that keeps one waiting keeps all younger ones
// waiting that need it too, so that small calls never overtake a large one for ever.
std::vector<Governor::Verdict> Governor::Grant(Time now) {
  std::vector<Verdict> verdicts;
  WakeDelayed(now);
  std::set<std::pair<std::pair<int64_t, int64_t>, Queue*>> heads;
  if (!paused_) {
    for (auto& [lane, queue] : queues_) {
      if (!queue.empty()) heads.insert({*queue.begin(), &queue});
    }
  }
  std::set<const Lane*> blocked;
  while (!heads.empty()) {
    auto [head, queue] = *heads.begin();
    heads.erase(heads.begin());
    if (!TryToGo(head.second, calls_.at(head.second), now, &blocked, &verdicts)) continue;
    auto next = queue->upper_bound(head);
    if (next != queue->end()) heads.insert({*next, queue});
  }
  DropStopped(&verdicts);
  if (std::string warning = budget_.TakeWarning(); !warning.empty()) notice(warning);
  return verdicts;
}

// False when the queue it heads has to wait.
bool Governor::TryToGo(int64_t id, CallState& call, Time now, std::set<const Lane*>* blocked,
                       std::vector<Verdict>* verdicts) {
  if (WhyStopped(call)) return something_stopped_ = true, false;
  for (const Lane* lane : call.path->all) {
    if (blocked->contains(lane)) return false;
  }
  Tokens tokens = Estimated(call);
  if (Lane* blocker = Blocker(call, tokens, now)) {
    blocked->insert(blocker);
    StopIfTooLong(*blocker, tokens, now);
    return false;
  }
  Budget::Answer answer = budget_.Ask(ClaimOf(call));
  if (answer.room == Budget::Room::kYes) {
    Go(id, call, tokens, now);
    verdicts->push_back(Granted{id, tokens});
    return true;
  }
  if (answer.room == Budget::Room::kLater) return WaitForMoney(call, answer.whose, blocked);
  if (answer.whose == Budget::Whose::kRun) {
    why_stop_ = answer.why;
    return something_stopped_ = true, false;
  }
  if (answer.whose == Budget::Whose::kProvider)
    return Stop(*call.path->provider, answer.why), false;
  Forget(id);
  verdicts->push_back(Refused{id, answer.why});
  return true;
}

// Whether those behind it may go before it.
bool Governor::WaitForMoney(const CallState& call, Budget::Whose whose,
                            std::set<const Lane*>* blocked) {
  if (whose == Budget::Whose::kItem) return true;
  blocked->insert(whose == Budget::Whose::kRun ? call.path->run : call.path->provider);
  return false;
}

void Governor::Go(int64_t id, CallState& call, const Tokens& tokens, Time now) {
  TakeOutOfQueue(id, call);
  --waiting_count_;
  ++in_air_count_;
  call.in_the_air = true;
  call.reserved = tokens;
  ++call.tries;
  if (!call.first_try) call.first_try = now;
  call.flights.clear();
  for (Lane* lane : call.path->all) call.flights.push_back(lane->Sent(id, tokens, now));
  budget_.Reserve(ClaimOf(call));
}

void Governor::Land(CallState& call, Landing landing, const std::optional<Tokens>& used, Time now) {
  call.in_the_air = false;
  --in_air_count_;
  LandFlights(call, landing, used, now);
}

void Governor::LandFlights(CallState& call, Landing landing, const std::optional<Tokens>& used,
                           Time now) {
  for (size_t i = 0; i < call.flights.size(); ++i) {
    call.path->all[i]->Landed(call.flights[i], landing, used, now);
  }
}

// ---- waits that are too long ----

std::string Governor::ComeBack(Time when, Time now) const {
  std::string time = tell_time(when);
  return fmt::format("come back in {}{}",
                     FormatDuration(std::chrono::ceil<std::chrono::seconds>(when - now)),
                     time.empty() ? "" : " (" + time + ")");
}

void Governor::StopIfTooLong(Lane& lane, const Tokens& tokens, Time now) {
  if (lane.stopped()) return;
  if (auto since = lane.down_since()) {
    // What was never reached is more likely to be a wrong address than an outage.
    constexpr std::chrono::milliseconds kNeverReached{30'000};
    auto patience =
        lane.ever_answered() ? retry_.max_wait : std::min(retry_.max_wait, kNeverReached);
    if (now - *since > patience) {
      Stop(lane, fmt::format("it has been down for {}; the last error: {}",
                             FormatDuration(patience), lane.trouble()));
    }
    return;
  }
  auto chance = lane.NextChance(tokens, now);
  if (!chance || *chance - now <= retry_.max_wait) return;
  Stop(lane, fmt::format("{}, longer than max_wait ({}); {}", lane.WhyWaiting(tokens, now),
                         FormatDuration(retry_.max_wait), ComeBack(*chance, now)));
}

void Governor::Stop(Lane& lane, const std::string& why) {
  if (lane.stopped()) return;
  lane.Stop(why);
  something_stopped_ = true;
  notice(fmt::format("{} is stopped: {}", lane.name(), why));
}

std::optional<int64_t> Governor::Room(const std::string& lane, Time now) {
  Lane* model = lanes_.Find(lane);
  if (!model || paused_ || !why_stop_.empty()) return paused_ ? 0 : std::optional<int64_t>();
  size_t slash = lane.find('/');
  std::optional<int64_t> room;
  for (Lane* each : lanes_.PathOf(lane.substr(0, slash), lane.substr(slash + 1)).all) {
    if (auto own = each->Room(now)) room = std::min(room.value_or(*own), *own);
    if (room == 0) StopIfTooLong(*each, {}, now);
  }
  auto queue = queues_.find(model);
  if (queue == queues_.end() || queue->second.empty()) return room;
  // Who came first goes first, also where a smaller call would still fit.
  const CallState& head = calls_.at(queue->second.begin()->second);
  if (Blocker(head, Estimated(head), now)) return 0;
  if (room) *room -= static_cast<int64_t>(queue->second.size());
  return room;
}

std::optional<Governor::Time> Governor::OpensAt(const std::string& lane, Time now) {
  size_t slash = lane.find('/');
  if (slash == std::string::npos || paused_) return std::nullopt;
  Time opens = now;
  for (Lane* each : lanes_.PathOf(lane.substr(0, slash), lane.substr(slash + 1)).all) {
    auto chance = each->NextChance({}, now);
    if (!chance) return std::nullopt;
    opens = std::max(opens, *chance);
  }
  return opens;
}

bool Governor::IsStopped(const std::string& lane) {
  size_t slash = lane.find('/');
  if (!why_stop_.empty()) return true;
  if (slash == std::string::npos) return false;
  const auto& all = lanes_.PathOf(lane.substr(0, slash), lane.substr(slash + 1)).all;
  return std::any_of(all.begin(), all.end(), [](const Lane* each) { return each->stopped(); });
}

std::optional<Governor::Time> Governor::NextChance(Time now) const {
  std::optional<Time> next;
  auto consider = [&next](Time when) { next = next ? std::min(*next, when) : when; };
  if (paused_) return next;
  if (!delayed_.empty()) consider(delayed_.begin()->first);
  for (const auto& [lane, queue] : queues_) {
    if (queue.empty()) continue;
    const CallState& call = calls_.at(queue.begin()->second);
    Tokens tokens = Estimated(call);
    std::optional<Time> chance = now;
    for (const Lane* each : call.path->all) {
      auto own = each->NextChance(tokens, now);
      chance = chance && own ? std::optional(std::max(*chance, *own)) : std::nullopt;
    }
    if (chance) consider(*chance);
  }
  return next;
}

Result<std::string> Governor::SetLimit(const std::string& lane, const std::string& name,
                                       const std::string& value) {
  Lane* found = lanes_.Find(lane);
  if (!found) {
    std::vector<std::string> names;
    for (const auto& [provider, settings] : config_.providers) names.push_back(provider);
    return Fail("no provider is called \"{}\"; there are: {}", lane, fmt::join(names, ", "));
  }
  Limits limits = found->limits();
  auto before = ChangeLimit(limits, name, value);
  if (before) found->SetLimits(limits);
  return before;
}

}  // namespace muster
