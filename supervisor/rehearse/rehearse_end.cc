#include "supervisor/rehearse/rehearse_end.h"

#include "common/expression.h"
#include "common/output_record.h"
#include "common/score.h"
#include "common/step_values.h"
#include "common/template.h"

namespace muster {
namespace {

// How a score's values are compared; nullopt: an answer will say.
Result<std::optional<std::string>> MethodOf(const ExampleContext& context, const ScoreRule& rule) {
  if (IsScoreMethod(rule.by)) return std::optional(rule.by);
  Expression path{rule.by, rule.expect.origin};
  if (auto known = context.Resolve(path); !known) return Error{known.error()};
  if (context.Uses(path)) return std::optional<std::string>();
  auto by = LookUp(context.names(), rule.by);
  if (!by) return Error{by.error()};
  if (!by->is_string()) return Fail("{} is not a text that says how to compare", rule.by);
  return std::optional(by->get<std::string>());
}

// An expectation that makes no sense is found before anything is paid.
Result<Json> RehearseScore(const ExampleContext& context, const ScoreRule& rule) {
  if (auto got = context.Resolve(rule.got); !got) return Error{got.error()};
  if (auto expect = context.Resolve(rule.expect); !expect) return Error{expect.error()};
  auto by = MethodOf(context, rule);
  if (!by) return Error{by.error()};
  Json score{{"value", 1.0}, {"got", ""}, {"expect", ""}, {"by", by->value_or("")}};
  if (!*by || context.Uses(rule.expect)) return score;
  auto expect = Evaluate(rule.expect, context.names());
  if (!expect) return Error{expect.error()};
  if (auto scored = ScoreOf("", *expect, **by); !scored) return Error{scored.error()};
  score["expect"] = *std::move(expect);
  return score;
}

Result<Json> RehearseScores(const Config& config, const ExampleContext& context) {
  Json scores = Json::object();
  for (const auto& [name, rule] : config.score) {
    auto score = RehearseScore(context, rule);
    if (!score) return Fail("score {}: {}", name, score.error());
    scores[name] = *std::move(score);
  }
  return scores;
}

Result<void> RehearseReport(const ReportRules& report, const ExampleContext& context) {
  for (const auto& [name, expression] : {std::pair("group_by", &report.group_by),
                                         {"against", &report.against},
                                         {"against_when", &report.against_when}}) {
    if (expression->empty()) continue;
    if (auto known = context.Resolve(*expression); !known) {
      return Fail("report.{}: {}", name, known.error());
    }
    if (context.Uses(*expression)) continue;
    auto value = Evaluate(*expression, context.names());
    if (!value) return Fail("report.{}: {}", name, value.error());
  }
  return {};
}

// What a record is made from, to see whether an error in it is about a value of unknown shape.
std::string TextsOf(const Output& output) {
  std::string all = output.rows + " " + output.flatten;
  for (const auto* text : {&output.text, &output.record}) {
    if (*text) all += " " + (*text)->text;
  }
  for (const Column& column : output.columns) all += " " + column.value.text;
  return all;
}

Error Hinted(const ExampleContext& context, const Output& output, const std::string& error) {
  std::string hint = context.examples().Hint(TextsOf(output), error);
  if (hint.empty()) hint = context.examples().ForEachHint(output.rows);
  if (hint.empty()) hint = context.examples().ForEachHint(output.flatten);
  return Fail("{}{}", error, hint);
}

}  // namespace

Result<void> RehearseEnd(const Config& config, ExampleContext& context, Json begun,
                         Rehearsal& rehearsal) {
  auto scores = RehearseScores(config, context);
  if (!scores) return Error{scores.error()};
  if (auto report = RehearseReport(config.report, context); !report) return report;
  Json done = context.names();
  AddItemEnd(done, {"", {}, {}, *std::move(scores)});
  AddMissingSteps(config, begun);
  ItemEnd failure{"(why the item failed)", {}, {}, Json::object()};
  AddItemEnd(begun, failure);
  if (auto none = ScoreItem(config, begun)) failure.scores = *std::move(none);
  AddItemEnd(begun, failure);
  for (size_t i = 0; i < config.outputs.size(); ++i) {
    const Output& output = config.outputs[i];
    auto record = MakeRecord(config, i, done);
    if (!record) return Hinted(context, output, record.error());
    rehearsal.output_paths.push_back(std::move(record->path));
    if (!output.errors) continue;
    auto failed = MakeRecord(config, i, begun);
    if (!failed) return Fail("{} (where an item failed)", failed.error());
  }
  return {};
}

}  // namespace muster
