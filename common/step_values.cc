#include "common/step_values.h"

#include <algorithm>
#include <map>

#include "common/hash.h"
#include "common/money.h"

namespace muster {
namespace {

constexpr size_t kFewNames = 12;  // that a context has beside its steps

Json UsageNumbers(const Usage& usage) {
  Json numbers = ObjectWithRoom(10);
  numbers["input"] = usage.input;
  numbers["cached"] = usage.cached;
  numbers["cache_write"] = usage.cache_write;
  numbers["cache_write_1h"] = usage.cache_write_1h;
  numbers["output"] = usage.output;
  numbers["reasoning"] = usage.reasoning;
  numbers["total"] = usage.total();
  return numbers;
}

}  // namespace

Json ChatValue(const ChatOutcome& outcome) {
  Json value = ObjectWithRoom(7);
  value["text"] = outcome.text;
  value["finish"] = outcome.finish;
  value["model"] = outcome.model;
  value["usage"] = outcome.usage ? UsageNumbers(*outcome.usage) : Json();
  if (!outcome.value.is_null()) value["value"] = outcome.value;
  value["context_window"] = outcome.context_window ? Json(*outcome.context_window) : Json();
  value["warning"] = outcome.warning;
  return value;
}

std::optional<ParseRule> ParseRuleOf(const Step& step) {
  if (step.parse || !step.chat || step.chat->options.response_schema.is_null()) return step.parse;
  ParseRule rule;
  rule.json = step.chat->options.response_schema;
  return rule;
}

Json ElementValue(int64_t number, const std::string& key, const Json& each, Json value) {
  Json element{{"number", number}, {"key", key}, {"each", each}};
  element.update(value);
  return element;
}

std::string ElementKey(const Json& each) {
  if (each.is_string()) return each.get<std::string>();
  if (each.is_object()) {
    for (const char* name : {"stem", "id", "name"}) {
      const Json* member = Member(each, name);
      if (member && member->is_string()) return member->get<std::string>();
    }
  }
  if (each.is_number() || each.is_boolean()) return DumpJson(each);
  return Sha256Hex(CanonicalJson(each)).substr(0, 12);
}

std::vector<std::string> ElementKeys(const Json& list) {
  std::vector<std::string> keys;
  std::map<std::string, int> seen;
  for (const Json& each : list) {
    std::string key = ElementKey(each);
    int count = ++seen[key];
    keys.push_back(count == 1 ? key : fmt::format("{}#{}", key, count));
  }
  return keys;
}

Json RepeatValue(const std::vector<Json>& rounds, std::optional<int64_t> total) {
  Json values = Json::array();
  for (const Json& round : rounds) {
    const Json* value = Member(round, "value");
    if (!value) continue;
    if (value->is_array()) {
      values.insert(values.end(), value->begin(), value->end());
    } else {
      values.push_back(*value);
    }
  }
  if (total && static_cast<int64_t>(values.size()) > *total) {
    values.erase(values.begin() + static_cast<std::ptrdiff_t>(*total), values.end());
  }
  size_t count = values.size();
  return Json{{"rounds", rounds}, {"values", std::move(values)}, {"count", count}};
}

Json RoundValue(const RoundInfo& round) {
  auto number = [](std::optional<int64_t> value) { return value ? Json(*value) : Json(); };
  return Json{{"number", round.number},
              {"most", round.most},
              {"wanted", number(round.wanted)},
              {"left", number(round.left)}};
}

int64_t ExpectedRounds(const RepeatRule& rule, std::optional<int64_t> total,
                       std::optional<int64_t> batch) {
  if (!total || !batch || *batch < 1) return total ? 1 : rule.most;
  return std::clamp<int64_t>((*total + *batch - 1) / *batch, 1, rule.most);
}

Json RunValue(const Config& config) { return Json{{"name", config.name}, {"range", config.range}}; }

Json FixedNames(const Config& config) {
  return Json{{"params", config.params}, {"run", RunValue(config)}};
}

Json ItemContext(const Config& config, const Json& item) {
  Json context = ObjectWithRoom(kFewNames + config.steps.size());
  context["item"] = item;
  context["params"] = config.params;
  context["run"] = RunValue(config);
  return context;
}

Json UsageValue(const ItemUsage& usage) {
  Json value = UsageNumbers(usage.usage);
  value["calls"] = usage.calls;
  value["complete"] = usage.usage_known;
  value["cost"] = usage.cost_known ? FormatMoney(usage.cost) : "unknown";
  return value;
}

void AddItemEnd(Json& context, const ItemEnd& end) {
  context["status"] = !end.error.empty() ? "error" : end.warnings.empty() ? "ok" : "warning";
  context["error"] = end.error;
  context["warnings"] = end.warnings;
  context["usage"] = UsageValue(end.usage);
  context["scores"] = end.scores;
}

void AddMissingSteps(const Config& config, Json& context) {
  for (const Step& step : config.steps) {
    if (!context.contains(step.id)) context[step.id] = nullptr;
    for (const Step& branch : step.branches) {
      if (!context.contains(branch.id)) context[branch.id] = nullptr;
    }
  }
}

}  // namespace muster
