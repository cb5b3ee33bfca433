// What follows from the end of a try: the half of the governor that deals with failures.

#include <algorithm>
#include <cassert>

#include "common/duration.h"
#include "common/keys.h"
#include "supervisor/governor/governor.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kMostBadReplies = 3;  // to one call

Landing LandingOf(const Governor::End& end) {
  if (!end.failure) return Landing::kAnswered;
  bool used_up = std::any_of(end.limits.begin(), end.limits.end(),
                             [](const LimitSeen& seen) { return seen.remaining <= 0; });
  switch (end.failure->kind) {
    case FailureKind::kRateLimited:
      return used_up ? Landing::kOverLimit : Landing::kRefused;
    case FailureKind::kOverloaded:
      return Landing::kOverloaded;
    case FailureKind::kNetwork:
      return end.failure->billing == Billing::kNo ? Landing::kUnreached : Landing::kFailed;
    case FailureKind::kTimeout:
    case FailureKind::kServer:
      return Landing::kFailed;
    default:
      return Landing::kAnswered;  // by a refusal, but the provider is there and works
  }
}

// The wider of its lanes that are down, or nullptr.
const Lane* DownIn(const Lanes::Path& path) {
  if (path.provider->down()) return path.provider;
  return path.model->down() ? path.model : nullptr;
}

// The tokens that limits should count, where that is known.
std::optional<Tokens> UsedBy(const Governor::End& end) {
  if (end.usage) return Tokens{end.usage->input, end.usage->output};
  if (end.failure && end.failure->billing == Billing::kNo) return Tokens{};
  return std::nullopt;
}

}  // namespace

Governor::Consequence Governor::Ended(int64_t id, const End& end, Time now) {
  CallState& call = calls_.at(id);
  assert(call.in_the_air);
  const Lane* was_down = DownIn(*call.path);
  call.path->model->Learn(call.flights.back(), end.limits);
  bool hold = end.hold && !end.failure;
  if (hold) {
    call.in_the_air = false;
    --in_air_count_;
  } else {
    Land(call, LandingOf(end), UsedBy(end), now);
  }
  budget_.Settle(ClaimOf(call), end.counted);
  if (end.failure) {
    for (Lane* lane : {call.path->provider, call.path->model})
      lane->NoteTrouble(end.failure->message);
  }
  const Lane* down = DownIn(*call.path);
  if (down && !was_down) {
    notice(fmt::format("{} seems to be down ({}): one call at a time tries it", down->name(),
                       down->trouble()));
  }
  if (was_down && !down) notice(was_down->name() + " answers again");
  if (end.usage && !end.failure) estimator_.Learn(call.kind, call.ask.guess, *end.usage);
  Consequence consequence = Keep{};
  if (end.failure) consequence = AfterFailure(id, call, *end.failure, now);
  if (auto* give_up = std::get_if<GiveUp>(&consequence)) guard_.FailedForGood(give_up->why);
  // That a program of one's own ends well says nothing of the APIs asked in between.
  if (!end.failure && call.ask.provider != "command") guard_.Answered();
  if (!guard_.verdict().empty() && why_stop_.empty()) {
    why_stop_ = guard_.verdict();
    something_stopped_ = true;
  }
  if (hold) held_.emplace(id, std::move(call));
  if (!std::holds_alternative<Retry>(consequence)) calls_.erase(id);
  return consequence;
}

void Governor::Release(int64_t id, Time now) {
  auto held = held_.find(id);
  if (held == held_.end()) return;
  LandFlights(held->second, Landing::kAnswered, std::nullopt, now);
  held_.erase(held);
}

