#include "supervisor/governor/lane.h"

#include <algorithm>
#include <limits>

#include "common/config/kinds.h"
#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMinute{60'000};
constexpr std::array kUnits{LimitUnit::kRequests, LimitUnit::kTokens, LimitUnit::kInputTokens,
                            LimitUnit::kOutputTokens};

std::string Until(Lane::Time until, Lane::Time now) {
  return FormatDuration(std::chrono::ceil<milliseconds>(std::max(until, now) - now));
}

std::string UnitText(LimitUnit unit) {
  std::string text(Name(unit));
  std::replace(text.begin(), text.end(), '-', ' ');
  return text;
}

// "500 requests in a minute".
std::string SpanText(milliseconds span) {
  if (span == kMinute) return "a minute";
  if (span == 60 * kMinute) return "an hour";
  if (span == 24 * 60 * kMinute) return "a day";
  return DurationText(span);
}

// A limit's amount in each unit, in the order of kUnits.
std::array<std::optional<int64_t>, kLimitUnits> AmountsOf(const RateLimit& rate) {
  return {rate.requests, rate.tokens, rate.input_tokens, rate.output_tokens};
}

}  // namespace

int64_t AmountIn(LimitUnit unit, const Tokens& tokens) {
  switch (unit) {
    case LimitUnit::kRequests:
      return 1;
    case LimitUnit::kTokens:
      return tokens.input + tokens.output;
    case LimitUnit::kInputTokens:
      return tokens.input;
    case LimitUnit::kOutputTokens:
      return tokens.output;
  }
  return 0;
}

Lane::Lane(Level level, std::string name, const Limits& limits, bool follow,
           std::optional<int64_t> first)
    : level_(level),
      name_(std::move(name)),
      limits_(limits),
      follow_(follow),
      slots_(limits.concurrency, follow, limits.concurrency ? limits.concurrency : first) {
  BuildWindows();
}

void Lane::BuildWindows() {
  std::vector<RateLimit> rates = limits_.rates;
  rates.push_back({kMinute, limits_.requests_per_minute, limits_.tokens_per_minute,
                   limits_.input_tokens_per_minute, limits_.output_tokens_per_minute});
  std::vector<UnitWindow> before = std::move(windows_);
  windows_.clear();
  for (const RateLimit& rate : rates) {
    auto amounts = AmountsOf(rate);
    for (size_t i = 0; i < kLimitUnits; ++i) {
      if (!amounts[i]) continue;
      auto same = std::find_if(before.begin(), before.end(), [&](const UnitWindow& old) {
        return old.unit == kUnits[i] && old.window.span() == rate.per;
      });
      windows_.push_back(
          {kUnits[i], same == before.end() ? Window(*amounts[i], rate.per) : same->window});
      windows_.back().window.SetCapacity(*amounts[i]);
    }
  }
}

void Lane::SetLimits(const Limits& limits) {
  limits_ = limits;
  slots_.SetCeiling(limits.concurrency);
  BuildWindows();
}

void Lane::Prime(Time when, const Tokens& tokens) {
  for (UnitWindow& each : windows_) each.window.Take(AmountIn(each.unit, tokens), when);
}

bool Lane::HasSlot() const {
  bool warming = limits_.warmup && !answered_ && slots_.in_the_air() > 0;
  return slots_.HasRoom() && !warming;
}

Lane::Time Lane::Opens(const Tokens& tokens, Time now) const {
  Time opens = std::max(now, closed_until_);
  if (last_sent_ != Time::min()) opens = std::max(opens, last_sent_ + limits_.min_delay);
  for (const UnitWindow& each : windows_) {
    opens = std::max(opens, each.window.Opens(AmountIn(each.unit, tokens), now));
  }
  for (size_t i = 0; i < kLimitUnits; ++i) {
    opens = std::max(opens, learned_[i].Opens(AmountIn(kUnits[i], tokens), now));
  }
  return opens;
}

bool Lane::MayGo(const Tokens& tokens, Time now) const {
  auto chance = NextChance(tokens, now);
  return chance && *chance <= now;
}

std::optional<Lane::Time> Lane::NextChance(const Tokens& tokens, Time now) const {
  if (stopped() || !HasSlot()) return std::nullopt;
  Time opens = Opens(tokens, now);
  if (!outage_.down()) return opens;
  auto probe = outage_.NextProbe();
  return probe ? std::optional(std::max(opens, *probe)) : std::nullopt;
}

std::optional<int64_t> Lane::Room(Time now) const {
  if (!MayGo({}, now)) return 0;
  if (outage_.down() || (limits_.warmup && !answered_)) return 1;
  std::optional<int64_t> room = slots();
  if (room) *room -= in_the_air();
  for (const UnitWindow& each : windows_) {
    if (each.unit != LimitUnit::kRequests) continue;
    int64_t left = each.window.capacity() - each.window.Used(now);
    room = std::min(room.value_or(left), left);
  }
  return room;
}

std::optional<int64_t> Lane::slots() const {
  int64_t limit = slots_.limit();
  return limit == std::numeric_limits<int64_t>::max() ? std::nullopt : std::optional(limit);
}

