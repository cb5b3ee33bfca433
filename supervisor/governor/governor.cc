#include "supervisor/governor/governor.h"

#include <algorithm>
#include <cassert>

#include "common/duration.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

// Rate-limit replies are the limiter's business, not the call's fault: a call may see this many for
// each of its attempts before it gives up.
constexpr int64_t kRateLimitsPerAttempt = 10;

std::string Plural(size_t count, const char* one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

Governor::Governor(const Config& config, uint64_t seed)
    : retry_(config.retry), all_("the run", config.limits), random_(seed) {
  for (const auto& [name, provider] : config.providers) {
    lanes_[name].lane = Lane(name, provider.limits);
    key_variables_[name] = provider.key_env;
  }
}

void Governor::Prime(const std::string& provider, Time when) {
  LaneOf(provider).lane.Prime(when);
  all_.Prime(when);
}

Governor::ProviderLane& Governor::LaneOf(const std::string& provider) {
  auto it = lanes_.find(provider);
  if (it == lanes_.end())
    it = lanes_.emplace(provider, ProviderLane{Lane(provider, {}), {}, {}, false, Time::min()})
             .first;
  return it->second;
}

void Governor::Ask(int64_t id, const std::string& provider, const std::string& model) {
  assert(!calls_.contains(id));
  CallState call;
  call.provider = provider;
  call.model = model;
  calls_.emplace(id, std::move(call));
  LaneOf(provider).used = true;
  LaneOf(provider).queue.push_back(id);
  ++waiting_count_;
}

void Governor::Forget(int64_t id) {
  auto it = calls_.find(id);
  if (it == calls_.end()) return;
  if (it->second.in_the_air) {
    Land(it->second);
  } else {
    --waiting_count_;
    std::erase(LaneOf(it->second.provider).queue, id);
    std::erase_if(delayed_, [id](const auto& entry) { return entry.second == id; });
  }
  calls_.erase(it);
}

bool Governor::IsWaiting(int64_t id) const {
  auto it = calls_.find(id);
  return it != calls_.end() && !it->second.in_the_air;
}

std::optional<Governor::Time> Governor::OpensAt(const std::string& provider, Time now) const {
  auto lane = lanes_.find(provider);
  return lane == lanes_.end() ? std::nullopt : lane->second.lane.NextChance(now);
}

size_t Governor::lanes_used() const {
  return static_cast<size_t>(std::count_if(lanes_.begin(), lanes_.end(),
                                           [](const auto& lane) { return lane.second.used; }));
}

void Governor::Land(CallState& call) {
  call.in_the_air = false;
  --in_air_count_;
  LaneOf(call.provider).lane.Ended();
  all_.Ended();
}

const std::string* Governor::WhyStopped(const CallState& call) const {
  const ProviderLane& lane = lanes_.at(call.provider);
  if (lane.lane.stopped()) return &lane.lane.why_stopped();
  auto model = lane.models.find(call.model);
  return model != lane.models.end() && model->second.stopped() ? &model->second.why_stopped()
                                                               : nullptr;
}

// Those whose time has come, and those whose lane was stopped meanwhile: they need not wait for
// that.
void Governor::WakeDelayed(Time now) {
  std::vector<int64_t> woken;
  for (auto it = delayed_.begin(); it != delayed_.end();) {
    bool now_due = it->first <= now || WhyStopped(calls_.at(it->second));
    if (now_due) woken.push_back(it->second);
    it = now_due ? delayed_.erase(it) : std::next(it);
  }
  // They are older than what waits; among themselves they keep their order.
  for (auto id = woken.rbegin(); id != woken.rend(); ++id) {
    LaneOf(calls_.at(*id).provider).queue.push_front(*id);
  }
}

std::vector<Governor::Verdict> Governor::Grant(Time now) {
  WakeDelayed(now);
  std::vector<Verdict> verdicts;
  for (auto& [name, lane] : lanes_) GrantLane(lane, now, &verdicts);
  return verdicts;
}

void Governor::GrantLane(ProviderLane& lane, Time now, std::vector<Verdict>* verdicts) {
  while (!lane.queue.empty()) {
    int64_t id = lane.queue.front();
    CallState& call = calls_.at(id);
    if (const std::string* why = WhyStopped(call)) {
      verdicts->push_back(Stopped{id, *why});
      lane.queue.pop_front();
      --waiting_count_;
      calls_.erase(id);
      continue;
    }
    if (!lane.lane.MayGo(now) || !all_.MayGo(now)) return;
    lane.queue.pop_front();
    lane.lane.Sent(now);
    all_.Sent(now);
    call.in_the_air = true;
    if (call.tries++ == 0) call.first_try = now;
    --waiting_count_;
    ++in_air_count_;
    verdicts->push_back(Granted{id});
  }
}

Governor::Consequence Governor::Ended(int64_t id, const std::optional<Failure>& failure, Time now) {
  CallState& call = calls_.at(id);
  assert(call.in_the_air);
  Land(call);
  Consequence consequence = Keep{};
  if (failure) {
    consequence = AfterFailure(id, call, *failure, now);
  } else {
    LaneOf(call.provider).lane.ForgetRejections();
    LaneOf(call.provider).last_answer = now;
  }
  if (!std::holds_alternative<Retry>(consequence)) calls_.erase(id);
  return consequence;
}

Governor::Consequence Governor::AfterFailure(int64_t id, CallState& call, const Failure& failure,
                                             Time now) {
  ProviderLane& lane = LaneOf(call.provider);
  switch (failure.kind) {
    case FailureKind::kAuth:
      return Stop(lane.lane, failure.message + AboutKey(call.provider));
    case FailureKind::kQuota:
    case FailureKind::kTls:
      return Stop(lane.lane, failure.message);
    case FailureKind::kModelNotFound: {
      Lane& model = lane.models.try_emplace(call.model, call.provider + "/" + call.model, Limits{})
                        .first->second;
      return Stop(model, failure.message);
    }
    case FailureKind::kRateLimited:
      return AfterRateLimit(id, call, failure, now);
    case FailureKind::kNetwork:
    case FailureKind::kOverloaded:
    case FailureKind::kBadReply:
      return RetryOrGiveUp(id, call, failure, now);
    case FailureKind::kBadRequest:
    case FailureKind::kTooLarge:
    case FailureKind::kInternal:
      break;
  }
  return GiveUp{failure.message};
}

// Which variable to look at; its value is nobody's business.
std::string Governor::AboutKey(const std::string& provider) const {
  auto variable = key_variables_.find(provider);
  if (variable == key_variables_.end() || variable->second.empty()) return "";
  return fmt::format(" (its key is taken from {})", variable->second);
}

Governor::Consequence Governor::Stop(Lane& lane, const std::string& why) {
  bool newly = !lane.stopped();
  if (newly) lane.Stop(why);
  return StopLane{lane.name(), why, newly};
}

Governor::Consequence Governor::StopForWait(Lane& lane, const std::string& message,
                                            milliseconds wait) {
  return Stop(lane, fmt::format("{}; it asks to wait {}, longer than max_wait ({})", message,
                                FormatDuration(wait), FormatDuration(retry_.max_wait)));
}

Governor::Consequence Governor::AfterRateLimit(int64_t id, CallState& call, const Failure& failure,
                                               Time now) {
  Lane& lane = LaneOf(call.provider).lane;
  if (++call.rate_limited > retry_.attempts * kRateLimitsPerAttempt) {
    return GiveUp{fmt::format("{} (rate-limited {} times)", failure.message, call.rate_limited)};
  }
  --call.tries;
  milliseconds wait = failure.retry_after_ms ? milliseconds(*failure.retry_after_ms)
                                             : Backoff(lane.CountRejection());
  if (wait > retry_.max_wait) {
    return StopForWait(lane, failure.message, wait);
  }
  lane.CloseUntil(now + wait, "asked to wait (429)");
  return Delay(id, call, now + wait, failure.message);
}

Governor::Consequence Governor::RetryOrGiveUp(int64_t id, CallState& call, const Failure& failure,
                                              Time now) {
  if (call.tries >= retry_.attempts && IsDown(call, failure)) {
    return Stop(LaneOf(call.provider).lane, failure.message);
  }
  if (call.tries >= retry_.attempts) {
    return GiveUp{call.tries == 1
                      ? failure.message
                      : fmt::format("{} (tried {} times)", failure.message, call.tries)};
  }
  milliseconds wait = Backoff(call.tries);
  if (failure.retry_after_ms) {
    wait = milliseconds(*failure.retry_after_ms);
    Lane& lane = LaneOf(call.provider).lane;
    if (wait > retry_.max_wait) return StopForWait(lane, failure.message, wait);
    lane.CloseUntil(now + wait, "asked to wait");
  }
  return Delay(id, call, now + wait, failure.message);
}

// A provider that nothing reached through all the tries of a call is down: that is no fault of the
// items, which go back as they are.
bool Governor::IsDown(const CallState& call, const Failure& failure) const {
  bool unreached = failure.kind == FailureKind::kNetwork && failure.billing == Billing::kNo;
  return unreached && lanes_.at(call.provider).last_answer < call.first_try;
}

Governor::Consequence Governor::Delay(int64_t id, CallState&, Time until, const std::string& why) {
  delayed_.emplace(until, id);
  ++waiting_count_;
  return Retry{until, why};
}

// Full jitter: anywhere between nothing and the exponential, so that calls that failed together do
// not come back together.
milliseconds Governor::Backoff(int64_t failures) {
  int64_t doublings = std::min<int64_t>(failures - 1, 20);
  int64_t ceiling = std::min(retry_.base.count() << doublings, retry_.most.count());
  return milliseconds(
      std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(ceiling, 0))(random_));
}

