#include "common/item_result.h"

#include <algorithm>

#include "common/expression.h"
#include "common/score.h"
#include "common/text.h"
#include "common/written_number.h"

namespace muster {
namespace {

const Step* FindStep(const std::vector<Step>& steps, std::string_view id) {
  auto found =
      std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.id == id; });
  return found == steps.end() ? nullptr : &*found;
}

const Step* FindBranch(const Config& config, std::string_view id) {
  for (const Step& step : config.steps) {
    if (const Step* branch = FindStep(step.branches, id)) return branch;
  }
  return nullptr;
}

std::string_view TakePart(std::string_view& name) {
  size_t end = std::min(name.find('.'), name.size());
  std::string_view part = name.substr(0, end);
  name.remove_prefix(std::min(end + 1, name.size()));
  return part;
}

// The step that a name such as solution.value or conditions.baseline.text is about; of branches as
// a whole, all of them; none where it is about no step.
std::vector<std::string> StepsOf(const Config& config, std::string_view name) {
  std::string_view first = TakePart(name);
  const Step* step = FindStep(config.steps, first);
  if (!step) step = FindBranch(config, first);
  if (!step) return {};
  if (step->branches.empty()) return {step->id};
  if (const Step* branch = FindStep(step->branches, TakePart(name))) return {branch->id};
  std::vector<std::string> all;
  for (const Step& branch : step->branches) all.push_back(branch.id);
  return all;
}

// Of each score, by the first name that stands in what it judges.
Result<Json> ScoredSteps(const Config& config) {
  Json steps = Json::object();
  for (const auto& [score, rule] : config.score) {
    auto names = NamesIn(rule.got);
    if (!names) return Error{names.error()};
    steps[score] = names->empty() ? std::vector<std::string>() : StepsOf(config, names->front());
  }
  return steps;
}

// Null: it is null.
Result<Json> GroupOf(const Config& config, const Json& context) {
  auto value = Evaluate(config.report.group_by, context);
  if (!value) return Fail("report.group_by: {}", value.error());
  if (value->is_null() || value->is_string()) return value;
  return Json(DumpJson(*value));
}

// Null: it is null, or the item does not belong into that drawing.
Result<Json> AgainstOf(const Config& config, const Json& context) {
  auto belongs = IsTrue(config.report.against_when, context, true);
  if (!belongs) return Fail("report.against_when: {}", belongs.error());
  if (!*belongs) return Json();
  auto value = Evaluate(config.report.against, context);
  if (!value) return Fail("report.against: {}", value.error());
  if (value->is_null() || value->is_number()) return value;
  auto number = value->is_string() ? WholeNumber(value->get<std::string>()) : std::nullopt;
  if (!number) {
    return Fail("report.against: {} is {}; expected a number", config.report.against.text,
                FitColumns(VisibleText(DumpJson(*value)), 60));
  }
  return Json(*number);
}

}  // namespace

Result<Json> MakeItemResult(const Config& config, const Json& context) {
  const Json* known = Member(context, "scores");
  auto scores = known ? Result<Json>(*known) : ScoreItem(config, context);
  if (!scores) return scores;
  auto steps = ScoredSteps(config);
  if (!steps) return steps;
  Json result{{"scores", *std::move(scores)}, {"steps", *std::move(steps)}};
  if (!config.report.group_by.empty()) {
    auto group = GroupOf(config, context);
    if (!group) return group;
    if (!group->is_null()) result["group"] = *std::move(group);
  }
  if (!config.report.against.empty()) {
    auto against = AgainstOf(config, context);
    if (!against) return against;
    if (!against->is_null()) result["against"] = *std::move(against);
  }
  const Json* warnings = Member(context, "warnings");
  result["warnings"] = warnings ? *warnings : Json::array();
  return result;
}

}  // namespace muster
