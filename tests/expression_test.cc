#include "common/expression.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

Json Context() {
  auto json = ParseJson(R"json({
    "item": {"id": "a-1", "points": 400, "text": "12", "task": "trend", "words": "many",
             "blank": "", "rows": [1, 2, 3], "nested": {"count": "mine"}, "part-2": true,
             "big": 9007199254740993, "huge": 18446744073709551615, "none": null, "yes": true,
             "no": false, "in": 5, "tags": ["red", "blue"], "Größe": 7},
    "params": {"most": 400, "mode": "single", "share": 0.5, "float": 9007199254740992.0},
    "rounds": {"values": [1, 2], "count": 2},
    "skipped": null, "list": [[1], {"a": 1, "b": [2]}]})json");
  REQUIRE(json.ok());
  return *json;
}

const Json& Names() {
  static const Json names = Context();
  return names;
}

std::string Valued(const std::string& text, BareWords bare = BareWords::kMistake) {
  auto value = Evaluate({text, "c.yaml:3:9"}, Names(), bare);
  return value ? DumpJson(*value) : value.error();
}

std::string Cli(const std::string& text) { return Valued(text, BareWords::kText); }

std::string SyntaxError(const std::string& text) {
  auto checked = CheckExpression(text, "c.yaml:3:9");
  return checked ? "" : checked.error();
}

bool Says(const std::string& message, std::string_view part) {
  CAPTURE(message);
  CAPTURE(part);
  bool says = message.find(part) != std::string::npos;
  CHECK(says);
  return says;
}

struct Case {
  const char* text;
  const char* value;
};

TEST_CASE("literals and names have their values") {
  const Case cases[] = {{"5", "5"},
                        {"-5", "-5"},
                        {"0.50", "0.5"},
                        {"1e3", "1000.0"},
                        {"18446744073709551615", "18446744073709551615"},
                        {"true", "true"},
                        {"null", "null"},
                        {"'a \"b\" \\n'", "\"a \\\"b\\\" \\\\n\""},
                        {"\"a\\n\\u00e9\"", "\"a\\né\""},
                        {"[1, 'x', [true], item.id]", "[1,\"x\",[true],\"a-1\"]"},
                        {"[]", "[]"},
                        {" ( ( item.points ) ) ", "400"},
                        {"item.part-2", "true"},
                        {"item.in", "5"},
                        {"item.Größe", "7"},
                        {"list", R"([[1],{"a":1,"b":[2]}])"}};
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(Valued(each.text) == each.value);
  }
}

TEST_CASE("or binds less than and, and less than not, not less than a comparison") {
  const Case cases[] = {{"true or false and false", "true"},
                        {"(true or false) and false", "false"},
                        {"not true or true", "true"},
                        {"not (true or true)", "false"},
                        {"not 1 == 2", "true"},
                        {"not not not false", "true"},
                        {"false or false or 1 < 2 and 'a' in ['a']", "true"},
                        {"not 'x' in ['a'] and true", "true"}};
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(Valued(each.text) == each.value);
  }
}

TEST_CASE("comparisons hold as their kinds say") {
  const Case cases[] = {{"item.points <= params.most", "true"},
                        {"item.points < 400", "false"},
                        {"item.points >= 400.0", "true"},
                        {"item.points != 400", "false"},
                        {"item.text == 12", "true"},  // a text that is a number
                        {"item.text < 100", "true"},
                        {"' +12.0 ' == item.text", "false"},  // texts are texts
                        {"' +12.0 ' == 12", "true"},
                        {"\"12\\n\" == 12", "true"},
                        {"'007' == 7", "true"},
                        {"'10' < '9'", "true"},  // by bytes
                        {"'a' < 'b'", "true"},
                        {"'Z' < 'a'", "true"},
                        {"'' == ''", "true"},
                        {"item.blank == ''", "true"},
                        {"item.yes == true", "true"},
                        {"item.yes == 'true'", "false"},
                        {"item.yes != 1", "true"},
                        {"item.none == null", "true"},
                        {"item.id == null", "false"},
                        {"0 == null", "false"},
                        {"'' == null", "false"},
                        {"false == null", "false"},
                        {"item.rows == [1, 2, 3]", "true"},
                        {"item.rows == [3, 2, 1]", "false"},
                        {"item.rows == 'x'", "false"},
                        {"item == params", "false"},
                        {"item == item", "true"}};
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(Valued(each.text) == each.value);
  }
}

