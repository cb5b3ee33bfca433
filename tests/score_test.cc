#include "common/score.h"

#include <doctest/doctest.h>

#include "common/item_result.h"
#include "common/score_text.h"
#include "common/written_number.h"

namespace muster {
namespace {

double NumberIn(const std::string& text) {
  auto number = LastNumber(text);
  REQUIRE_MESSAGE(number, text);
  return number->value;
}

double Score(const Json& got, const Json& expect, const std::string& by) {
  auto score = ScoreOf(got, expect, by);
  REQUIRE_MESSAGE(score, score.error());
  REQUIRE(*score);
  return **score;
}

bool Right(const Json& got, const Json& expect, const std::string& by) {
  double score = Score(got, expect, by);
  CHECK((score == 0.0 || score == 1.0));
  return score == 1.0;
}

std::string WhyNot(const Json& got, const Json& expect, const std::string& by) {
  auto score = ScoreOf(got, expect, by);
  return score ? "" : score.error();
}

ScoreRule Rule(const std::string& got, const std::string& expect, const std::string& by) {
  return {{got, "c.yaml:1:1"}, {expect, "c.yaml:2:2"}, by};
}

// A config with the branches baseline and treatment, and the step solution.
Config TwoConditions() {
  Config config;
  Step parallel, baseline, treatment, solution;
  parallel.id = "conditions";
  baseline.id = "baseline";
  treatment.id = "treatment";
  solution.id = "solution";
  parallel.branches = {baseline, treatment};
  config.steps = {parallel, solution};
  return config;
}

TEST_CASE("the last number of a text counts, as people write it") {
  CHECK(NumberIn("42") == 42);
  CHECK(NumberIn("Of 12 apples 3 are left.") == 3);
  CHECK(NumberIn("about 1,234.5 kg") == 1234.5);
  CHECK(NumberIn("1,234,567") == 1234567);
  CHECK(NumberIn("12\u202F345") == 12345);
  CHECK(NumberIn("1\u00A0234.25") == 1234.25);
  CHECK(NumberIn("indices 3, 17, 29") == 29);
  CHECK(NumberIn("1,2,3") == 3);
  CHECK(NumberIn("0.5.") == 0.5);
  CHECK(NumberIn(".75") == 0.75);
  CHECK(NumberIn("$1,299.99!") == 1299.99);
  CHECK(NumberIn("**Answer: 7**") == 7);
  CHECK(NumberIn("\\boxed{12}") == 12);
}

TEST_CASE("signs, powers and fractions of numbers are read") {
  CHECK(NumberIn("-3.5") == -3.5);
  CHECK(NumberIn("\u22123.5") == -3.5);
  CHECK(NumberIn("x = -4") == -4);
  CHECK(NumberIn("-$5") == -5);
  CHECK(NumberIn("3-5") == 5);
  CHECK(NumberIn("gpt-5") == 5);
  CHECK(NumberIn("2.5e-3") == 0.0025);
  CHECK(NumberIn("1E+6") == 1e6);
  CHECK(NumberIn("3 × 10^8 m") == 3e8);
  CHECK(NumberIn("6.02x10^{-2}") == doctest::Approx(0.0602));
  CHECK(NumberIn("1.5 * 10^\u22122") == doctest::Approx(0.015));
  CHECK(NumberIn("3/4") == 0.75);
  CHECK(NumberIn("-1/2") == -0.5);
  CHECK(NumberIn("5/0") == 0);
  CHECK(NumberIn("on 5/6/2024") == 2024);
}

TEST_CASE("digits behind a letter count only where there are no others") {
  CHECK(NumberIn("45 m2") == 45);
  CHECK(NumberIn("USD45") == 45);
  CHECK(LastNumber("12 %")->percent);
  CHECK(LastNumber("12\\%")->percent);
  CHECK_FALSE(LastNumber("12 of 100")->percent);
  CHECK_FALSE(LastNumber("1.2.3"));
  CHECK_FALSE(LastNumber("none"));
  CHECK_FALSE(LastNumber(""));
  CHECK_FALSE(LastNumber("1e999"));
}

TEST_CASE("exact compares texts without blanks around them, numbers by their text") {
  CHECK(Right(" B\n", "B", "exact"));
  CHECK(Right(42, "42", "exact"));
  CHECK(Right("42", 42, "exact"));
  CHECK(Right(true, "true", "exact"));
  CHECK_FALSE(Right("b", "B", "exact"));
  CHECK_FALSE(Right("42.0", "42", "exact"));
  CHECK(Right(Json{{"a", 1}, {"b", 2}}, Json{{"b", 2}, {"a", 1}}, "exact"));
  CHECK_FALSE(Right(Json::array({1, 2}), Json::array({2, 1}), "exact"));
}

TEST_CASE("numbers may be off by their tolerance, a share or an amount, and no more") {
  CHECK(Right("The answer is 1,234.50.", 1234.5, "number"));
  CHECK(Right(0.1 + 0.2, 0.3, "number"));
  CHECK_FALSE(Right("1234.6", 1234.5, "number"));
  CHECK(Right("105", 100, "number 5%"));
  CHECK(Right("95", "100", "number 5%"));
  CHECK_FALSE(Right("105.1", 100, "number 5%"));
  CHECK(Right("-95", -100, "number 5%"));
  CHECK_FALSE(Right("95", -100, "number 5%"));
  CHECK(Right("3.5", 3, "number 0.5"));
  CHECK_FALSE(Right("3.51", 3, "number 0.5"));
  CHECK(Right("0", 0, "number 5%"));
  CHECK_FALSE(Right("0.001", 0, "number 5%"));
  CHECK_FALSE(Right("no idea", 3, "number"));
  CHECK_FALSE(Right(true, 1, "number"));
  CHECK_FALSE(Right(Json::array({3}), 3, "number"));
}

TEST_CASE("a percentage equals its number and its share") {
  CHECK(Right("12%", 12, "number"));
  CHECK(Right("12%", 0.12, "number"));
  CHECK(Right("0.12", "12 %", "number"));
  CHECK_FALSE(Right("12%", "0.12%", "number"));
  CHECK_FALSE(Right("12", 0.12, "number"));
}

TEST_CASE("classes are equal without case, marks, quotes and blanks around them") {
  CHECK(Right("**Upward.**", "upward", "class"));
  CHECK(Right(" “Steigend” ", "steigend", "class"));
  CHECK(Right("ÜBER Ärzte", "über ärzte", "class"));
  CHECK(Right("РОСТ", "рост", "class"));
  CHECK(Right("(b)", "B", "class"));
  CHECK_FALSE(Right("C++", "C", "class"));
  CHECK_FALSE(Right("upwards", "upward", "class"));
  CHECK_FALSE(Right(Json::array({"up"}), "up", "class"));
  CHECK(Right("!", "!", "class"));
}

TEST_CASE("sets score their F1, whatever way they are written") {
  CHECK(Score(Json::array({1, 2, 3}), Json::array({3, 2, 1}), "set") == 1.0);
  CHECK(Score("12, 45; 78", Json::array({12, 45, 78}), "set") == 1.0);
  CHECK(Score("[12, 45]", "12\n45", "set") == 1.0);
  CHECK(Score("- Apple\n- pear.\n2. Fig", "apple, pear, fig", "set") == 1.0);
  CHECK(Score("a, b", "b, c", "set") == doctest::Approx(0.5));
  CHECK(Score("a, b, c, d", "a", "set") == doctest::Approx(0.4));  // 2 · 1 / (4 + 1)
  CHECK(Score("a, a, a", "a", "set") == 1.0);
  CHECK(Score("3.0", Json::array({3}), "set") == 1.0);
  CHECK(Score("x", "a", "set") == 0.0);
  CHECK(Score("none", Json::array(), "set") == 1.0);
  CHECK(Score("", Json::array(), "set") == 1.0);
  CHECK(Score("a", Json::array(), "set") == 0.0);
  CHECK(Score(Json{{"a", 1}}, "a", "set") == 0.0);
}

TEST_CASE("yes and no are understood in plain words, and only where they are plain") {
  for (const char* yes : {"yes", "Yes.", "TRUE", "y", "1", "Yes, it rises.", "The answer is yes"}) {
    CHECK_MESSAGE(Right(yes, "yes", "yes-no"), yes);
    CHECK_MESSAGE(!Right(yes, "no", "yes-no"), yes);
  }
  CHECK(Right(true, "yes", "yes-no"));
  CHECK(Right("No - it falls", false, "yes-no"));
  CHECK_FALSE(Right("This is not true", "yes", "yes-no"));
  CHECK_FALSE(Right("No doubt: yes", "yes", "yes-no"));
  CHECK_FALSE(Right("maybe", "yes", "yes-no"));
  CHECK_FALSE(Right("maybe", "no", "yes-no"));
}

TEST_CASE("a regular expression must match all of the text") {
  CHECK(Right(" abc\n", "a.c", "regex"));
  CHECK_FALSE(Right("xabc", "a.c", "regex"));
  CHECK(Right("b", "a|b", "regex"));
  CHECK_FALSE(Right("ax", "a|b", "regex"));
  CHECK(Right("Blue", "(?i)blue|azure", "regex"));
  CHECK(Right(42, "\\d+", "regex"));
  CHECK(WhyNot("a", "a)(b", "regex").find("regular expression") != std::string::npos);
  CHECK(WhyNot("a", 3, "regex").find("no regular expression") != std::string::npos);
}

TEST_CASE("a skipped step has no score; a senseless expectation is an error") {
  auto skipped = ScoreOf(nullptr, "x", "exact");
  REQUIRE(skipped);
  CHECK_FALSE(*skipped);
  CHECK(WhyNot("3", "many", "number") == "the expected \"many\" holds no number");
  CHECK(WhyNot("3", nullptr, "exact") == "nothing is expected: it is null");
  CHECK(WhyNot("3", "perhaps", "yes-no") == "the expected \"perhaps\" means neither yes nor no");
  CHECK(WhyNot("3", Json::array(), "class").find("is no class") != std::string::npos);
}

TEST_CASE("methods are checked with the nearest name") {
  for (const char* by : {"exact", "number", "number 5%", "number 0.5", "class", "set", "yes-no"}) {
    CHECK_MESSAGE(CheckScoreMethod(by), by);
    CHECK(IsScoreMethod(by));
  }
  CHECK_FALSE(IsScoreMethod("item.by"));
  auto near = CheckScoreMethod("exat");
  REQUIRE_FALSE(near);
  CHECK(near.error().find("did you mean \"exact\"?") != std::string::npos);
  for (const char* by : {"number five", "number -1", "number 5%%", "number 1 2", "exact 5", ""}) {
    CHECK_MESSAGE(!CheckScoreMethod(by), by);
  }
}

TEST_CASE("an item's scores hold what was judged, and the way a field names") {
  Config config;
  config.score["answer"] = Rule("solution.value", "item.answer", "item.by");
  config.score["other"] = Rule("skipped.value", "item.answer", "exact");
  Json context{{"item", {{"answer", "12"}, {"by", "number 10%"}}},
               {"solution", {{"value", "about 13"}}},
               {"skipped", nullptr}};
  auto scores = ScoreItem(config, context);
  REQUIRE_MESSAGE(scores, scores.error());
  CHECK((*scores)["answer"] ==
        Json{{"value", 1.0}, {"got", "about 13"}, {"expect", "12"}, {"by", "number 10%"}});
  CHECK((*scores)["other"]["value"].is_null());
  CHECK((*scores)["other"]["got"].is_null());

  context["item"]["by"] = 7;
  auto bad = ScoreItem(config, context);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().find("score answer: item.by is 7") == 0);
  context["item"]["by"] = "nearly";
  CHECK(ScoreItem(config, context).error().find("is no way to score") != std::string::npos);
}

TEST_CASE("an item's result names the steps of each score, its group and its place") {
  Config config = TwoConditions();
  config.score["a"] = Rule("baseline.value", "item.answer", "exact");
  config.score["b"] = Rule("conditions.treatment.value", "item.answer", "exact");
  config.score["c"] = Rule("solution.text", "item.answer", "exact");
  config.score["d"] = Rule("item.guess", "item.answer", "exact");
  config.report.group_by.text = "item.task";
  config.report.against.text = "item.points";
  config.report.against_when.text = "item.task == \"scaling\"";
  Json branch{{"value", "x"}, {"text", "x"}};
  Json context{{"item", {{"answer", "x"}, {"guess", "y"}, {"task", "scaling"}, {"points", "50"}}},
               {"baseline", branch},
               {"conditions", {{"baseline", branch}, {"treatment", branch}}},
               {"treatment", branch},
               {"solution", branch},
               {"warnings", {"cut"}}};
  auto result = MakeItemResult(config, context);
  REQUIRE_MESSAGE(result, result.error());
  CHECK((*result)["steps"] ==
        Json{{"a", {"baseline"}}, {"b", {"treatment"}}, {"c", {"solution"}}, {"d", Json::array()}});
  CHECK((*result)["scores"]["a"]["value"] == 1.0);
  CHECK((*result)["scores"]["d"]["value"] == 0.0);
  CHECK((*result)["group"] == "scaling");
  CHECK((*result)["against"] == 50.0);
  CHECK((*result)["warnings"] == Json::array({"cut"}));

  context["item"]["task"] = "trend";
  CHECK_FALSE(MakeItemResult(config, context)->contains("against"));
  context["item"]["task"] = nullptr;
  CHECK_FALSE(MakeItemResult(config, context)->contains("group"));
  context["item"]["task"] = "scaling";
  context["item"]["points"] = "many";
  CHECK(MakeItemResult(config, context).error().find("expected a number") != std::string::npos);
}

}  // namespace
}  // namespace muster
