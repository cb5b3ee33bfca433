#include "common/parse/json_repair.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

constexpr JsonMending kNone{};
constexpr JsonMending kFences{.fences = true};
constexpr JsonMending kCommas{.commas = true};
constexpr JsonMending kLatex{.latex = true};
constexpr JsonMending kAll{.commas = true, .latex = true, .fences = true};

// The one value in a text, dumped, or the error.
std::string Read(std::string_view text, const JsonMending& mending) {
  Result<std::vector<Json>> values = FindJson(text, mending);
  if (!values) return values.error();
  return values->size() == 1 ? DumpJson((*values)[0]) : std::to_string(values->size()) + " values";
}

// What the string "…" says, where `inside` stands between the quotes.
std::string Said(const std::string& inside, const JsonMending& mending = kLatex) {
  Result<std::vector<Json>> values = FindJson("{\"q\": \"" + inside + "\"}", mending);
  if (!values) return values.error();
  return (*values)[0]["q"].get<std::string>();
}

bool Fails(std::string_view text, const JsonMending& mending) {
  return !FindJson(text, mending).ok();
}

std::string Times(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST_CASE("JSON is read as it is, whatever may be mended") {
  for (const char* text : {"{\"a\":1}", " [1,2.5,-3e2]\n", "\"x\"", "42", "null", "true", "{}",
                           "[]", "[[],{}]", "\"\\u00e9\\ud83d\\ude00\\/\\\"\\\\\""}) {
    for (const JsonMending& mending : {kNone, kFences, kCommas, kLatex, kAll}) {
      Result<Json> strict = ParseJson(text);
      REQUIRE(strict);
      CHECK(Read(text, mending) == DumpJson(*strict));
    }
  }
}

TEST_CASE("what is not JSON is an error where nothing may be mended") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{a:1}",
                           "{'a':1}",
                           "[1,]",
                           "{\"a\":1,}",
                           "[,1]",
                           "[1,,2]",
                           "01",
                           "1.",
                           "-",
                           "1e",
                           "tru",
                           "truex",
                           "NaN",
                           "1x",
                           "\"x",
                           "\"\n\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "1 2",
                           "{\"a\":1} x",
                           "[1 2]",
                           "]",
                           "\"\x01\"",
                           "[1]\n]",
                           "{\"a\":1,\"a\":2}",
                           "1e999",
                           "\xff",
                           "\"\xed\xa0\x80\"",
                           "// c\n1",
                           "True"}) {
    CAPTURE(text);
    CHECK(Fails(text, kNone));
  }
  CHECK(Fails(std::string_view("[1\0]", 4), kNone));
  CHECK(Fails(std::string_view("\"\0\"", 3), kAll));
}

TEST_CASE("errors name line, column, what was expected and what is there") {
  CHECK(Read("{\n  \"é\": [1 2]}", kNone) ==
        "not JSON: line 2, column 11: expected a comma or ], found \"2]}\"");
  CHECK(Read("{\"a\": 1", kNone) ==
        "not JSON: line 1, column 8: expected a comma or }, found the end of the text");
  CHECK(Read("[1,]", kNone) == "not JSON: line 1, column 4: expected a value, found \"]\"");
  CHECK(Read("{\"a\":1} and more words than fit", kNone) ==
        "not JSON: line 1, column 9: expected nothing after the value, found \"and more words than "
        "…\"");
  CHECK(Read("no braces", kFences) == "not JSON: there is no { or [ in it");
  CHECK(Read("{\"a\":1,\"a\":2}", kAll).find("duplicate key \"a\"") != std::string::npos);
}

TEST_CASE("fences and prose around one value") {
  struct Row {
    const char* text;
    const char* value;
  };
  for (const Row& row : std::vector<Row>{
           {"```json\n{\"a\": 1}\n```", "{\"a\":1}"},
           {"```JSON\n[1, 2]\n```\n", "[1,2]"},
           {"```\n{\"a\": 1}\n```", "{\"a\":1}"},
           {"```json {\"a\": 1} ```", "{\"a\":1}"},
           {"```json\n{\"a\": 1}", "{\"a\":1}"},
           {"````json\n{\"a\": 1}\n````", "{\"a\":1}"},
           {"```json\n42\n```", "42"},
           {"Here is the JSON:\n\n```json\n{\"a\": \"x\"}\n```\n\nLet me know if it helps!",
            "{\"a\":\"x\"}"},
           {"Here is the JSON:\n{\"a\": {\"b\": []}}", "{\"a\":{\"b\":[]}}"},
           {"Sure! {\"a\": 1}. Hope this helps {smile}.", "{\"a\":1}"},
           {"`{\"a\": 1}`", "{\"a\":1}"},
           {"\xef\xbb\xbf{\"a\": 1}", "{\"a\":1}"},
           {"<think>maybe {\"a\": 2}?</think>\n{\"a\": 1}", "{\"a\":1}"},
           {"For x in [0, 1]: [{\"a\": 1}]", "[{\"a\":1}]"},
           {"It is [1, 2, 3] then", "[1,2,3]"},
           {"Like {\"a\": 7}:\n```json\n{\"a\": 1}\n```", "{\"a\":1}"},
           {"Like {\"a\": …}:\n```json\n{\"a\": 1}\n```", "{\"a\":1}"},
           {"```python\nx = {\"a\": 2}\n```\n{\"a\": 1} is it", "{\"a\":1}"},
           {"```json\n{\"a\": \"```\\nx\\n```\"}\n```", "{\"a\":\"```\\nx\\n```\"}"},
           {"```json\n{\"a\": \"one\ntwo\tthree\"}\n```", "{\"a\":\"one\\ntwo\\tthree\"}"}}) {
    CAPTURE(row.text);
    CHECK(Read(row.text, kFences) == row.value);
    CHECK(Fails(row.text, kNone) == (std::string_view(row.text)[0] != '\xef'));
  }
}

