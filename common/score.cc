#include "common/score.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "common/expression.h"
#include "common/parse/pattern.h"
#include "common/score_text.h"
#include "common/text.h"
#include "common/written_number.h"

namespace muster {
namespace {

constexpr std::array<std::string_view, 6> kMethods{"exact", "number", "class",
                                                   "set",   "yes-no", "regex"};

// Sums of decimal fractions are off by less than this share.
constexpr double kRounding = 1e-9;

// Elements beyond this are not compared: a set takes time with the square of its size.
constexpr size_t kMostElements = 20'000;

// How far a number may be off: an amount, or a share of the expected one.
struct Tolerance {
  double amount = 0;
  bool is_share = false;
};

// A method and what stands behind it.
struct Method {
  std::string name;
  Tolerance tolerance;
};

std::string Quoted(const Json& value) {
  return FitColumns(VisibleText(value.is_string() ? value.get<std::string>() : DumpJson(value)),
                    100);
}

// ---- methods ----

Result<Tolerance> ParseTolerance(std::string_view text) {
  Tolerance tolerance;
  std::string_view number = text;
  tolerance.is_share = text.ends_with('%');
  if (tolerance.is_share) number.remove_suffix(1);
  const char* end = number.data() + number.size();
  auto [last, error] = std::from_chars(number.data(), end, tolerance.amount);
  bool fits = error == std::errc() && last == end && std::isfinite(tolerance.amount) &&
              tolerance.amount >= 0;
  if (!fits) {
    return Fail("the tolerance \"{}\" of number; expected a share (5%) or an amount (0.5)",
                VisibleText(text));
  }
  if (tolerance.is_share) tolerance.amount /= 100;
  return tolerance;
}

std::string FirstWord(const std::string& by) {
  std::string_view text = TrimBlanks(by);
  return std::string(text.substr(0, text.find(' ')));
}

Error UnknownMethod(const std::string& name) {
  std::vector<std::string> names(kMethods.begin(), kMethods.end());
  std::string nearest = NearestName(name, names);
  return Fail("\"{}\" is no way to score; expected {}{}", VisibleText(name),
              "exact, number [TOLERANCE], class, set, yes-no or regex",
              nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

Result<Method> ParseMethod(const std::string& by) {
  if (!IsScoreMethod(by)) return UnknownMethod(FirstWord(by));
  Method method{FirstWord(by), {}};
  std::string_view rest = TrimBlanks(TrimBlanks(by).substr(method.name.size()));
  if (rest.empty()) return method;
  if (method.name != "number") {
    return Fail("\"{}\": {} takes nothing behind it", VisibleText(by), method.name);
  }
  auto tolerance = ParseTolerance(rest);
  if (!tolerance) return Error{tolerance.error()};
  method.tolerance = *tolerance;
  return method;
}

// ---- numbers ----

std::optional<WrittenNumber> NumberOf(const Json& value) {
  if (value.is_string()) return LastNumber(value.get<std::string>());
  if (!value.is_number()) return std::nullopt;
  double number = value.get<double>();
  if (!std::isfinite(number)) return std::nullopt;
  return WrittenNumber{number, false};
}

bool IsClose(double got, double expect, const Tolerance& tolerance) {
  double allowed = tolerance.is_share ? tolerance.amount * std::abs(expect) : tolerance.amount;
  double rounding = kRounding * std::max(std::abs(expect), allowed);
  return std::abs(got - expect) <= allowed + rounding;
}

// 12% is close to 12 and to 0.12, as people write either.
bool IsClose(const WrittenNumber& got, const WrittenNumber& expect, const Tolerance& tolerance) {
  if (IsClose(got.value, expect.value, tolerance)) return true;
  if (got.percent == expect.percent) return false;
  double share = got.percent ? got.value / 100 : got.value;
  double wanted = expect.percent ? expect.value / 100 : expect.value;
  return IsClose(share, wanted, tolerance);
}

Result<double> ScoreNumber(const Json& got, const Json& expect, const Tolerance& tolerance) {
  auto wanted = NumberOf(expect);
  if (!wanted) return Fail("the expected \"{}\" holds no number", Quoted(expect));
  auto number = NumberOf(got);
  return number && IsClose(*number, *wanted, tolerance) ? 1.0 : 0.0;
}

// ---- texts ----

// Nullopt: it is a list or a map, which no text equals.
std::optional<std::string> TextOf(const Json& value) {
  if (value.is_structured()) return std::nullopt;
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

Result<double> ScoreExact(const Json& got, const Json& expect) {
  auto text = TextOf(got), wanted = TextOf(expect);
  if (text && wanted) return TrimBlanks(*text) == TrimBlanks(*wanted) ? 1.0 : 0.0;
  return CanonicalJson(got) == CanonicalJson(expect) ? 1.0 : 0.0;
}

Result<double> ScoreClass(const Json& got, const Json& expect) {
  auto wanted = TextOf(expect);
  if (!wanted) return Fail("the expected {} is no class; a text is wanted", Quoted(expect));
  auto text = TextOf(got);
  return text && PlainWords(*text) == PlainWords(*wanted) ? 1.0 : 0.0;
}

Result<double> ScoreYesNo(const Json& got, const Json& expect) {
  auto wanted = TextOf(expect);
  auto meant = wanted ? YesOrNo(*wanted) : std::nullopt;
  if (!meant) return Fail("the expected \"{}\" means neither yes nor no", Quoted(expect));
  auto text = TextOf(got);
  return text && YesOrNo(*text) == meant ? 1.0 : 0.0;
}

Result<double> ScoreRegex(const Json& got, const Json& expect) {
  if (!expect.is_string()) return Fail("the expected {} is no regular expression", Quoted(expect));
  auto bare = Pattern::Compile(expect.get<std::string>());  // before anything is put around it
  if (!bare) return Fail("the expected regular expression: {}", bare.error());
  auto pattern = Pattern::Compile("\\A(?:" + expect.get<std::string>() + ")\\z");
  if (!pattern) return Fail("the expected regular expression: {}", pattern.error());
  auto text = TextOf(got);
  return text && pattern->Matches(TrimBlanks(*text)) ? 1.0 : 0.0;
}

// ---- sets ----

// 3, 3.0 and "3" are one element.
std::string ElementOf(std::string_view text) {
  if (auto number = WholeNumber(PlainWords(text))) return fmt::format("{:.15g}", *number);
  return PlainWords(text);
}

// Sorted, each once; nullopt: it is no set.
std::optional<std::vector<std::string>> SetOf(const Json& value) {
  std::vector<std::string> elements;
  if (value.is_object()) return std::nullopt;
  if (value.is_array()) {
    for (const Json& each : value) {
      elements.push_back(each.is_structured() ? CanonicalJson(each) : ElementOf(*TextOf(each)));
    }
  } else {
    for (const std::string& each : ListedElements(*TextOf(value))) {
      elements.push_back(ElementOf(each));
    }
  }
  if (elements.size() > kMostElements) return std::nullopt;
  std::erase(elements, "");
  std::sort(elements.begin(), elements.end());
  elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  return elements;
}

Result<double> ScoreSet(const Json& got, const Json& expect) {
  auto wanted = SetOf(expect);
  if (!wanted) return Fail("the expected {} is no list", Quoted(expect));
  auto found = SetOf(got);
  if (!found) return 0.0;
  if (found->empty() && wanted->empty()) return 1.0;
  std::vector<std::string> both;
  std::set_intersection(found->begin(), found->end(), wanted->begin(), wanted->end(),
                        std::back_inserter(both));
  return 2.0 * static_cast<double>(both.size()) /
         static_cast<double>(found->size() + wanted->size());
}

Result<double> ScoreBy(const Method& method, const Json& got, const Json& expect) {
  if (method.name == "number") return ScoreNumber(got, expect, method.tolerance);
  if (method.name == "class") return ScoreClass(got, expect);
  if (method.name == "set") return ScoreSet(got, expect);
  if (method.name == "yes-no") return ScoreYesNo(got, expect);
  if (method.name == "regex") return ScoreRegex(got, expect);
  return ScoreExact(got, expect);
}

// ---- an item ----

// The method a rule means: named by itself, or by a field of the item.
Result<std::string> MethodOf(const ScoreRule& rule, const Json& context) {
  if (IsScoreMethod(rule.by)) return rule.by;
  auto value = Evaluate({rule.by, rule.got.origin}, context);
  if (!value) return Error{value.error()};
  if (!value->is_string()) {
    return Fail("{} is {}; expected the name of a way to score", rule.by, Quoted(*value));
  }
  return value->get<std::string>();
}

// 0 and 1 as tables should show them, without decimals.
Json Shown(double score) {
  if (score == 0 || score == 1) return Json(static_cast<int>(score));
  return Json(score);
}

Result<Json> ScoreOne(const ScoreRule& rule, const Json& context) {
  auto got = Evaluate(rule.got, context);
  if (!got) return Error{got.error()};
  auto expect = Evaluate(rule.expect, context);
  if (!expect) return Error{expect.error()};
  auto by = MethodOf(rule, context);
  if (!by) return Error{by.error()};
  auto score = ScoreOf(*got, *expect, *by);
  if (!score) return Error{score.error()};
  return Json{{"value", *score ? Shown(**score) : Json()},
              {"got", *std::move(got)},
              {"expect", *std::move(expect)},
              {"by", *by}};
}

}  // namespace

bool IsScoreMethod(const std::string& by) {
  return std::find(kMethods.begin(), kMethods.end(), FirstWord(by)) != kMethods.end();
}

Result<void> CheckScoreMethod(const std::string& by) {
  auto method = ParseMethod(by);
  if (!method) return Error{method.error()};
  return {};
}

Result<std::optional<double>> ScoreOf(const Json& got, const Json& expect, const std::string& by) {
  auto method = ParseMethod(by);
  if (!method) return Error{method.error()};
  if (got.is_null()) return std::optional<double>();
  if (expect.is_null()) return Fail("nothing is expected: it is null");
  auto score = ScoreBy(*method, got, expect);
  if (!score) return Error{score.error()};
  return std::optional(*score);
}

Result<Json> ScoreItem(const Config& config, const Json& context) {
  Json scores = Json::object();
  for (const auto& [name, rule] : config.score) {
    auto score = ScoreOne(rule, context);
    if (!score) return Fail("score {}: {}", name, score.error());
    scores[name] = *std::move(score);
  }
  return scores;
}

}  // namespace muster