TEST_CASE("numbers compare exactly, whatever holds them") {
  CHECK(Valued("item.big == 9007199254740993") == "true");
  CHECK(Valued("item.big == 9007199254740992") == "false");
  CHECK(Valued("item.big == '9007199254740993'") == "true");
  CHECK(Valued("item.big > params.float") == "true");  // 2^53 + 1 and 2^53
  CHECK(Valued("item.huge > 9223372036854775807") == "true");
  CHECK(Valued("item.huge > -1") == "true");
  CHECK(Valued("item.huge == -1") == "false");
  CHECK(Valued("item.huge == '18446744073709551615'") == "true");
  CHECK(Valued("-9223372036854775808 < -9223372036854775807") == "true");
  CHECK(Valued("0.1 == '0.1'") == "true");
  CHECK(Valued("1e2 == 100") == "true");
}

TEST_CASE("in looks through a list") {
  CHECK(Valued("item.task in ['drop', 'trend']") == "true");
  CHECK(Valued("item.task in item.tags") == "false");
  CHECK(Valued("'blue' in item.tags") == "true");
  CHECK(Valued("item.text in [11, 12]") == "true");
  CHECK(Valued("item.task in ['auto', 5]") == "false");
  CHECK(Valued("'auto' in [5, 'auto']") == "true");
  CHECK(Valued("null in [1, null]") == "true");
  CHECK(Valued("1 in []") == "false");
  CHECK(Valued("[1] in list") == "true");
  Says(Valued("item.words in [5, 10]"),
       "c.yaml:3:9: \"item.words\" (\"many\") is no number, and is compared with the number 5");
  Says(Valued("item.task in 'trends'"), "\"trends\" is no list");
  Says(Valued("'x' in skipped"), "\"skipped\" (null) is no list");
}

TEST_CASE("count is the length of a list unless a map has a member of that name") {
  CHECK(Valued("item.rows.count") == "3");
  CHECK(Valued("item.rows.count >= 3") == "true");
  CHECK(Valued("rounds.values.count") == "2");
  CHECK(Valued("rounds.count") == "2");
  CHECK(Valued("item.nested.count") == "\"mine\"");
  Says(Valued("params.count"), "unknown name \"params.count\"");
  Says(Valued("item.id.count"), "\"item.id\" is a text and has no names");
  Says(Valued("item.rows.length"), "is a list and has no names; its length is its count");
  Says(Valued("item.rows.count.x"), "unknown name");
  Says(Valued("count"), "unknown name \"count\"");
}

TEST_CASE("a name under null is null") {
  CHECK(Valued("skipped.value.deep.count") == "null");
  CHECK(Valued("skipped.value == 5") == "false");
  CHECK(Valued("skipped.value == null") == "true");
  CHECK(Valued("item.none.x != null") == "false");
  Says(Valued("skipped.value < 5"), "\"skipped.value\" (null) has no order");
}

TEST_CASE("an unknown name is an error with the nearest name, before and behind the dot") {
  CHECK(Valued("item.point > 5") ==
        "c.yaml:3:9: unknown name \"item.point\"; did you mean \"item.points\"?");
  CHECK(Valued("itme.points > 5") ==
        "c.yaml:3:9: unknown name \"itme.points\"; did you mean \"item.points\"?");
  Says(Valued("item.task == trend"), "\"trend\"; known here: item, params");
  Says(Valued("item.task == trend"), "(a text stands in quotes)");
  Says(Valued("item.id.x"), "\"item.id\" is a text and has no names");
}

TEST_CASE("what cannot be compared is an error that names both") {
  CHECK(Valued("item.words <= params.most") ==
        "c.yaml:3:9: \"item.words\" (\"many\") is no number, and is compared with the number "
        "\"params.most\" (400)");
  CHECK(Valued("400 == item.blank") ==
        "c.yaml:3:9: \"item.blank\" (\"\") is no number, and is compared with the number 400");
  for (const char* text : {"'12x'", "'1e999'", "'nan'", "'inf'", "'0x10'", "'1 2'", "'+-1'", "' '",
                           "'--1'", "'1,000'", "'+'"}) {
    CAPTURE(text);
    Says(Valued(std::string("5 < ") + text), "is no number");
  }
  Says(Valued("item.rows < 5"), "\"item.rows\" (a list) has no order");
  Says(Valued("5 > item"), "\"item\" (a map) has no order");
  Says(Valued("true < false"), "true has no order");
}

