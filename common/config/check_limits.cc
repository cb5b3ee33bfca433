#include "common/config/check_limits.h"

#include <algorithm>

#include "common/config/api_facts.h"
#include "common/config/kinds.h"
#include "common/money.h"
#include "common/text.h"

namespace muster {
namespace {

// A unit that limits count in, as rates name it and as the limits per minute do.
struct Unit {
  const char* name;
  std::optional<int64_t> RateLimit::*in_rate;
  const char* per_minute;
  std::optional<int64_t> Limits::*in_minute;
};
constexpr Unit kUnits[] = {
    {"requests", &RateLimit::requests, "requests_per_minute", &Limits::requests_per_minute},
    {"tokens", &RateLimit::tokens, "tokens_per_minute", &Limits::tokens_per_minute},
    {"input_tokens", &RateLimit::input_tokens, "input_tokens_per_minute",
     &Limits::input_tokens_per_minute},
    {"output_tokens", &RateLimit::output_tokens, "output_tokens_per_minute",
     &Limits::output_tokens_per_minute},
};

constexpr Milliseconds kMinute{60'000};

// The rates of one lane, whose limits stand at `path`.
class RatesCheck {
 public:
  RatesCheck(const Limits& limits, std::string path, Problems& problems)
      : limits_(limits), path_(std::move(path)), problems_(problems) {}

  void CheckAll() {
    for (size_t i = 0; i < limits_.rates.size(); ++i) {
      std::string path = RatePath(i);
      if (problems_.Under(path)) continue;
      bool any = false;
      for (const Unit& unit : kUnits) {
        if (!(limits_.rates[i].*unit.in_rate)) continue;
        any = true;
        CheckOnce(i, unit);
        CheckAgainstMinute(i, unit);
      }
      if (any) continue;
      problems_.AtValue(path, fmt::format("\"{}\" limits nothing; expected requests, tokens, "
                                          "input_tokens or output_tokens in it",
                                          path));
    }
  }

 private:
  std::string RatePath(size_t i) const { return ElementPath(MemberPath(path_, "rates"), i); }

  void CheckOnce(size_t i, const Unit& unit) {
    Milliseconds per = limits_.rates[i].per;
    auto same = [&](const RateLimit& rate) { return rate.per == per && rate.*unit.in_rate; };
    auto first = std::find_if(limits_.rates.begin(), limits_.rates.end(), same);
    auto index = static_cast<size_t>(first - limits_.rates.begin());
    if (index == i) return;
    std::string at = MemberPath(RatePath(i), unit.name);
    problems_.AtKey(at, fmt::format("\"{}\": {} per {} are limited twice; the first time in line "
                                    "{}",
                                    at, unit.name, DurationText(per),
                                    problems_.places().Value(RatePath(index)).line));
  }

  void CheckAgainstMinute(size_t i, const Unit& unit) {
    const RateLimit& rate = limits_.rates[i];
    const std::optional<int64_t>& minute = limits_.*unit.in_minute;
    if (rate.per != kMinute || !minute || *minute == *(rate.*unit.in_rate)) return;
    std::string at = MemberPath(RatePath(i), unit.name);
    problems_.AtValue(at, fmt::format("\"{}\" is {} per {}, and \"{}\" is {}; expected one of them",
                                      at, *(rate.*unit.in_rate), DurationText(kMinute),
                                      MemberPath(path_, unit.per_minute), *minute));
  }

  const Limits& limits_;
  const std::string path_;
  Problems& problems_;
};

void CheckLane(const Limits& limits, const std::string& parent, Problems& problems) {
  std::string path = parent.empty() ? "limits" : MemberPath(parent, "limits");
  RatesCheck(limits, path, problems).CheckAll();
}

void CheckKey(const Config& config, const std::string& variable, Problems& problems) {
  std::string path = MemberPath("keys", variable);
  std::vector<std::string> known;
  for (const auto& [name, provider] : config.providers) {
    if (MayTakeKeyFrom(provider, variable)) return;
    // One whose key_env has a mistake may be the one that is meant.
    if (problems.Under(MemberPath("providers", name))) return;
    bool listed = std::find(known.begin(), known.end(), provider.key_env) != known.end();
    if (!provider.key_env.empty() && !listed) known.push_back(provider.key_env);
  }
  std::string nearest = NearestName(variable, known);
  std::string hint = nearest.empty() ? fmt::format("there are: {}", fmt::join(known, ", "))
                                     : fmt::format("did you mean \"{}\"?", nearest);
  if (known.empty()) hint = "no provider has one";
  problems.AtKey(path, fmt::format("\"{}\" is no provider's key_env; {}", path, hint));
}

}  // namespace

void CheckLimits(const Config& config, Problems& problems) {
  CheckLane(config.limits, "", problems);
  for (const auto& [name, provider] : config.providers) {
    std::string path = MemberPath("providers", name);
    CheckLane(provider.limits, path, problems);
    for (const auto& [model, own] : provider.models) {
      CheckLane(own.limits, MemberPath(MemberPath(path, "models"), model), problems);
    }
  }
  for (const auto& [variable, own] : config.keys) {
    CheckKey(config, variable, problems);
    CheckLane(own.limits, MemberPath("keys", variable), problems);
  }
}

void CheckBudgetLimits(const BudgetLimits& budget, Problems& problems) {
  if (!budget.max_cost || !budget.max_cost_per_item) return;
  if (*budget.max_cost_per_item <= *budget.max_cost) return;
  problems.AtValue(
      "budget.max_cost_per_item",
      fmt::format("\"budget.max_cost_per_item\" is {}, more than \"budget.max_cost\" "
                  "({})",
                  FormatMoney(*budget.max_cost_per_item), FormatMoney(*budget.max_cost)));
}

}  // namespace muster