TEST_CASE("several values are all told, in their order") {
  CHECK(Read("{\"a\": 1} or {\"a\": 2}", kFences) == "2 values");
  CHECK(Read("```json\n1\n```\n```json\n2\n```", kFences) == "2 values");
  CHECK(Fails(Times("{\"a\": 1} ", 17), kFences));
  CHECK(Read(Times("{\"a\": 1} ", 16), kFences) == "16 values");
}

TEST_CASE("no part of broken JSON is taken for the answer") {
  for (const char* text :
       {"[{\"a\": 1}, {\"a\" 2}]", "[{\"a\": 1}, {\"a\": 2}", "{\"a\": {\"b\": 1}, \"c\": }",
        "Here: [{\"a\": 1}, {\"a\": 2", "```json\n[{\"a\": 1}, oops]\n```", "```json\n{\"a\": 1",
        "```json\n{\"a\": 1}\n{\"a\": 2}\n```", "[[1, 2], [3, x], {\"a\": 1}]",
        "[oops, {\"a\": 1}]", "{oops: {\"a\": 1}}", "{\"a\": \"x\" {\"b\": 1}}",
        "{\"a\": \"x\n \"b\": \"y\"}", "```json\n```", "```json\nnone\n```", "<think>{\"a\": 1}"}) {
    CAPTURE(text);
    CHECK(Fails(text, kAll));
  }
}

TEST_CASE("commas too many are dropped, missing ones are not made up") {
  CHECK(Read("[1,2,]", kCommas) == "[1,2]");
  CHECK(Read("[1,,2]", kCommas) == "[1,2]");
  CHECK(Read("[,1]", kCommas) == "[1]");
  CHECK(Read("[,]", kCommas) == "[]");
  CHECK(Read("{\"a\":1,}", kCommas) == "{\"a\":1}");
  CHECK(Read("{\"a\":[1,],,\"b\":{\"c\":2,},}", kCommas) == "{\"a\":[1],\"b\":{\"c\":2}}");
  CHECK(Read("{\"a\":\"x,,]\",}", kCommas) == "{\"a\":\"x,,]\"}");
  CHECK(Fails("[1 2]", kCommas));
  CHECK(Fails("{\"a\":,}", kCommas));
  CHECK(Fails("{\"a\",}", kCommas));
  CHECK(Fails("[1,2],", kCommas));
}

TEST_CASE("backslashes of LaTeX are backslashes, also where JSON has a meaning for them") {
  for (const char* latex : {"\\( x \\)",     "\\[ x \\]",
                            "\\frac{1}{2}",  "\\times",
                            "\\beta",        "\\neq 3",
                            "\\rho",         "\\sqrt{2}",
                            "\\{1\\}",       "5\\%",
                            "\\$3",          "\\nu_1",
                            "\\nabla f",     "\\ne 0",
                            "\\not=",        "\\theta",
                            "\\text{cm}",    "\\tan x",
                            "\\to",          "\\triangle ABC",
                            "\\therefore",   "\\tfrac12",
                            "\\binom{n}{k}", "\\bar x",
                            "\\boxed{5}",    "\\begin{cases}",
                            "\\right)",      "\\rangle",
                            "\\forall",      "\\underline{x}",
                            "\\upsilon",     "\\alpha",
                            "\\cdot",        "\\le",
                            "\\, x",         "\\; x",
                            "\\!",           "\\&",
                            "\\_",           "\\|x\\|",
                            "\\ ",           "\\'e",
                            "\\u",           "\\newline",
                            "\\notin",       "\\textbf{a}"}) {
    CAPTURE(latex);
    CHECK(Said(latex) == latex);
  }
}

