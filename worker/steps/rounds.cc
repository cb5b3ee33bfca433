#include "worker/steps/rounds.h"

#include <algorithm>

#include "common/expression.h"
#include "common/step_values.h"
#include "common/text.h"
#include "worker/steps/step_act.h"

namespace muster {
namespace {

// What a step's rounds aim at.
struct Aim {
  std::optional<int64_t> total, batch;
  int64_t expected = 1;  // rounds
};

Result<std::optional<int64_t>> CountIfGiven(const char* name, const Expression& expression,
                                            const Json& context) {
  if (expression.empty()) return std::optional<int64_t>();
  auto count = CountOf(expression, context);
  if (!count) return Fail("repeat.{}: {}", name, count.error());
  return std::optional(*count);
}

Result<Aim> AimOf(const RepeatRule& rule, const Json& context) {
  Aim aim;
  auto total = CountIfGiven("total", rule.total, context);
  if (!total) return Error{total.error()};
  auto batch = CountIfGiven("batch", rule.batch, context);
  if (!batch) return Error{batch.error()};
  if (*batch == 0) return Fail("repeat.batch is 0; a round needs at least 1");
  aim.total = *total;
  aim.batch = *batch ? *batch : *total;
  aim.expected = ExpectedRounds(rule, *total, *batch);
  return aim;
}

int64_t CountIn(const Json& repeated) { return IntMember(repeated, "count").value_or(0); }

// The round of that number, when `repeated` is what those before it left.
RoundInfo InfoOf(int64_t number, const RepeatRule& rule, const Aim& aim, const Json& repeated) {
  RoundInfo round;
  round.number = number;
  round.most = number <= aim.expected ? aim.expected : rule.most;
  if (aim.total) round.left = std::max<int64_t>(0, *aim.total - CountIn(repeated));
  round.wanted = aim.batch;
  if (round.left && round.wanted) round.wanted = std::min(*round.wanted, *round.left);
  return round;
}

// Whether the round just done was the last that is needed.
Result<bool> IsEnough(const Step& step, const Aim& aim, const Json& context) {
  if (aim.total && CountIn(context.at(step.id)) >= *aim.total) return true;
  auto until = IsTrue(step.repeat->until, context, false);
  return until ? until : Fail("repeat.until: {}", until.error());
}

// "after 8 rounds there are 87 of 100 values".
std::string DescribeLack(const RepeatRule& rule, const Aim& aim, const Json& repeated) {
  std::string rounds = fmt::format("after {} round{}", rule.most, rule.most == 1 ? "" : "s");
  if (!aim.total) return fmt::format("{} it is still not true that {}", rounds, rule.until.text);
  return fmt::format("{} there are {} of {} values", rounds, FormatCount(CountIn(repeated)),
                     FormatCount(*aim.total));
}

Json WithNumber(int64_t number, const Json& left) {
  Json round{{"number", number}};
  round.update(left);
  return round;
}

Ended FailedAt(const Step& step, const std::string& why) {
  return Ended{Outcome::kFailed, fmt::format("{}: {}", step.id, why)};
}

}  // namespace

Task<StepEnd> RunRounds(StepParts parts, const Step& step, Json context, const Siblings* outer) {
  const RepeatRule& rule = *step.repeat;
  auto aim = AimOf(rule, context);
  if (!aim) co_return FailedAt(step, aim.error());
  std::vector<Json> rounds;
  context[step.id] = RepeatValue(rounds, aim->total);
  bool wants = aim->total || !rule.until.empty();
  bool enough = aim->total == 0;
  for (int64_t number = 1; !enough && number <= rule.most; ++number) {
    if (outer && outer->over()) co_return outer->Why();
    RoundInfo round = InfoOf(number, rule, *aim, context[step.id]);
    context["round"] = RoundValue(round);
    parts.tell("progress", step.id, fmt::format("round {}/{}", round.number, round.most));
    Json inside = context;
    std::string path = fmt::format("{}[{}]", step.id, number);
    Task<StepEnd> act = RunAct(parts, step, std::move(path), std::move(inside));
    StepEnd end = co_await act;
    if (std::holds_alternative<Ended>(end)) co_return end;
    rounds.push_back(WithNumber(number, std::get<Json>(end)));
    context[step.id] = RepeatValue(rounds, aim->total);
    auto last = IsEnough(step, *aim, context);
    if (!last) co_return FailedAt(step, last.error());
    enough = *last;
  }
  if (wants && !enough && !rule.keep_short) {
    co_return FailedAt(step, DescribeLack(rule, *aim, context[step.id]));
  }
  co_return std::move(context[step.id]);
}

}  // namespace muster