TEST_CASE("and, or and not take true and false alone, and look no further than they must") {
  CHECK(Valued("false and item.wrong") == "false");
  CHECK(Valued("true or item.wrong") == "true");
  CHECK(Valued("skipped != null and skipped.value > 5") == "false");
  Says(Valued("true and item.wrong"), "unknown name");
  CHECK(Valued("item.words and true") ==
        "c.yaml:3:9: and takes true and false alone, and \"item.words\" (\"many\") is a text");
  Says(Valued("not 0"), "not takes true and false alone, and 0 is a number");
  Says(Valued("false or item.rows"), "or takes true and false alone");
  Says(Valued("not skipped"), "is null");
}

TEST_CASE("syntax errors say what is wrong and what was expected") {
  const Case cases[] = {
      {"", "the expression is empty"},
      {" \n ", "the expression is empty"},
      {"item.x <=", "a value is expected after \"<=\", not the end"},
      {"item.x = 5",
       "a comparison or the end is expected after \"item.x\", not \"=\"; did you mean \"==\"?"},
      {"a && b", "not \"&&\"; did you mean \"and\"?"},
      {"!a", "a value is expected, not \"!\"; did you mean \"not\"?"},
      {"a <> b", "did you mean \"!=\"?"},
      {"a AND b",
       "a comparison or the end is expected after \"a\", not \"AND\"; did you mean "
       "\"and\"?"},
      {"a b", "and, or, a comparison or the end is expected after \"a\", not \"b\""},
      {"1 < x < 2", "\"1 < x\" is compared twice; join two comparisons by and"},
      {"a =!& b", "is expected after \"a\", not \"=!&\""},
      {"(a or b", "\")\" is expected after \"b\", not the end"},
      {"a)", "not \")\""},
      {")", "a value is expected, not \")\""},
      {"[1, 2", "\",\" or \"]\" is expected after \"2\", not the end"},
      {"[1 2]", "\",\" or \"]\" is expected after \"1\", not \"2\""},
      {"[,]", "a value is expected after \"[\", not \",\""},
      {"'open", "has no quote at its end"},
      {"\"open\\\"", "has no quote at its end"},
      {"\"\\d\"", "in '…' a backslash means itself"},
      {"{{item.x}} == 1", "\"{{item.x}}\" is no name; names stand without braces here"},
      {"item..x", "\"item..x\" is no name"},
      {"item.*", "\"item.*\" is no name"},
      {".", "is no name"},
      {"a not in b", "after \"a\", not \"not\""},
      {"5%", "\"5%\" is neither a number nor a name"},
      {"007", "neither a number nor a name"},
      {"12345678901234567890123", "has too many digits"},
      {"1e999", "is neither a number nor a name"},
      {"a and", "a value is expected after \"and\", not the end"},
      {"and a", "a value is expected, not \"and\""},
      {"\xff", "is not UTF-8"}};
  for (const Case& each : cases) {
    CAPTURE(each.text);
    std::string error = SyntaxError(each.text);
    Says(error, each.value);
    if (!error.empty()) CHECK(error.starts_with("c.yaml:3:9: "));
    CHECK_FALSE(Evaluate({each.text, "c.yaml:3:9"}, Names()).ok());
    CHECK_FALSE(NamesIn({each.text, "c.yaml:3:9"}).ok());
  }
  CHECK(SyntaxError("[1, 2,]") == "");
  CHECK(SyntaxError("unknown.name < other") == "");
}