TEST_CASE("escapes of JSON stay what they are") {
  struct Row {
    const char* inside;
    const char* said;
  };
  for (const Row& row : std::vector<Row>{{"\\\\frac", "\\frac"},
                                         {"\\\\(x\\\\)", "\\(x\\)"},
                                         {"\\\\neq", "\\neq"},
                                         {"\\\\\\\\", "\\\\"},
                                         {"\\\"x\\\"", "\"x\""},
                                         {"a\\/b", "a/b"},
                                         {"\\u00e9", "é"},
                                         {"\\u03B1", "α"},
                                         {"a\\nb", "a\nb"},
                                         {"one\\nNext", "one\nNext"},
                                         {"\\n\\n1. x", "\n\n1. x"},
                                         {"\\nStep 2", "\nStep 2"},
                                         {"\\tx", "\tx"},
                                         {"a\\r\\nb", "a\r\nb"},
                                         {"\\nis it", "\nis it"},
                                         {"\\nif", "\nif"},
                                         {"\\ni = 1", "\ni = 1"},
                                         {"\\ntherefore", "\ntherefore"},
                                         {"\\b", "\b"},
                                         {"\\f 1", "\f 1"},
                                         {"\\\\\\frac", "\\\\frac"},
                                         {"\\\\\\n", "\\\n"},
                                         {"\\n\\\\frac{1}", "\n\\frac{1}"},
                                         {"\\ud83d\\ude00", "😀"}}) {
    CAPTURE(row.inside);
    CHECK(Said(row.inside) == row.said);
  }
  CHECK(Said("\\frac", kNone) == "\frac");
  CHECK(Said("\\nu", kFences) == "\nu");
  CHECK(Fails("{\"q\": \"\\(\"}", kFences));
  CHECK(Fails("{\"q\\", kLatex));
  CHECK(Fails("{\"q\": \"\\", kAll));
}

TEST_CASE("an answer of the math tasks is read whole") {
  std::string text =
      "Here are the new questions:\n\n```json\n[\n  {\n    \"question_text_latex\": \"If \\(2x + 3 "
      "= "
      "11\\), what is \\(\\frac{x}{2}\\)?\\nGive \\\\(y\\\\) too; it costs \\$5 (20\\%).\",\n"
      "    \"option_A_latex\": \"\\(\\sqrt{4} \\times \\beta \\neq \\rho\\)\",\n"
      "    \"step_1\": \"Subtract.\nDivide: \\(x \\to 4\\).\",\n  },\n]\n```\n";
  Result<std::vector<Json>> values = FindJson(text, kAll);
  REQUIRE_MESSAGE(values, values.error());
  const Json& task = (*values)[0][0];
  CHECK(task["question_text_latex"] ==
        "If \\(2x + 3 = 11\\), what is \\(\\frac{x}{2}\\)?\nGive \\(y\\) too; it costs \\$5 "
        "(20\\%).");
  CHECK(task["option_A_latex"] == "\\(\\sqrt{4} \\times \\beta \\neq \\rho\\)");
  CHECK(task["step_1"] == "Subtract.\nDivide: \\(x \\to 4\\).");
}

TEST_CASE("numbers are kept as everywhere else") {
  for (const char* number : {"9007199254740993", "18446744073709551615", "-9223372036854775808",
                             "18446744073709551616", "0.1", "1e-400", "-0"}) {
    CHECK(Read(std::string("x [{\"a\":") + number + "}]", kFences) ==
          DumpJson(*ParseJson(std::string("[{\"a\":") + number + "}]")));
  }
}

TEST_CASE("nesting and members have their limits") {
  CHECK_FALSE(Fails(Times("[", 128) + Times("]", 128), kAll));
  CHECK(Fails(Times("[", 129) + Times("]", 129), kAll));
  CHECK(Fails(Times("[", 200'000), kAll));
  CHECK(Fails(Times("{\"a\":", 200'000), kAll));
  std::string members = "{\"k\":0";
  for (int i = 0; i < 10'000; ++i) members += ",\"k" + std::to_string(i) + "\":0";
  CHECK(Read(members + "}", kAll).find("no more than 10000 members") != std::string::npos);
}

TEST_CASE("long hostile texts end in an answer") {
  // Reading them in more than linear time would take hours.
  for (const std::string& piece : std::vector<std::string>{
           "[",         "{",         "[\"",   "{\"a\":[", "\"",      "\\", "```",
           "```json\n", "```json [", "[1,",   "[0],",     "{x",      "[,", ",",
           "`",         "<think>",   "[\"\\", "[[1],",    "```\n[1", "]}", "```x\n{"}) {
    CAPTURE(piece);
    std::string text = Times(piece, 500'000 / piece.size());
    CHECK(Fails(text, kAll));
    CHECK(Fails("```json\n" + text, kAll));
    CHECK(Fails(text, kNone));
  }
  CHECK_FALSE(Fails("[" + Times("1,", 1'000'000) + "]", kAll));
}

TEST_CASE("any bytes are read or refused") {
  constexpr std::string_view kBytes = "{}[]\",:\\`nutbfr 01e-.\nj\xc3\xa9x";
  uint64_t state = 1;
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (int k = 0; k < 24; ++k) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text += kBytes[(state >> 33) % kBytes.size()];
    }
    Result<std::vector<Json>> values = FindJson(text, kAll);
    read += values.ok();
    if (ParseJson(text)) CHECK(values);
  }
  CHECK(read > 0);
}

}  // namespace
}  // namespace muster