std::string Lane::WhyWaiting(const Tokens& tokens, Time now) const {
  if (stopped()) return fmt::format("{} is stopped: {}", name_, stopped_);
  if (outage_.down()) {
    auto probe = outage_.NextProbe();
    return fmt::format("{} has been down for {}: {}", name_, Until(now, *outage_.since()),
                       !probe          ? "one call is trying it"
                       : *probe <= now ? "one call tries it next"
                                       : "one call tries it in " + Until(*probe, now));
  }
  if (closed_until_ > now) {
    return fmt::format("{} {}: {} to go", name_, why_closed_, Until(closed_until_, now));
  }
  if (!slots_.HasRoom()) {
    return fmt::format("{} has {} of {} calls in the air", name_, slots_.in_the_air(),
                       slots_.limit());
  }
  if (!HasSlot()) return fmt::format("{} is warming up: one call goes first", name_);
  return WhyWindow(tokens, now);
}

std::string Lane::WhyWindow(const Tokens& tokens, Time now) const {
  for (const UnitWindow& each : windows_) {
    int64_t amount = AmountIn(each.unit, tokens);
    if (each.window.Fits(amount, now)) continue;
    // Where a limit is not used up it is the call that is too large for the rest.
    std::string needs;
    if (each.unit != LimitUnit::kRequests) {
      needs = fmt::format(" and the next call takes {}", FormatCount(amount));
    }
    return fmt::format("{} has used {} of {} {} in {}{}: {} to go", name_,
                       FormatCount(each.window.Used(now)), FormatCount(each.window.capacity()),
                       UnitText(each.unit), SpanText(each.window.span()), needs,
                       Until(each.window.Opens(amount, now), now));
  }
  for (size_t i = 0; i < kLimitUnits; ++i) {
    Time opens = learned_[i].Opens(AmountIn(kUnits[i], tokens), now);
    if (opens <= now) continue;
    return fmt::format("{} is at the provider's limit of {} {}: {} to go", name_,
                       FormatCount(learned_[i].limit()), UnitText(kUnits[i]), Until(opens, now));
  }
  return fmt::format("{} lets {} pass between calls: {} to go", name_,
                     DurationText(limits_.min_delay), Until(last_sent_ + limits_.min_delay, now));
}

Flight Lane::Sent(int64_t call, const Tokens& tokens, Time now) {
  slots_.Sent();
  last_sent_ = now;
  if (outage_.down()) outage_.Probe(call, now);
  for (UnitWindow& each : windows_) each.window.Take(AmountIn(each.unit, tokens), now);
  Flight flight{call, now, tokens, {}};
  for (size_t i = 0; i < kLimitUnits && follow_; ++i) {
    flight.taken[i] = learned_[i].Take(AmountIn(kUnits[i], tokens), now);
  }
  return flight;
}

void Lane::Landed(const Flight& flight, Landing landing, const std::optional<Tokens>& used,
                  Time now) {
  switch (landing) {
    case Landing::kAnswered:
      if (outage_.Answered()) slots_.StartAgain();
      slots_.Answered(now);
      answered_ = true;
      rejections_in_a_row_ = 0;
      break;
    case Landing::kRefused:
      if (outage_.Answered()) slots_.StartAgain();
      slots_.Refused(flight.sent, now);
      CountRejection(flight.sent, now);
      break;
    case Landing::kOverLimit:
      if (outage_.Answered()) slots_.StartAgain();
      slots_.OverLimit(flight.sent, now);
      if (CountRejection(flight.sent, now)) {
        for (LearnedLimit& limit : learned_) limit.Refused(now);
      }
      break;
    case Landing::kOverloaded:
      slots_.Refused(flight.sent, now);
      if (HasOutages()) outage_.Failed(flight.call, now);
      break;
    case Landing::kFailed:
    case Landing::kUnreached:
      slots_.Failed(now);
      if (HasOutages()) outage_.Failed(flight.call, now, landing == Landing::kUnreached);
      break;
    case Landing::kVanished:
      slots_.Vanished();
      outage_.Vanished(flight.call);
      break;
  }
  if (!used) return;
  for (UnitWindow& each : windows_) {
    each.window.Correct(flight.sent,
                        AmountIn(each.unit, *used) - AmountIn(each.unit, flight.reserved));
  }
}

// Those sent before the last one came back tell the same once more.
bool Lane::CountRejection(Time sent, Time now) {
  if (sent < rejected_at_) return false;
  ++rejections_in_a_row_;
  rejected_at_ = now;
  return true;
}

void Lane::Learn(const Flight& flight, const std::vector<LimitSeen>& seen) {
  if (!follow_) return;
  for (const LimitSeen& each : seen) {
    auto unit = static_cast<size_t>(each.unit);
    learned_[unit].Learn(each, flight.sent, flight.taken[unit]);
  }
}

void Lane::CloseUntil(Time until, const std::string& why) {
  if (until <= closed_until_) return;
  closed_until_ = until;
  why_closed_ = why;
}

}  // namespace muster
