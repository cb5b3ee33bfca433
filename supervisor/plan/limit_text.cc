#include "supervisor/plan/limit_text.h"

#include "common/config/kinds.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr Milliseconds kMinute{60'000};

std::string SpanText(Milliseconds per) {
  switch (per.count()) {
    case 1'000:
      return "a second";
    case 60'000:
      return "a minute";
    case 3'600'000:
      return "an hour";
    case 86'400'000:
      return "a day";
    default:
      return "in " + DurationText(per);
  }
}

}  // namespace

std::vector<LimitAmount> AmountsOf(const Limits& limits) {
  std::vector<RateLimit> rates{{kMinute, limits.requests_per_minute, limits.tokens_per_minute,
                                limits.input_tokens_per_minute, limits.output_tokens_per_minute}};
  rates.insert(rates.end(), limits.rates.begin(), limits.rates.end());
  std::vector<LimitAmount> amounts;
  for (const RateLimit& rate : rates) {
    if (rate.requests) amounts.push_back({"requests", *rate.requests, rate.per});
    if (rate.tokens) amounts.push_back({"tokens", *rate.tokens, rate.per});
    if (rate.input_tokens) amounts.push_back({"input tokens", *rate.input_tokens, rate.per});
    if (rate.output_tokens) amounts.push_back({"output tokens", *rate.output_tokens, rate.per});
  }
  return amounts;
}

std::string LimitText(const LimitAmount& limit) {
  std::string_view unit = limit.unit;
  if (limit.amount == 1) unit.remove_suffix(1);
  return fmt::format("{} {} {}", FormatCount(limit.amount), unit, SpanText(limit.per));
}

std::string LimitsText(const Limits& limits) {
  std::vector<std::string> parts;
  if (limits.concurrency) {
    parts.push_back(fmt::format("{} {} at once", FormatCount(*limits.concurrency),
                                *limits.concurrency == 1 ? "call" : "calls"));
  }
  for (const LimitAmount& each : AmountsOf(limits)) parts.push_back(LimitText(each));
  if (limits.min_delay.count() > 0) {
    parts.push_back(DurationText(limits.min_delay) + " between calls");
  }
  if (limits.warmup) parts.push_back("the first call alone");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<LaneLimits> LanesOf(const Config& config) {
  using Level = LaneLimits::Level;
  std::vector<LaneLimits> lanes{{Level::kRun, "the run", &config.limits, "", "", ""}};
  for (const auto& [variable, own] : config.keys) {
    lanes.push_back({Level::kKey, "key " + variable, &own.limits, "", "", variable});
  }
  for (const auto& [name, provider] : config.providers) {
    lanes.push_back({Level::kProvider, name, &provider.limits, name, "", ""});
    for (const auto& [model, own] : provider.models) {
      lanes.push_back({Level::kModel, name + "/" + model, &own.limits, name, model, ""});
    }
  }
  return lanes;
}

bool Holds(const LaneLimits& lane, const Provider& provider, const std::string& model) {
  if (!lane.key.empty() && lane.key != provider.key_env) return false;
  if (!lane.provider.empty() && lane.provider != provider.name) return false;
  return lane.model.empty() || lane.model == model;
}

}  // namespace muster
