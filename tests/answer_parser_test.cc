#include "common/parse/answer_parser.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

ParseRule JsonRule(const char* schema) {
  ParseRule rule;
  rule.json = *ParseJson(schema);
  return rule;
}

ParseRule RegexRule(const char* regex) {
  ParseRule rule;
  rule.regex = regex;
  return rule;
}

ParseRule LineRule(const char* line) {
  ParseRule rule;
  rule.line = line;
  return rule;
}

// The value dumped, or the error.
std::string Parsed(const ParseRule& rule, std::string_view text) {
  Result<Json> value = ParseAnswer(rule, text);
  return value ? DumpJson(*value) : value.error();
}

TEST_CASE("a rule has exactly one of json, regex and line") {
  CHECK(CheckParseRule(ParseRule()).error() ==
        "none of json, regex and line is given; exactly one must be");
  ParseRule two = RegexRule("x");
  two.line = "Answer";
  CHECK(CheckParseRule(two).error() ==
        "more than one of json, regex and line are given; exactly one must be");
  CHECK(CheckParseRule(JsonRule("{}")));
  CHECK(CheckParseRule(LineRule("Answer")));
  CHECK_FALSE(CheckParseRule(LineRule(":")));
}

TEST_CASE("a rule that could not be kept to is refused by name and place") {
  CHECK(CheckParseRule(RegexRule("a(b")).error() == "regex `a(b`: missing ): a(b");
  CHECK_FALSE(CheckParseRule(RegexRule("(a)\\1")));
  CHECK_FALSE(CheckParseRule(RegexRule("(?=a)")));
  std::string why =
      CheckParseRule(JsonRule(R"({"properties":{"a":{"if":{"type":"string"}}}})")).error();
  CHECK(why.find("\"if\"") != std::string::npos);
  CHECK(why.find("/properties/a") != std::string::npos);
}

TEST_CASE("a regex's value is the last match's first group, or all of it") {
  CHECK(Parsed(RegexRule("Final answer:\\s*(\\d+)"), "Final answer: 3\nno: Final answer:\n 12.") ==
        "\"12\"");
  CHECK(Parsed(RegexRule("[0-9]+"), "1 then 22 then 345") == "\"345\"");
  CHECK(Parsed(RegexRule("(a)|(b)"), "a b") == "\"\"");
  CHECK(Parsed(RegexRule("x*"), "xxa") == "\"\"");
  CHECK(Parsed(RegexRule("é"), "aéé") == "\"é\"");
  CHECK(Parsed(RegexRule("(?m)^(.*)$"), "one\ntwo") == "\"two\"");
  CHECK(Parsed(RegexRule("\\d+"), "none") == "nothing in the answer matches `\\d+`");
  CHECK_FALSE(ParseAnswer(RegexRule("."), "\xff"));
}

TEST_CASE("a line's value is what follows its word on the last line that begins so") {
  for (const char* text :
       {"Answer: 5", "answer: 5", "**Answer:** 5", "**Answer**: 5", "**Answer: 5**",
        "__Answer:__ 5", "*Answer:* **5**", "## Answer: 5", "- Answer: 5", "> Answer: `5`",
        "  Answer :  5  ", "Answer: 4\nAnswer: 5\r\nDone.", "`Answer: 5`", "Answer: **5**\n",
        "Well.\n\nANSWER: 5"}) {
    CAPTURE(text);
    CHECK(Parsed(LineRule("Answer"), text) == "\"5\"");
  }
  CHECK(Parsed(LineRule("Answer:"), "Answer: 5") == "\"5\"");
  CHECK(Parsed(LineRule("Final answer"), "Final answer: a: b*") == "\"a: b*\"");
  CHECK(Parsed(LineRule("Answer"), "Answer: x * y") == "\"x * y\"");
  CHECK(Parsed(LineRule("Answer"), "Answer: -5") == "\"-5\"");
}

TEST_CASE("without such a line, or with nothing on it, the answer does not fit") {
  CHECK(Parsed(LineRule("Answer"), "The Answer: 5") ==
        "no line of the answer begins with \"Answer:\"");
  CHECK(Parsed(LineRule("Answer"), "") == "no line of the answer begins with \"Answer:\"");
  CHECK(Parsed(LineRule("Answer"), "Answers: 5") ==
        "no line of the answer begins with \"Answer:\"");
  CHECK(Parsed(LineRule("Answer"), "Answer: 5\n**Answer:**\n") ==
        "nothing follows \"Answer:\" on its last line in the answer");
}

TEST_CASE("JSON is mended as allowed and held to its schema") {
  ParseRule rule = JsonRule(R"({"type":"object","required":["answer"],
      "properties":{"answer":{"enum":["A","B"]}},"additionalProperties":false})");
  CHECK(Parsed(rule, "Here is the JSON:\n```json\n{\"answer\": \"A\",}\n```") ==
        R"({"answer":"A"})");
  CHECK(Parsed(rule, "{\"answer\": \"C\"}") ==
        "the answer does not fit its JSON schema at /answer: expected one of \"A\", \"B\", found "
        "\"C\"");
  CHECK(Parsed(rule, "{\"answer\": \"A\"") ==
        "the answer is not JSON: line 1, column 15: expected a comma or }, found the end of the "
        "text");
  rule.repair = {};
  CHECK_FALSE(ParseAnswer(rule, "{\"answer\": \"A\",}"));
  CHECK_FALSE(ParseAnswer(rule, "```json\n{\"answer\": \"A\"}\n```"));
  CHECK(ParseAnswer(rule, "{\"answer\": \"A\"}"));
}

TEST_CASE("of several values the one that fits is taken; different ones that fit are an error") {
  ParseRule rule = JsonRule(R"({"type":"object","required":["a"]})");
  CHECK(Parsed(rule, "not {\"b\": 1} but {\"a\": 1}") == R"({"a":1})");
  CHECK(Parsed(rule, "{\"a\": 1} … so again: {\"a\": 1.0}") == R"({"a":1.0})");
  CHECK(Parsed(rule, "{\"a\": 1} or {\"a\": 2}") ==
        "the answer holds 2 different JSON values; it must hold one");
  CHECK(Parsed(rule, "{\"b\": 1} or {\"c\": 2}") ==
        "the answer holds 2 JSON values and none fits its schema; the last does not at the top: "
        "expected a member \"a\", found an object without it");
}

TEST_CASE("latex is mended only where the rule says so") {
  ParseRule rule = JsonRule("{}");
  CHECK(Parsed(rule, R"({"q": "\frac"})") == R"({"q":"\frac"})");
  rule.repair = {"fences", "latex"};
  CHECK(Parsed(rule, R"({"q": "\frac"})") == R"({"q":"\\frac"})");
}

TEST_CASE("hostile answers end in an error") {
  AnswerParser regex = *AnswerParser::Make(RegexRule("(a*)*b"));
  CHECK_FALSE(regex.Parse(std::string(1'000'000, 'a')));
  AnswerParser slow = *AnswerParser::Make(RegexRule("(?s)x.*y|x"));
  CHECK_FALSE(slow.Parse(std::string(100'000, 'x')));
  AnswerParser line = *AnswerParser::Make(LineRule("Answer"));
  CHECK_FALSE(line.Parse(std::string(2'000'000, '\n')));
  CHECK_FALSE(line.Parse(std::string(2'000'000, '*')));
  CHECK_FALSE(line.Parse("Answer:" + std::string(1'000'000, '*')));
  AnswerParser json = *AnswerParser::Make(JsonRule(R"({"type":"array","items":{"$ref":"#"}})"));
  CHECK_FALSE(json.Parse(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace muster