TEST_CASE("what is nested too deep or too long is refused, what is merely long is not") {
  auto repeated = [](const std::string& text, size_t times) {
    std::string all;
    for (size_t i = 0; i < times; ++i) all += text;
    return all;
  };
  size_t most = kMaxExpressionNesting;
  CHECK(Valued(repeated("(", most) + "1" + repeated(")", most)) == "1");
  Says(SyntaxError(repeated("(", most + 1) + "1" + repeated(")", most + 1)), "nested deeper");
  for (const char* opening : {"(", "[", "not ", "not (", "[["}) {
    CAPTURE(opening);
    Says(SyntaxError(repeated(opening, 10'000)), "nested deeper than 64 levels");
  }
  CHECK(Valued(repeated("true and ", 5'000) + "false") == "false");
  CHECK(Valued("1 in [" + repeated("0,", 20'000) + "1]") == "true");
  Says(SyntaxError("'" + repeated("x", kMaxExpression) + "'"), "over 64 KB");
  CHECK(SyntaxError(repeated("é", 20'000)).empty());
}

TEST_CASE("on a command line a word beside a comparison is a text where it is no name") {
  CHECK(Cli("item.task==trend") == "true");
  CHECK(Cli("trend==item.task") == "true");
  CHECK(Cli("item.task!=scaling and item.id==a-1") == "true");
  CHECK(Cli("item.task in [drop,trend]") == "true");
  CHECK(Cli("red in item.tags") == "true");
  CHECK(Cli("params.mode == single") == "true");
  CHECK(Cli("item.id == 2024-05-01") == "false");
  CHECK(Cli("item.id == gpt-5.1") == "false");  // a dot, but no name before it
  CHECK(Cli("item.id == 5%") == "false");
  CHECK(Cli("item.task == item") == "false");  // a map is not meant
  CHECK(Cli("item.points <= params.most") == "true");
  Says(Cli("item.points < many"), "\"many\" is no number");
  Says(Cli("item.tsk == trend"), "did you mean \"item.task\"");
  Says(Cli("itme.task == trend"), "did you mean \"item.task\"");  // both cannot be texts
  Says(Cli("trend"), "unknown name \"trend\"");
  Says(Cli("5%"), "unknown name");
  Says(Cli("trend or true"), "unknown name");
  CHECK(CheckExpression("item.date == 2024-05-01", "--where", BareWords::kText).ok());
}

TEST_CASE("IsTrue takes true and false alone, and an empty expression for its default") {
  CHECK(*IsTrue({}, Names(), true));
  CHECK_FALSE(*IsTrue({}, Names(), false));
  CHECK(*IsTrue({"item.yes", "o"}, Names(), false));
  CHECK(*IsTrue({"item.task == trend", "o"}, Names(), false, BareWords::kText));
  auto wrong = IsTrue({"item.rows", "c.yaml:1:2"}, Names(), false);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error() ==
        "c.yaml:1:2: \"item.rows\" is a list, where true or false is expected, such as of a "
        "comparison");
  CHECK_FALSE(IsTrue({"'true'", "o"}, Names(), false).ok());
  CHECK_FALSE(IsTrue({"skipped", "o"}, Names(), false).ok());
}

TEST_CASE("CountOf takes whole numbers of at least 0, also as text") {
  CHECK(*CountOf({"item.points", "o"}, Names()) == 400);
  CHECK(*CountOf({"item.text", "o"}, Names()) == 12);
  CHECK(*CountOf({"item.rows.count", "o"}, Names()) == 3);
  CHECK(*CountOf({"0", "o"}, Names()) == 0);
  CHECK(*CountOf({"5.0", "o"}, Names()) == 5);
  CHECK(*CountOf({"9223372036854775807", "o"}, Names()) == INT64_MAX);
  for (const char* text : {"-1", "0.5", "'x'", "''", "skipped", "true", "item.rows", "item.huge",
                           "1e30", "'-3'", "item"}) {
    CAPTURE(text);
    auto count = CountOf({text, "c.yaml:1:2"}, Names());
    REQUIRE_FALSE(count.ok());
    Says(count.error(), "where a whole number of at least 0 is expected");
  }
}

TEST_CASE("NamesIn gives each name once, in order, without a count at its end") {
  auto names = NamesIn({"item.b == 'x.y' and not (a in [c.d, item.b]) or rounds.values.count > 5"});
  REQUIRE(names.ok());
  CHECK(*names == std::vector<std::string>{"item.b", "a", "c.d", "rounds.values"});
  CHECK(NamesIn({"1 < 2"})->empty());
}

}  // namespace
}  // namespace muster
