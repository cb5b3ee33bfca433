#include "common/json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "common/json_reader.h"

namespace muster {
namespace {

std::string Nested(int levels, std::string_view inside = "") {
  auto count = static_cast<size_t>(levels);
  return std::string(count, '[') + std::string(inside) + std::string(count, ']');
}

std::string ErrorOf(std::string_view text) {
  auto json = ParseJson(text);
  REQUIRE_FALSE(json.ok());
  return json.error();
}

// What nlohmann makes of it; nullopt: it is none, or has what ParseJson refuses besides.
std::optional<Json> Slowly(const std::string& text) {
  if (text.find('\0') != text.npos || !Json::accept(text)) return std::nullopt;
  return Json::parse(text);
}

std::string DumpSlowly(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const std::vector<std::string> kTexts = {
    R"({"z":1,"a":[true,null,"x",false],"m":{"y":-2,"b":1.5e-7},"e":{},"l":[]})",
    "[0, -0, 1, -1, 18446744073709551615, 9223372036854775808, -9223372036854775808, 0.0, -0.0]",
    "[1e5, 1E+5, 12.5e-3, 1.7976931348623157e308, 5e-324, 3.141592653589793, 123456789012345678.5]",
    R"(["\"\\\/\b\f\n\r\t", "\u0041\u00e9\u20ac\ud83d\ude00\u0000", "é€😀 \u001f\u007f"])",
    " \t\r\n{ \"a\" : [ 1 , { \"b\" : \"c\" } ] , \"d\" : \"\" } \n"};

TEST_CASE("the quick way reads and writes what nlohmann does, and refuses what that refuses") {
  const std::string kBytes = "{}[]\",:\\u0019-+.eE tfnl\x7f\xc3\xa9\xed\xff\x01";
  std::mt19937 random(7);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = kTexts[random() % kTexts.size()];
    for (auto left = random() % 4; left > 0; --left) {
      size_t at = random() % text.size();
      char byte = kBytes[random() % kBytes.size()];
      if (random() % 2) {
        text[at] = byte;
      } else if (random() % 2) {
        text.insert(at, 1, byte);
      } else {
        text.erase(at, 1 + random() % 3);
      }
      if (text.empty()) text = "1";
    }
    CAPTURE(text);
    auto quick = ReadPlainJson(text);
    if (!quick) continue;
    ++read;
    auto slow = Slowly(text);
    REQUIRE(slow);
    REQUIRE(*quick == *slow);
    REQUIRE(DumpJson(*quick) == DumpSlowly(*slow));
    REQUIRE(CanonicalJson(*quick) == nlohmann::json(*slow).dump());
  }
  CHECK(read > 5'000);
  for (const std::string& text : kTexts) CHECK(ReadPlainJson(text).has_value());
}

TEST_CASE("every number reads as the type that nlohmann gives it") {
  for (const std::string& text : kTexts) {
    auto quick = ReadPlainJson(text), slow = Slowly(text);
    REQUIRE(quick);
    auto one = quick->flatten(), other = slow->flatten();
    for (const auto& [place, value] : one.items()) CHECK(value.type() == other[place].type());
  }
}

TEST_CASE("many keys are looked at for twins as few are") {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  CHECK(ReadPlainJson(text + "\"k\":1}"));
  CHECK_FALSE(ReadPlainJson(text + "\"k7\":1}"));
  CHECK(ErrorOf(text + "\"k7\":1}").find("duplicate key \"k7\"") != std::string::npos);
}

TEST_CASE("bytes that are no UTF-8 are written as nlohmann writes them") {
  for (const char* text :
       {"\xff", "a\xc3", "\xed\xa0\x80\"\n", "\xf0\x9f\x98", "ok é \xc0\xaf\x01 x"}) {
    CHECK(DumpJson(Json{{text, text}}) == DumpSlowly(Json{{text, text}}));
  }
}

TEST_CASE("objects keep the order of their keys and every value its kind") {
  std::string text = R"({"z":1,"a":[true,null,"x"],"m":{"y":-2,"b":1.5}})";
  auto json = ParseJson(text);
  REQUIRE(json.ok());
  CHECK(DumpJson(*json) == text);
  CHECK(ParseJson(" \n[1] ").ok());
  CHECK(ParseJson("null")->is_null());
}

TEST_CASE("what is not exactly one JSON text is refused with its byte") {
  for (const char* text :
       {"",    " ",     "{",        "[1,]",    "{\"a\":1,}",  "{'a':1}",  "nul",
        "1 2", "{} {}", "[1] x",    "// c\n1", "NaN",         "Infinity", "01",
        "+1",  ".5",    "\"a\nb\"", "\"\\x\"", "\"\\ud800\"", "\"\xff\"", "\"\xed\xa0\x80\""}) {
    CAPTURE(text);
    CHECK(ErrorOf(text).starts_with("not JSON: syntax error at byte "));
  }
  CHECK(ErrorOf("[1,2,x]") == "not JSON: syntax error at byte 6");
}

TEST_CASE("a NUL byte ends nothing: what follows it is not silently dropped") {
  for (std::string_view text : {std::string_view("1\0", 2), std::string_view("{}\0{", 4),
                                std::string_view("\0", 1), std::string_view("[\0]", 3)}) {
    CHECK_FALSE(ParseJson(text).ok());
  }
}

TEST_CASE("a number too large for a double is refused") {
  CHECK(ErrorOf("1e999").starts_with("not JSON"));
}

TEST_CASE("a duplicate key is refused at any level, the same key in two objects is not") {
  CHECK(ErrorOf(R"({"a":1,"a":1})").find("duplicate key \"a\"") != std::string::npos);
  CHECK(ErrorOf(R"([{"b":{"a":1,"c":{},"a":2}}])").find("duplicate") != std::string::npos);
  CHECK(ErrorOf(R"({"a":1,"\u0061":1})").find("duplicate") != std::string::npos);
  CHECK(ParseJson(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})").ok());
}

TEST_CASE("128 levels are enough and a hostile depth is refused without harm") {
  CHECK(ParseJson(Nested(kMaxJsonDepth, "1")).ok());
  CHECK(ErrorOf(Nested(kMaxJsonDepth + 1, "1")).find("nested deeper") != std::string::npos);
  CHECK(ErrorOf(Nested(1'000'000)).find("nested deeper") != std::string::npos);
  CHECK(ErrorOf(std::string(1'000'000, '[')).find("nested deeper") != std::string::npos);
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  CHECK(ErrorOf(objects).find("nested deeper") != std::string::npos);
}

TEST_CASE("whatever is written is one line of UTF-8 that parses again") {
  Json value{{"text", "a\nb\x1b\xff\xc3("}, {"nan", std::nan("")}, {"inf", INFINITY}};
  std::string text = DumpJson(value);
  CHECK(text.find('\n') == std::string::npos);
  auto back = ParseJson(text);
  REQUIRE(back.ok());
  CHECK((*back)["text"] == "a\nb\x1b\ufffd\ufffd(");
  CHECK((*back)["nan"].is_null());
  CHECK((*back)["inf"].is_null());
}

TEST_CASE("numbers survive being written and read") {
  for (double number : {0.1, 1e-300, 1.7976931348623157e308, -0.0, 1.0 / 3}) {
    auto back = ParseJson(DumpJson(Json(number)));
    REQUIRE(back.ok());
    CHECK(back->get<double>() == number);
  }
  for (const char* text : {"-9223372036854775808", "18446744073709551615", "1.0", "0"}) {
    CHECK(DumpJson(*ParseJson(text)) == text);
  }
}

TEST_CASE("the form for people has a line per value") {
  CHECK(PrettyJson(Json{{"b", 1}, {"a", {1, 2}}}) ==
        "{\n  \"b\": 1,\n  \"a\": [\n    1,\n    2\n  ]\n}");
}

TEST_CASE("the canonical form does not depend on the order of keys, at any level") {
  auto one = ParseJson(R"({"b":{"y":1,"x":[{"d":1,"c":2}]},"a":0})");
  auto two = ParseJson(R"({"a":0,"b":{"x":[{"c":2,"d":1}],"y":1}})");
  REQUIRE(one.ok());
  REQUIRE(two.ok());
  CHECK(CanonicalJson(*one) == R"({"a":0,"b":{"x":[{"c":2,"d":1}],"y":1}})");
  CHECK(CanonicalJson(*one) == CanonicalJson(*two));
}

TEST_CASE("the canonical form tells different values apart") {
  CHECK(CanonicalJson(Json{1, 2}) != CanonicalJson(Json{2, 1}));
  CHECK(CanonicalJson(Json(1)) != CanonicalJson(Json(1.0)));
  CHECK(CanonicalJson(Json("1")) != CanonicalJson(Json(1)));
  CHECK(CanonicalJson(Json{{"a", nullptr}}) != CanonicalJson(Json::object()));
}

TEST_CASE("a member is there, absent, or asked of what has none") {
  Json value{{"a", 1}, {"n", nullptr}};
  REQUIRE(Member(value, "a") != nullptr);
  CHECK(*Member(value, "a") == 1);
  REQUIRE(Member(value, "n") != nullptr);
  CHECK(Member(value, "b") == nullptr);
  for (const Json& other : {Json(), Json(1), Json("a"), Json::array({"a"}), Json(true)}) {
    CHECK(Member(other, "a") == nullptr);
  }
}

TEST_CASE("a member of another type is a missing one") {
  auto parsed = ParseJson(R"({"s":"x","i":-3,"u":9223372036854775807,"big":9223372036854775808,
                              "d":1.5,"t":true,"n":null,"o":{},"l":[1]})");
  REQUIRE(parsed.ok());
  const Json& value = *parsed;
  CHECK(StringMember(value, "s") == "x");
  CHECK(IntMember(value, "i") == -3);
  CHECK(IntMember(value, "u") == std::numeric_limits<int64_t>::max());
  CHECK(NumberMember(value, "d") == 1.5);
  CHECK(NumberMember(value, "i") == -3.0);
  for (const char* key : {"i", "d", "t", "n", "o", "l", "none"}) {
    CHECK(StringMember(value, key).empty());
  }
  for (const char* key : {"s", "big", "d", "t", "n", "o", "l", "none"}) {
    CHECK_FALSE(IntMember(value, key).has_value());
  }
  for (const char* key : {"s", "t", "n", "o", "l", "none"}) {
    CHECK_FALSE(NumberMember(value, key).has_value());
  }
  CHECK_FALSE(NumberMember(Json{{"x", INFINITY}}, "x").has_value());
  CHECK_FALSE(IntMember(Json(3), "x").has_value());
}

}  // namespace
}  // namespace muster
