#include "tests/fake_provider/limit_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>

#include "tests/fake_provider/http.h"

namespace fake_provider {
namespace {

struct Amount {
  std::string_view name;
  int64_t LimitRule::*member;
};

constexpr Amount kAmounts[] = {{"requests", &LimitRule::requests},
                               {"tokens", &LimitRule::tokens},
                               {"input_tokens", &LimitRule::input_tokens},
                               {"output_tokens", &LimitRule::output_tokens},
                               {"concurrency", &LimitRule::concurrency}};

struct Switch {
  std::string_view name;
  bool LimitSettings::*member;
};

constexpr Switch kSwitches[] = {{"count_max_tokens", &LimitSettings::count_max_tokens},
                                {"headers", &LimitSettings::headers},
                                {"retry_after", &LimitSettings::retry_after},
                                {"try_again", &LimitSettings::try_again}};

struct Unit {
  std::string_view name;
  double seconds;
};

constexpr Unit kUnits[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

// The entry of a table with that name, or null.
template <class Table>
auto Named(const Table& table, std::string_view name) {
  auto found = std::find_if(std::begin(table), std::end(table),
                            [name](const auto& entry) { return entry.name == name; });
  return found == std::end(table) ? nullptr : found;
}

// Begins with nothing limited.
LimitRule BlankRule(const LimitRule& defaults) {
  LimitRule rule;
  rule.kind = defaults.kind;
  rule.window = defaults.window;
  return rule;
}

// What is wrong with it; "" when all is well.
std::string SetField(LimitRule& rule, std::string_view name, std::string_view value) {
  if (name == "per") {
    auto window = ParseDuration(value);
    if (!window.ok()) return window.error();
    rule.window = window.value();
    return "";
  }
  if (name == "kind") {
    auto kind = ParseMeterKind(value);
    if (!kind.ok()) return kind.error();
    rule.kind = kind.value();
    return "";
  }
  const Amount* amount = Named(kAmounts, name);
  if (!amount) return fmt::format("limit: unknown '{}'", name);
  auto number = ParseNumber(value);
  if (!number) return fmt::format("limit: {}: not a number: '{}'", name, value);
  rule.*amount->member = static_cast<int64_t>(*number);
  return "";
}

Result<LimitRule> RuleFromJson(const Json& json, const LimitRule& defaults) {
  if (!json.is_object()) return Error{"limits: expected a list of objects"};
  LimitRule rule = BlankRule(defaults);
  for (const auto& [name, value] : json.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : ToText(value);
    if (name == "model") {
      rule.model = text;
    } else if (std::string wrong = SetField(rule, name, text); !wrong.empty()) {
      return Error{wrong};
    }
  }
  return rule;
}

Result<std::vector<LimitRule>> RulesFromJson(const Json& json, const LimitRule& defaults) {
  if (!json.is_array()) return Error{"limits: expected a list of objects"};
  std::vector<LimitRule> rules;
  for (const Json& element : json) {
    Result<LimitRule> rule = RuleFromJson(element, defaults);
    if (!rule.ok()) return Error{rule.error()};
    rules.push_back(rule.value());
  }
  return rules;
}

}  // namespace

Result<Clock::duration> ParseDuration(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name = text.substr(end - text.data());
  const Unit* unit = error == std::errc() ? Named(kUnits, name) : nullptr;
  if (!unit || !(number > 0) || number * unit->seconds > 1e9) {
    return Error{fmt::format("'{}': expected a duration such as 5s or 500ms", text)};
  }
  std::chrono::duration<double> seconds(number * unit->seconds);
  return std::chrono::round<Clock::duration>(seconds);
}

Result<MeterKind> ParseMeterKind(std::string_view text) {
  if (text == "sliding") return MeterKind::kSliding;
  if (text == "bucket") return MeterKind::kBucket;
  return Error{fmt::format("'{}': expected sliding or bucket", text)};
}

Result<LimitRule> ParseLimitRule(std::string_view text, const LimitRule& defaults) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return Error{fmt::format("limit '{}': expected MODEL:name=value,…", text)};
  }
  LimitRule rule = BlankRule(defaults);
  rule.model = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  while (!text.empty()) {
    std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return Error{fmt::format("limit: '{}': expected name=value", pair)};
    }
    std::string wrong = SetField(rule, pair.substr(0, equals), pair.substr(equals + 1));
    if (!wrong.empty()) return Error{wrong};
  }
  return rule;
}

Result<LimitSettings> ParseLimitSettings(const Json& json, const LimitSettings& current) {
  if (!json.is_object()) return Error{"limits: not a JSON object"};
  LimitSettings settings = current;
  for (const auto& [name, value] : json.items()) {
    const Switch* flag = Named(kSwitches, name);
    if (flag && value.is_boolean()) {
      settings.*flag->member = value.get<bool>();
    } else if (name == "limits") {
      Result<std::vector<LimitRule>> rules = RulesFromJson(value, current.defaults);
      if (!rules.ok()) return Error{rules.error()};
      settings.rules = std::move(rules.value());
    } else {
      return Error{fmt::format("'{}': unknown, or not of the right type", name)};
    }
  }
  return settings;
}

}  // namespace fake_provider
