#include "tests/fake_provider/script.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <utility>

#include "tests/fake_provider/digest.h"

namespace fake_provider {
namespace {

int64_t Positive(const Json& value) {
  if (!value.is_number_unsigned() || value == 0) {
    throw std::runtime_error("expected a whole number, 1 or more");
  }
  return value.get<int64_t>();
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

// Throws for what it cannot take; ParseRule() catches.
void Script::SetCondition(Rule& rule, const std::string& name, const Json& value) {
  using Setter = void (*)(Rule&, const Json&);
  static const std::map<std::string, Setter> kSetters = {
      {"path", [](Rule& r, const Json& v) { r.path = v.get<std::string>(); }},
      {"body", [](Rule& r, const Json& v) { r.body = v.get<std::string>(); }},
      {"model", [](Rule& r, const Json& v) { r.model = v.get<std::string>(); }},
      {"repeat",
       [](Rule& r, const Json& v) {
         r.first_repeat = Positive(v.is_array() ? v.at(0) : v);
         r.last_repeat = Positive(v.is_array() ? v.at(1) : v);
       }},
      {"probability", [](Rule& r, const Json& v) { r.probability = v.get<double>(); }},
      {"nth", [](Rule& r, const Json& v) { r.from = r.to = Positive(v); }},
      {"from", [](Rule& r, const Json& v) { r.from = Positive(v); }},
      {"to", [](Rule& r, const Json& v) { r.to = Positive(v); }},
      {"every", [](Rule& r, const Json& v) { r.every = Positive(v); }},
  };
  auto setter = kSetters.find(name);
  if (setter == kSetters.end()) throw std::runtime_error("unknown condition");
  setter->second(rule, value);
}

Result<Script::Rule> Script::ParseRule(const Json& json) {
  Rule rule;
  if (!json.is_object()) return Error{"expected an object"};
  for (const auto& [name, value] : json.items()) {
    if (name != "match" && name != "times" && name != "action") {
      return Error{fmt::format("unknown '{}'", name)};
    }
  }
  std::string at = "match";
  const Json& match = MemberOf(json, "match");
  if (!match.is_null() && !match.is_object()) return Error{"match: expected an object"};
  try {
    for (const auto& [name, value] : match.items()) {
      at = "match: " + name;
      SetCondition(rule, name, value);
    }
    at = "times";
    if (json.contains("times")) rule.times = Positive(json.at("times"));
  } catch (const std::exception& problem) {
    return Error{fmt::format("{}: {}", at, problem.what())};
  }
  Result<Action> action = ParseAction(MemberOf(json, "action"));
  if (!action.ok()) return Error{action.error()};
  rule.action = std::move(action.value());
  return rule;
}

Result<Script> Script::Parse(std::string_view text) {
  std::optional<Json> json = ParseJson(text);
  if (!json || !json->is_object()) return Error{"script: not a JSON object"};
  Script script;
  for (const auto& [name, value] : json->items()) {
    if (name == "seed" && value.is_number_integer()) {
      script.seed_ = value.get<int64_t>();
    } else if (name != "rules" || !value.is_array()) {
      return Error{fmt::format("script: '{}': unknown, or not of the right type", name)};
    }
  }
  for (const Json& rule_json : MemberOf(*json, "rules")) {
    Result<Rule> rule = ParseRule(rule_json);
    if (!rule.ok()) {
      return Error{fmt::format("script: rule {}: {}", script.rules_.size() + 1, rule.error())};
    }
    script.rules_.push_back(std::move(rule.value()));
  }
  return script;
}

bool Script::Happens(size_t index, double probability, const Circumstances& request) const {
  uint64_t hash =
      Hash64(fmt::format("{} {} {} {}", seed_, index, request.body_sha256, request.repeat));
  return static_cast<double>(hash >> 11) * 0x1p-53 < probability;
}

bool Script::Holds(size_t index, const Circumstances& request) const {
  const Rule& rule = rules_[index];
  return (!rule.action.close_on_reuse || request.nth_on_connection > 1) &&
         (rule.model.empty() || rule.model == request.model) &&
         rule.first_repeat <= request.repeat && request.repeat <= rule.last_repeat &&
         Contains(request.path, rule.path) && Contains(request.body, rule.body) &&
         (!rule.probability || Happens(index, *rule.probability, request));
}

const Action* Script::Choose(const Circumstances& request) {
  const Action* chosen = nullptr;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (!Holds(i, request)) continue;
    Rule& rule = rules_[i];
    int64_t nth = ++rule.matched;
    bool its_turn = rule.from <= nth && nth <= rule.to && nth % rule.every == 0;
    if (chosen || !its_turn || rule.acted >= rule.times) continue;
    ++rule.acted;
    chosen = &rule.action;
  }
  return chosen;
}

}  // namespace fake_provider
