#include "tests/fake_provider/limiter.h"

#include <algorithm>
#include <utility>

namespace fake_provider {
namespace {

constexpr Quantity kMetered[] = {Quantity::kRequests, Quantity::kTokens, Quantity::kInputTokens,
                                 Quantity::kOutputTokens};

bool CountsOutput(Quantity what) {
  return what == Quantity::kTokens || what == Quantity::kOutputTokens;
}

bool IsFor(const LimitRule& limits, std::string_view model) {
  return limits.model == "*" || limits.model == model;
}

// Of two reasons to refuse, the one that lasts longer.
bool Outlasts(const Limiter::Refusal& a, const Limiter::Refusal& b) {
  return std::pair(a.too_large, a.wait) > std::pair(b.too_large, b.wait);
}

}  // namespace

int64_t LimitRule::Most(Quantity what) const {
  switch (what) {
    case Quantity::kConcurrency:
      return concurrency;
    case Quantity::kRequests:
      return requests;
    case Quantity::kTokens:
      return tokens;
    case Quantity::kInputTokens:
      return input_tokens;
    case Quantity::kOutputTokens:
      return output_tokens;
  }
  return 0;
}

Limiter::Limiter(const std::vector<LimitRule>& rules, bool count_max_tokens) {
  Replace(rules, count_max_tokens, Clock::time_point());
}

void Limiter::Replace(const std::vector<LimitRule>& rules, bool count_max_tokens,
                      Clock::time_point now) {
  std::vector<Rule> fresh;
  for (const LimitRule& limits : rules) {
    Rule& rule = fresh.emplace_back(Rule{limits, {}});
    for (Quantity what : kMetered) {
      if (limits.Most(what) > 0) rule.gauges.push_back(Gauge{what, Inherit(limits, what, now)});
    }
  }
  rules_ = std::move(fresh);
  count_max_tokens_ = count_max_tokens;
}

// The meter of the rule so far, with its new limit, or a new one.
std::shared_ptr<Meter> Limiter::Inherit(const LimitRule& limits, Quantity what,
                                        Clock::time_point now) {
  for (Rule& old : rules_) {
    if (old.limits.model != limits.model || old.limits.kind != limits.kind ||
        old.limits.window != limits.window) {
      continue;
    }
    for (Gauge& gauge : old.gauges) {
      if (gauge.what != what || !gauge.meter) continue;
      gauge.meter->SetLimit(limits.Most(what), now);
      return std::exchange(gauge.meter, nullptr);
    }
  }
  return MakeMeter(limits.kind, limits.Most(what), limits.window);
}

int64_t Limiter::AmountOf(Quantity what, const Demand& demand) const {
  int64_t guess = count_max_tokens_ ? demand.most_output : 0;
  switch (what) {
    case Quantity::kTokens:
      return demand.input + guess;
    case Quantity::kInputTokens:
      return demand.input;
    case Quantity::kOutputTokens:
      return guess;
    default:
      return 1;
  }
}

int64_t Limiter::InAir(const LimitRule& limits) const {
  if (limits.model == "*") return static_cast<int64_t>(open_.size());
  auto found = in_air_.find(limits.model);
  return found == in_air_.end() ? 0 : found->second;
}

std::optional<Limiter::Refusal> Limiter::Refuses(const Rule& rule, const Demand& demand,
                                                 Clock::time_point now) {
  std::optional<Refusal> worst;
  int64_t in_air = InAir(rule.limits);
  if (rule.limits.concurrency > 0 && in_air >= rule.limits.concurrency) {
    worst = Refusal{.what = Quantity::kConcurrency,
                    .limit = rule.limits.concurrency,
                    .used = in_air,
                    .requested = 1};
  }
  for (const Gauge& gauge : rule.gauges) {
    int64_t amount = AmountOf(gauge.what, demand);
    auto wait = gauge.meter->WaitFor(amount, now);
    if (wait && *wait == Clock::duration()) continue;
    Refusal refusal{.what = gauge.what,
                    .limit = gauge.meter->limit(),
                    .used = gauge.meter->UsedAt(now),
                    .requested = amount,
                    .window = rule.limits.window,
                    .too_large = !wait,
                    .wait = wait.value_or(Clock::duration())};
    if (!worst || Outlasts(refusal, *worst)) worst = refusal;
  }
  return worst;
}

std::optional<Limiter::Refusal> Limiter::Admit(uint64_t number, const Demand& demand,
                                               Clock::time_point now) {
  std::optional<Refusal> worst;
  for (const Rule& rule : rules_) {
    if (!IsFor(rule.limits, demand.model)) continue;
    auto refusal = Refuses(rule, demand, now);
    if (refusal && (!worst || Outlasts(*refusal, *worst))) worst = refusal;
  }
  if (worst) return worst;
  Open open{.model = demand.model, .guesses = {}};
  open.guessed = AmountOf(Quantity::kOutputTokens, demand);
  for (const Rule& rule : rules_) {
    if (!IsFor(rule.limits, demand.model)) continue;
    for (const Gauge& gauge : rule.gauges) {
      Meter::Entry entry = gauge.meter->Take(AmountOf(gauge.what, demand), now);
      if (CountsOutput(gauge.what)) open.guesses.push_back(Guess{gauge.meter, entry});
    }
  }
  open_.emplace(number, std::move(open));
  ++in_air_[demand.model];
  return std::nullopt;
}

void Limiter::Settle(Open& open, int64_t output, Clock::time_point now) {
  if (std::exchange(open.generated, true)) return;
  for (Guess& guess : open.guesses) {
    guess.meter->GiveBack(guess.entry, open.guessed, now);
    if (output > 0) guess.meter->Take(output, now);
  }
}

void Limiter::Generated(uint64_t number, int64_t output, Clock::time_point now) {
  auto found = open_.find(number);
  if (found != open_.end()) Settle(found->second, output, now);
}

void Limiter::Release(uint64_t number, Clock::time_point now) {
  auto found = open_.find(number);
  if (found == open_.end()) return;
  Settle(found->second, 0, now);
  --in_air_[found->second.model];
  open_.erase(found);
}

std::vector<Limiter::Standing> Limiter::StandingsAt(std::string_view model, Clock::time_point now) {
  std::map<Quantity, Standing> least;
  for (const Rule& rule : rules_) {
    if (!IsFor(rule.limits, model)) continue;
    for (const Gauge& gauge : rule.gauges) {
      if (gauge.what == Quantity::kConcurrency) continue;
      int64_t limit = gauge.meter->limit();
      int64_t remaining = std::max<int64_t>(0, limit - gauge.meter->UsedAt(now));
      auto found = least.find(gauge.what);
      if (found != least.end() && found->second.remaining <= remaining) continue;
      least[gauge.what] = {gauge.what, limit, remaining, gauge.meter->UntilFull(now)};
    }
  }
  std::vector<Standing> standings;
  for (const auto& [what, standing] : least) standings.push_back(standing);
  return standings;
}

int64_t Limiter::LowestLimit(std::string_view model, Quantity what, Clock::duration window) const {
  int64_t lowest = 0;
  for (const Rule& rule : rules_) {
    int64_t limit = rule.limits.Most(what);
    if (limit == 0 || rule.limits.window != window || !IsFor(rule.limits, model)) continue;
    if (lowest == 0 || limit < lowest) lowest = limit;
  }
  return lowest;
}

}  // namespace fake_provider
