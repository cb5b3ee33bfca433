#include "common/config/yaml.h"

#include <doctest/doctest.h>

#include <chrono>

namespace muster {
namespace {

std::string RefusalOf(const std::string& text) {
  auto parsed = ParseYaml(text, "t.yaml");
  return parsed ? "" : parsed.error();
}

Json ValueOf(const std::string& text) {
  auto parsed = ParseYaml("a: " + text + "\n", "t.yaml");
  REQUIRE_MESSAGE(parsed.ok(), text);
  return parsed->root["a"];
}

std::string At(const YamlDocument& document, const Place& place) {
  return document.places.Text(place);
}

TEST_CASE("plain scalars mean what the YAML 1.2 core schema says") {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) CHECK(ValueOf(text).is_null());
  CHECK(ValueOf("true") == true);
  CHECK(ValueOf("False") == false);
  CHECK(ValueOf("8") == 8);
  CHECK(ValueOf("010") == 10);
  CHECK(ValueOf("-12") == -12);
  CHECK(ValueOf("+12") == 12);
  CHECK(ValueOf("0o10") == 8);
  CHECK(ValueOf("0x1F") == 31);
  CHECK(ValueOf("9223372036854775807") == INT64_MAX);
  CHECK(ValueOf("1.5e3") == 1500.0);
  CHECK(ValueOf(".5") == 0.5);
  CHECK(ValueOf("2.").is_number_float());
}

TEST_CASE("what only looks like a boolean, number or date stays text") {
  for (const char* text : {"NO", "yes", "on", "y", "tRUE", "1_000", "0b11", "1:30", "2024-01-01",
                           "1..29", "0o9", "0xg", "1e", ".", "90s", "v1.2.3"}) {
    CHECK(ValueOf(text) == text);
  }
}

TEST_CASE("what is quoted is text, whatever it looks like") {
  CHECK(ValueOf("\"8\"") == "8");
  CHECK(ValueOf("'true'") == "true");
  CHECK(ValueOf("''") == "");
  CHECK(ValueOf("|\n  12\n") == "12\n");
  CHECK(ValueOf("\"\\u00e9\\n\"") == "é\n");
}

TEST_CASE("a block text at the end of the file keeps its own line breaks") {
  CHECK(ParseYaml("a: |+\n  x\n", "t")->root["a"] == "x\n");
  CHECK(ParseYaml("a: |+\n  x\n\n", "t")->root["a"] == "x\n\n");
  CHECK(ParseYaml("a: |-\n  x\n", "t")->root["a"] == "x");
  CHECK(ParseYaml("a: |\n  x\n  y", "t")->root["a"] == "x\ny\n");
}

TEST_CASE("objects keep the order of their keys") {
  auto parsed = ParseYaml("b: 1\na: {d: 1, c: [x, {z: 1, y: 2}]}\n", "t");
  REQUIRE(parsed.ok());
  CHECK(DumpJson(parsed->root) == R"({"b":1,"a":{"d":1,"c":["x",{"z":1,"y":2}]}})");
}

TEST_CASE("keys and values know their line and column, counted in characters") {
  auto parsed =
      ParseYaml("\xEF\xBB\xBFé: 1\nsteps:\n  - {ü: \"ä\", model: gpt}\nlast:\n", "t.yaml");
  REQUIRE(parsed.ok());
  const Places& places = parsed->places;
  CHECK(At(*parsed, places.Key("[\"é\"]")) == "t.yaml:1:1");
  CHECK(At(*parsed, places.Value("steps[0]")) == "t.yaml:3:5");
  CHECK(At(*parsed, places.Key("steps[0].model")) == "t.yaml:3:14");
  CHECK(At(*parsed, places.Value("steps[0].model")) == "t.yaml:3:21");
  CHECK_MESSAGE(At(*parsed, places.Value("last")) == "t.yaml:4:1", "an empty value is at its key");
  CHECK_MESSAGE(At(*parsed, places.Value("steps[0].none.of.it")) == "t.yaml:3:5",
                "the part around");
}

TEST_CASE("keys with dots have paths of their own") {
  auto parsed = ParseYaml("prices: {gpt-5.1: {input: 0.10}}\n", "t");
  REQUIRE(parsed.ok());
  CHECK(parsed->places.HasKey("prices[\"gpt-5.1\"].input"));
  CHECK(parsed->places.Source("prices[\"gpt-5.1\"].input") == "0.10");
  CHECK(ParentPath("prices[\"gpt-5.1\"].input") == "prices[\"gpt-5.1\"]");
  CHECK(ParentPath("prices[\"gpt-5.1\"]") == "prices");
  CHECK(ParentPath("steps[10]") == "steps");
}

TEST_CASE("what the config language leaves out is refused where it stands") {
  const char* kAliases =
      "anchors (&) and aliases (*) are not used here; repeat the text, or put it in quotes if it "
      "begins with such a character";
  CHECK(RefusalOf("a: 1\nb: &x 2\n") == std::string("t.yaml:2:4: ") + kAliases);
  CHECK(RefusalOf("a: *x\n") == std::string("t.yaml:1:4: ") + kAliases);
  CHECK(RefusalOf("a: !!str 1\n") ==
        "t.yaml:1:4: tags (!) are not used here; put a text that begins with ! in quotes");
  CHECK(RefusalOf("<<: {a: 1}\n") ==
        "t.yaml:1:1: merge keys (<<) are not used here; repeat the settings");
  CHECK(RefusalOf("a: 1\nb: 2\na: 3\n") ==
        "t.yaml:3:1: duplicate key \"a\"; the first is in line 1");
  CHECK(RefusalOf("x: {b: 1, b: 1}\n") ==
        "t.yaml:1:11: duplicate key \"b\"; the first is in line 1");
  CHECK(RefusalOf("[a]: 1\n") == "t.yaml:1:1: a key must be text");
  CHECK(RefusalOf(": 1\n") == "t.yaml:1:1: a colon without a key before it");
  for (const char* second : {"a: 1\n---\nb: 2\n", "a: 1\n...\nb\n", "- a\nb: c\n"}) {
    CHECK(RefusalOf(second).find(":2:1: the config ends before this line") +
              RefusalOf(second).find(":3:1: the config ends before this line") !=
          2 * std::string::npos);
  }
}

TEST_CASE("mistakes of syntax are told in plain words") {
  CHECK(RefusalOf("b: 1\na: \"x\nc: 2\n") ==
        "t.yaml:2:1: the quoted text that follows is never closed");
  CHECK(RefusalOf("a: 'x") == "t.yaml:1:1: the quoted text that follows is never closed");
  CHECK(RefusalOf("a:\n\tb: 1\n") == "t.yaml:2:1: a tab in the indentation; YAML wants spaces");
  CHECK(RefusalOf("a:\n  b: 1\n\tc: 2\n") ==
        "t.yaml:3:1: a tab in the indentation; YAML wants spaces");
  CHECK(RefusalOf("a: {b: 1\n") == "t.yaml:1:9: a { is not closed by }, or a comma is missing");
  CHECK(RefusalOf("a: {{item.id}}\n") ==
        "t.yaml:1:5: a text that begins with {{ must stand in quotes");
  CHECK(RefusalOf("a: @x\n") ==
        "t.yaml:1:4: a text cannot begin with this character; put it in quotes");
  CHECK(RefusalOf("a: 1e999\n") ==
        "t.yaml:1:4: the number 1e999 is too large or too small; put it in quotes if it is text");
  CHECK(RefusalOf("a: .nan\n") ==
        "t.yaml:1:4: .nan is no number here; put it in quotes if it is text");
}

TEST_CASE("bytes that yaml-cpp would swallow are refused") {
  CHECK(RefusalOf("a: 1\nb: \xff\n") ==
        "t.yaml:2:1: this line is not UTF-8; save the file as UTF-8");
  // 0x04 is its own mark for the end: everything after it would be lost.
  CHECK(RefusalOf("a: 1\nb\x04: 2\n") ==
        "t.yaml:2:2: the control character 0x04; YAML allows none in the text");
  CHECK(RefusalOf(std::string("a: 1\0\n", 6)) ==
        "t.yaml:1:5: the control character 0x00; YAML allows none in the text");
  CHECK_MESSAGE(RefusalOf("a: 1\r\nb:\r\n  - x\r\n") == "", "Windows line ends are fine");
}

TEST_CASE("bombs are refused before they grow") {
  auto begin = std::chrono::steady_clock::now();
  std::string laughs = "a: &a [lol, lol]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    laughs += fmt::format("{}: &{} [*{}, *{}, *{}]\n", c, c, char(c - 1), char(c - 1), char(c - 1));
  }
  CHECK(RefusalOf(laughs).starts_with("t.yaml:1:4: anchors"));
  CHECK(RefusalOf("a: &a [*a]\n").starts_with("t.yaml:1:4: anchors"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "- ";
  CHECK(RefusalOf(deep) == "t.yaml:1:129: nested deeper than 64 levels");
  std::string many = "a: [";
  for (size_t i = 0; i < kMaxYamlNodes; ++i) many += "1,";
  CHECK(RefusalOf(many + "]").ends_with("more than 50000 values"));
  CHECK(RefusalOf(std::string(kMaxYamlBytes + 1, ' ')) == "t.yaml: larger than 4 MB");
  CHECK(RefusalOf("? " + std::string(1000, 'k') + "\n: 1\n") == "t.yaml:1:3: a key of 1000 bytes");
  // Not a measurement: what would explode takes minutes.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::minutes(1));
}

TEST_CASE("64 levels are not too deep") {
  std::string deep;
  for (int i = 0; i < kMaxYamlDepth; ++i) deep += "- ";
  CHECK(RefusalOf(deep + "x") == "");
}

TEST_CASE("an empty file is null") {
  CHECK(ParseYaml("", "t")->root.is_null());
  CHECK(ParseYaml("# only a comment\n", "t")->root.is_null());
}

}  // namespace
}  // namespace muster
