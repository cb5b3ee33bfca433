#include "common/step_values.h"

#include <map>

#include "common/hash.h"
#include "common/money.h"

namespace muster {
namespace {

Json UsageNumbers(const Usage& usage) {
  return Json{{"input", usage.input},
              {"cached", usage.cached},
              {"cache_write", usage.cache_write},
              {"cache_write_1h", usage.cache_write_1h},
              {"output", usage.output},
              {"reasoning", usage.reasoning},
              {"total", usage.total()}};
}

}  // namespace

Json ChatValue(const ChatOutcome& outcome) {
  Json value{{"text", outcome.text},
             {"finish", outcome.finish},
             {"model", outcome.model},
             {"usage", outcome.usage ? UsageNumbers(*outcome.usage) : Json()}};
  if (!outcome.value.is_null()) value["value"] = outcome.value;
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

Json ItemContext(const Config& config, const Json& item) {
  return Json{{"item", item}, {"params", config.params}, {"run", Json{{"name", config.name}}}};
}

Json UsageValue(const ItemUsage& usage) {
  Json value = UsageNumbers(usage.usage);
  value["calls"] = usage.calls;
  value["complete"] = usage.usage_known;
  value["cost"] = usage.cost_known ? FormatMoney(usage.cost) : "unknown";
  return value;
}

}  // namespace muster