std::optional<Governor::Time> Governor::NextChance(Time now) const {
  std::optional<Time> next;
  auto consider = [&next](Time when) { next = next ? std::min(*next, when) : when; };
  if (!delayed_.empty()) consider(delayed_.begin()->first);
  auto all = all_.NextChance(now);
  for (const auto& [name, lane] : lanes_) {
    if (lane.queue.empty() || !all) continue;
    if (auto chance = lane.lane.NextChance(now)) consider(std::max(*chance, *all));
  }
  return next;
}

std::vector<std::string> Governor::WhyWaiting(Time now) const {
  std::vector<std::string> lines;
  for (const auto& [name, lane] : lanes_) {
    if (lane.queue.empty()) continue;
    const Lane& blocker = lane.lane.MayGo(now) ? all_ : lane.lane;
    lines.push_back(
        fmt::format("{} waiting: {}", Plural(lane.queue.size(), "call"), blocker.WhyWaiting(now)));
  }
  if (!delayed_.empty()) {
    auto left = std::chrono::ceil<milliseconds>(delayed_.begin()->first - now);
    lines.push_back(fmt::format("{} to be tried again, the next in {}",
                                Plural(delayed_.size(), "call"),
                                FormatDuration(std::max(left, milliseconds(0)))));
  }
  return lines;
}

std::vector<std::string> Governor::StoppedLanes() const {
  std::vector<std::string> lines;
  for (const auto& [name, lane] : lanes_) {
    if (lane.lane.stopped()) lines.push_back(name + ": " + lane.lane.why_stopped());
    for (const auto& [model, own] : lane.models) {
      if (own.stopped()) lines.push_back(own.name() + ": " + own.why_stopped());
    }
  }
  return lines;
}

}  // namespace muster
