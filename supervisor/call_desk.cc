#include "supervisor/call_desk.h"

#include <algorithm>

#include "common/call_limits.h"
#include "common/config/shard.h"
#include "common/pricing.h"
#include "common/text.h"

namespace muster {
namespace {

// How often people hear that calls of a provider are tried again; every try is in the ledger.
constexpr std::chrono::seconds kRetryNoticeEvery{5};

bool IsPlausible(const Usage& usage) {
  auto [least, most] = std::minmax({usage.input, usage.cached, usage.cache_write,
                                    usage.cache_write_1h, usage.output, usage.reasoning});
  return least >= 0 && most <= kMostTokensOfOneCall &&
         usage.cached + usage.cache_write <= usage.input &&
         usage.cache_write_1h <= usage.cache_write && usage.reasoning <= usage.output;
}

// What a reply says of the provider's limits is about all shards together.
void ShareLimits(const std::string& shard, std::vector<LimitSeen>& limits) {
  auto share = ParseShard(shard);
  if (!share) return;
  for (LimitSeen& seen : limits) {
    seen.limit = std::max<int64_t>(seen.limit / share->count, 1);
    seen.remaining /= share->count;
  }
}

}  // namespace

Result<void> CallDesk::OnCall(const Asker& asker, Call call, Time now) {
  Desk& desk = desks_[asker.worker];
  desk.item = call.item;
  for (const auto& [number, id] : desk.open) {
    const Call& other = calls_.at(id).call;
    if (number == call.call) return Fail("call {} asked for twice", call.call);
    if (other.step == call.step && other.request_hash == call.request_hash) {
      return Fail("one request of step {} asked for twice", VisibleText(call.step));
    }
  }
  OpenCall open;
  open.id = next_id_++;
  open.asker = asker;
  open.call = std::move(call);
  open.since = now;
  Release(desk, open.call.step, now);
  desk.open[open.call.call] = open.id;
  Consider(calls_.emplace(open.id, std::move(open)).first->second);
  return {};
}

// What the ledger knows of it. Of an item's first attempt it knows what that has asked for, and no
// more.
std::optional<CallRow> CallDesk::Look(const OpenCall& open) {
  const Call& call = open.call;
  if (open.asker.first_attempt) {
    bool fresh = desks_[open.asker.worker].asked.emplace(call.step, open.ask).second;
    if (fresh) return std::nullopt;
  }
  return books_.view().FindCall(call.item, call.step, open.ask, call.request_hash);
}

// The ledger's answer, if it has one, else the governor's leave.
void CallDesk::Consider(OpenCall& open) {
  auto row = Look(open);
  if (row && row->answer) {
    open.ledger_call = row->call;
    open.replayed = true;
    ++desks_[open.asker.worker].replayed;
    Say(open, Replay{open.call.call, open.ask, Bytes{std::move(*row->answer)}, row->cost,
                     books_.ContextWindowOf(open.call)});
    return;
  }
  const std::string& ended = desks_[open.asker.worker].ended;
  if (!refusing_.empty() || !ended.empty()) {
    return Refuse(open, false, refusing_.empty() ? ended : refusing_);
  }
  open.ledger_call = row ? row->call : 0;
  open.tries = row ? row->tries : 0;
  open.unsure = row && row->unknown_tries > 0;
  open.replayed = false;
  WarnOfWindow(open);
  Enqueue(open);
}

void CallDesk::WarnOfWindow(OpenCall& open) {
  auto window = books_.ContextWindowOf(open.call);
  if (!window || open.call.input_estimate <= *window) return;
  notice(fmt::format("[{}] {}: the prompt of about {} tokens is over {}'s context window of {}",
                     open.call.item, open.call.step, FormatCount(open.call.input_estimate),
                     open.call.model, FormatCount(*window)));
}

// A job's places, once the step is asked for that waits for its end.
void CallDesk::Release(Desk& desk, const std::string& step, Time now) {
  auto held = desk.held.find(step);
  if (held == desk.held.end()) return;
  governor_.Release(held->second, now);
  desk.held.erase(held);
}

void CallDesk::Enqueue(const OpenCall& open) {
  const Call& call = open.call;
  Budget& budget = governor_.budget();
  if (budget.items_capped() && !budget.knows(call.item)) {
    budget.AddBookedForItem(call.item, books_.view().BookedForItem(call.item));
  }
  Governor::Ask ask;
  ask.provider = call.provider;
  ask.model = call.model;
  ask.step = call.step;
  ask.item = call.item;
  ask.guess = {call.input_estimate, call.output_estimate};
  ask.output_most = call.output_most;
  ask.worst = books_.WorstOf(call);
  ask.goes_on = call.goes_on;
  governor_.Enqueue(open.id, std::move(ask));
}

CallDesk::OpenCall* CallDesk::Find(WorkerId worker, int64_t call) {
  auto desk = desks_.find(worker);
  if (desk == desks_.end()) return nullptr;
  auto id = desk->second.open.find(call);
  return id == desk->second.open.end() ? nullptr : &calls_.at(id->second);
}

void CallDesk::Say(const OpenCall& open, ToWorker verdict) {
  if (desks_[open.asker.worker].silenced) return;
  outbox_.Add(open.asker.worker, std::move(verdict));
}

void CallDesk::Refuse(OpenCall& open, bool final, const std::string& why) {
  Desk& desk = desks_[open.asker.worker];
  if (desk.ended.empty()) desk.ended = why;
  Say(open, muster::Refuse{open.call.call, final, why});
  Remove(open.id);
  RefuseWaiting(desk, why);
}

void CallDesk::RefuseWaiting(Desk& desk, const std::string& why) {
  std::vector<int64_t> waiting;
  for (const auto& [number, id] : desk.open) {
    if (governor_.IsWaiting(id)) waiting.push_back(id);
  }
  for (int64_t id : waiting) {
    governor_.Forget(id);
    const OpenCall& open = calls_.at(id);
    Say(open, muster::Refuse{open.call.call, false, why});
    Remove(id);
  }
}

void CallDesk::Remove(int64_t id) {
  auto it = calls_.find(id);
  desks_[it->second.asker.worker].open.erase(it->second.call.call);
  calls_.erase(it);
}

void CallDesk::Grant(Time now) {
  for (const auto& verdict : governor_.Grant(now)) {
    if (auto* granted = std::get_if<Governor::Granted>(&verdict)) {
      Go(calls_.at(granted->id), granted->reserved, now);
    } else if (auto* stopped = std::get_if<Governor::Stopped>(&verdict)) {
      // A sibling's refusal may have taken it along.
      if (auto open = calls_.find(stopped->id); open != calls_.end()) {
        Refuse(open->second, false, stopped->why);
      }
    } else {
      const auto& refused = std::get<Governor::Refused>(verdict);
      if (auto open = calls_.find(refused.id); open != calls_.end()) {
        Refuse(open->second, true, refused.why);
      }
    }
  }
}

void CallDesk::Go(OpenCall& open, const Tokens& reserved, Time now) {
  open.since = now;
  open.sent = books_.BeginTry(open.call, open.ask, open.ledger_call, open.tries,
                              open.asker.worker_name, reserved.input, reserved.output);
  open.ledger_call = open.sent->call;
  open.tries = open.sent->number;
  muster::Go go =
      MakeGo(config_.time, open.call.call, open.ask, open.tries, open.call.request_chars);
  go.unsure = open.unsure;
  Say(open, go);
}

Result<void> CallDesk::OnCalled(WorkerId worker, Called called, Time now) {
  OpenCall* open = Find(worker, called.call);
  if (!open || !open->sent) return Fail("called {}, which was not in the air", called.call);
  if (called.answer.has_value() == called.failure.has_value()) {
    return Fail("called {} with both or neither of answer and failure", called.call);
  }
  if (called.usage && !IsPlausible(*called.usage)) called.usage.reset();
  if (called.own_cost && !IsPlausibleOwnCost(*called.own_cost)) called.own_cost.reset();
  Desk& desk = desks_[worker];
  auto booked = books_.EndTry(*open->sent, open->call, called, &desk.totals);
  open->sent.reset();
  open->since = now;
  open->unsure = open->unsure || booked.unknown;
  ++desk.made;
  bool hold = called.answer && !open->call.holds_for.empty();
  if (hold) {
    Release(desk, open->call.holds_for, now);
    desk.held[open->call.holds_for] = open->id;
  }
  ShareLimits(config_.shard, called.limits);
  Governor::End end{std::move(called.failure), called.usage, std::move(called.limits),
                    booked.counted, hold};
  Follow(*open, governor_.Ended(open->id, end, now), booked.cost, now);
  return {};
}

void CallDesk::Follow(OpenCall& open, const Governor::Consequence& consequence,
                      std::optional<Picodollars> cost, Time now) {
  if (std::holds_alternative<Governor::Keep>(consequence)) {
    return Say(open, Kept{open.call.call, cost, books_.ContextWindowOf(open.call)});
  }
  if (auto* retry = std::get_if<Governor::Retry>(&consequence)) {
    const std::string& ended = desks_[open.asker.worker].ended;
    if (!refusing_.empty() || !ended.empty()) {
      governor_.Forget(open.id);
      return Refuse(open, false, refusing_.empty() ? std::string(ended) : refusing_);
    }
    return TellRetry(open, retry->why, now);
  }
  if (auto* give_up = std::get_if<Governor::GiveUp>(&consequence)) {
    return Refuse(open, true, give_up->why);
  }
  Refuse(open, false, std::get<Governor::StopLane>(consequence).why);
}

void CallDesk::TellRetry(const OpenCall& open, const std::string& why, Time now) {
  auto [told, first] = told_retry_.try_emplace(open.call.provider, now);
  if (!first && now - told->second < kRetryNoticeEvery) return;
  told->second = now;
  notice(fmt::format("[{}] {}: {}; trying again", open.call.item, open.call.step, why));
}

Result<void> CallDesk::OnRejected(WorkerId worker, const Rejected& rejected) {
  OpenCall* open = Find(worker, rejected.call);
  if (!open || open->sent || open->ledger_call == 0 || governor_.IsWaiting(open->id)) {
    return Fail("rejected {}, which has no answer", rejected.call);
  }
  books_.Reject(open->ledger_call, rejected.reason);
  if (rejected.stale) {
    ++open->stale_asks;
    open->stale_in_a_row = open->replayed ? 0 : open->stale_in_a_row + 1;
  }
  int64_t counted = open->ask - open->stale_asks;  // asks that cost one of those allowed
  int64_t allowed = open->call.ask_again + open->asker.extra_asks;
  bool enough = rejected.stale ? open->stale_in_a_row >= kMostStale : counted >= 1 + allowed;
  if (enough) {
    Refuse(*open, true, rejected.reason);
    return {};
  }
  if (rejected.next) {
    open->call.request_hash = rejected.next->request_hash;
    open->call.request_chars = rejected.next->request_chars;
    open->call.input_estimate = rejected.next->input_estimate;
    open->call.input_most = rejected.next->input_most;
  }
  ++open->ask;
  open->ledger_call = 0;
  open->tries = 0;
  Consider(*open);
  return {};
}

// One at a time, since the item that takes the worker over takes up room itself; the youngest,
// since the oldest are next when their lane has room.
void CallDesk::DeferOneLongWait(Time now) {
  for (const auto& [worker, desk] : desks_) {
    if (desk.deferred_for) return;
  }
  for (auto desk = desks_.rbegin(); desk != desks_.rend(); ++desk) {
    if (desk->second.silenced || !desk->second.ended.empty()) continue;
    if (OpenCall* waiting = LongWaitOf(desk->second, now)) return Defer(*waiting);
  }
}

// A call that waits long, if all of the item's calls that are not answered do.
CallDesk::OpenCall* CallDesk::LongWaitOf(const Desk& desk, Time now) {
  OpenCall* waiting = nullptr;
  for (const auto& [number, id] : desk.open) {
    OpenCall& open = calls_.at(id);
    if (!open.sent && !governor_.IsWaiting(id)) continue;  // answered
    if (!governor_.WaitsLong(id, now)) return nullptr;
    if (!waiting) waiting = &open;
  }
  return waiting;
}

void CallDesk::Defer(OpenCall& open) {
  Desk& desk = desks_[open.asker.worker];
  desk.deferred_for = open.call.provider + "/" + open.call.model;
  desk.ended = "its lane has no room";
  governor_.Forget(open.id);
  Say(open, muster::Defer{open.call.call});
  Remove(open.id);
  RefuseWaiting(desk, desk.ended);
}

std::optional<std::string> CallDesk::DeferredFor(WorkerId worker) const {
  auto desk = desks_.find(worker);
  return desk == desks_.end() ? std::nullopt : desk->second.deferred_for;
}

bool CallDesk::HasEnded(WorkerId worker) const {
  auto desk = desks_.find(worker);
  return !refusing_.empty() || (desk != desks_.end() && !desk->second.ended.empty());
}

void CallDesk::Close(WorkerId worker, const std::string& why) {
  auto desk = desks_.find(worker);
  if (desk == desks_.end()) return;
  for (const auto& [number, id] : desk->second.open) {
    OpenCall& open = calls_.at(id);
    governor_.Forget(id, open.sent ? books_.LoseTry(*open.sent, why) : 0);
    calls_.erase(id);
  }
  for (const auto& [step, id] : desk->second.held) governor_.Release(id, Time());
  governor_.budget().ForgetItem(desk->second.item);
  desks_.erase(desk);
}

void CallDesk::Silence(WorkerId worker) {
  Desk& desk = desks_[worker];
  desk.silenced = true;
  for (const auto& [number, id] : desk.open) {
    if (governor_.IsWaiting(id)) governor_.Forget(id);
  }
}

void CallDesk::RefuseFromNowOn(const std::string& why) {
  refusing_ = why;
  for (auto& [worker, desk] : desks_) RefuseWaiting(desk, why);
}

CallDesk::Counts CallDesk::CountsOf(WorkerId worker) const {
  Counts counts;
  auto desk = desks_.find(worker);
  if (desk == desks_.end()) return counts;
  counts.made = desk->second.made;
  counts.replayed = desk->second.replayed;
  for (const auto& [number, id] : desk->second.open) {
    counts.in_the_air += calls_.at(id).sent.has_value();
    counts.waiting += governor_.IsWaiting(id);
  }
  return counts;
}

Totals CallDesk::TotalsOf(WorkerId worker) const {
  auto desk = desks_.find(worker);
  return desk == desks_.end() ? Totals() : desk->second.totals;
}

std::vector<CallDesk::Doing> CallDesk::DoingOf(WorkerId worker, Time now) const {
  std::vector<Doing> all;
  auto desk = desks_.find(worker);
  if (desk == desks_.end()) return all;
  for (const auto& [number, id] : desk->second.open) {
    const OpenCall& open = calls_.at(id);
    if (!open.sent && !governor_.IsWaiting(id)) continue;  // answered
    std::string why = governor_.WhyWaits(id, now);
    if (open.sent) why = fmt::format("{}/{} is at it", open.call.provider, open.call.model);
    all.push_back({open.call.step, why, open.since});
  }
  return all;
}

std::optional<Picodollars> CallDesk::AtStake() const {
  Picodollars sum = 0;
  for (const auto& [id, open] : calls_) {
    if (!open.sent) continue;
    if (!open.sent->worst) return std::nullopt;
    sum = AddMoney(sum, *open.sent->worst);
  }
  return sum;
}

}  // namespace muster