Governor::Consequence Governor::AfterFailure(int64_t id, CallState& call, const Failure& failure,
                                             Time now) {
  const Lanes::Path& path = *call.path;
  switch (failure.kind) {
    case FailureKind::kAuth:
      return StopLaneFor(path.key ? *path.key : *path.provider, failure.message + AboutKey(call));
    case FailureKind::kQuota:
      return AfterQuota(id, call, failure, now);
    case FailureKind::kTls:
      return StopLaneFor(*path.provider, failure.message);
    case FailureKind::kModelNotFound:
      return StopLaneFor(*path.model, failure.message);
    case FailureKind::kBadSchema: {
      auto [stopped, first] = stopped_steps_.emplace(call.step, failure.message);
      something_stopped_ = true;
      if (first) notice(fmt::format("step {} is stopped: {}", call.step, failure.message));
      // Without its first step no item can be begun.
      if (call.step == config_.steps.front().id && why_stop_.empty()) why_stop_ = failure.message;
      return StopLane{failure.message};
    }
    case FailureKind::kRateLimited:
      return AfterRateLimit(id, call, failure, now);
    case FailureKind::kNetwork:
    case FailureKind::kTimeout:
    case FailureKind::kServer:
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
std::string Governor::AboutKey(const CallState& call) const {
  auto provider = config_.providers.find(call.ask.provider);
  if (provider == config_.providers.end()) return "";
  std::string source = KeySource(provider->second);
  return source.empty() ? "" : fmt::format(" (its key is taken from {})", source);
}

Governor::Consequence Governor::StopLaneFor(Lane& lane, const std::string& why) {
  Stop(lane, why);
  return StopLane{lane.why_stopped()};
}

bool Governor::TriedTooLong(const CallState& call, Time now) const {
  return now - *call.first_try > retry_.give_up_after;
}

// One that comes back by itself, and says when (so many prompts in five hours), is waited for; what
// a person must act on stops its lane.
Governor::Consequence Governor::AfterQuota(int64_t id, CallState& call, const Failure& failure,
                                           Time now) {
  const Lanes::Path& path = *call.path;
  Lane& lane = failure.model_only ? *path.model : path.key ? *path.key : *path.provider;
  // One that is over already and yet used up is none that comes back.
  bool comes_back = failure.retry_after_ms.value_or(0) > 0;
  if (!comes_back || TriedTooLong(call, now)) return StopLaneFor(lane, failure.message);
  --call.tries;
  return AskedToWait(lane, id, call, failure, milliseconds(*failure.retry_after_ms), now);
}

// It goes to its queue; the lane, closed until then, lets nobody go before.
Governor::Consequence Governor::AskedToWait(Lane& lane, int64_t id, CallState& call,
                                            const Failure& failure, milliseconds wait, Time now) {
  if (wait > retry_.max_wait) {
    return StopLaneFor(
        lane, fmt::format("{}; it asks to wait {}, longer than max_wait ({}); {}", failure.message,
                          FormatDuration(wait), FormatDuration(retry_.max_wait),
                          ComeBack(now + wait, now)));
  }
  lane.CloseUntil(now + wait, failure.status == 429 ? "asked to wait (429)" : "asked to wait");
  PutInQueue(id, call);
  ++waiting_count_;
  return Retry{now + wait, failure.message};
}

// Rate limits are the limiter's business, not the call's fault: they cost it no attempt, only time.
Governor::Consequence Governor::AfterRateLimit(int64_t id, CallState& call, const Failure& failure,
                                               Time now) {
  --call.tries;
  if (TriedTooLong(call, now)) {
    return GiveUp{
        fmt::format("{} (tried for {})", failure.message, FormatDuration(retry_.give_up_after))};
  }
  int64_t in_a_row = std::max<int64_t>(call.path->model->rejections_in_a_row(), 1);
  milliseconds wait(0);
  // Who asks to wait no time at all, again and again, is not taken at his word.
  if (!failure.retry_after_ms || in_a_row > 2) wait = Backoff(in_a_row);
  wait = std::max(wait, milliseconds(failure.retry_after_ms.value_or(0)));
  return AskedToWait(*call.path->model, id, call, failure, wait, now);
}

Governor::Consequence Governor::RetryOrGiveUp(int64_t id, CallState& call, const Failure& failure,
                                              Time now) {
  bool down = call.path->provider->down() || call.path->model->down();
  if (down) {
    // No fault of the call. It goes to the end of its queue, so that each probe is another one's.
    --call.tries;
    call.order = ++newest_;
    PutInQueue(id, call);
    ++waiting_count_;
    return Retry{now, failure.message};
  }
  // A reply that cannot be read was paid, most often; more than two more of its kind are not
  // bought.
  int64_t attempts = retry_.attempts;
  if (failure.kind == FailureKind::kBadReply) attempts = std::min(attempts, kMostBadReplies);
  if (call.tries >= attempts) {
    bool gone = failure.kind == FailureKind::kNetwork || failure.kind == FailureKind::kTimeout;
    bool unreached = gone && failure.billing == Billing::kNo;
    if (unreached && !call.path->provider->ever_answered()) {
      return StopLaneFor(*call.path->provider, failure.message);
    }
    return GiveUp{call.tries == 1
                      ? failure.message
                      : fmt::format("{} (tried {} times)", failure.message, call.tries)};
  }
  if (TriedTooLong(call, now)) {
    return GiveUp{fmt::format("{} (tried {} times in {})", failure.message, call.tries,
                              FormatDuration(retry_.give_up_after))};
  }
  if (failure.retry_after_ms) {
    return AskedToWait(*call.path->model, id, call, failure, milliseconds(*failure.retry_after_ms),
                       now);
  }
  call.delayed_until = now + Backoff(call.tries);
  delayed_.emplace(*call.delayed_until, id);
  ++waiting_count_;
  return Retry{*call.delayed_until, failure.message};
}

// Full jitter: anywhere between nothing and the exponential, so that calls that failed together do
// not come back together.
milliseconds Governor::Backoff(int64_t failures) {
  int64_t doublings = std::min<int64_t>(failures - 1, 20);
  int64_t ceiling = std::min(retry_.base.count() << doublings, retry_.most.count());
  return milliseconds(
      std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(ceiling, 0))(random_));
}

}  // namespace muster
