#include "common/safe_name.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "common/files.h"
#include "common/text.h"

namespace muster {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// What holds of every safe name; "" or what does not.
std::string Broken(const std::string& name) {
  if (name.empty() || name.size() > 100) return "empty or too long";
  if (!IsUtf8(name) || VisibleText(name) != name) return "not printable";
  if (name.find_first_of("/\\:*?\"<>|$`';&%!{}()[]#^") != std::string::npos) return "a sign";
  if (name.front() == '.' || name.front() == '-' || name.front() == ' ') return "a bad beginning";
  if (name.back() == '.' || name.back() == ' ') return "a bad end";
  std::string stem = Lower(name.substr(0, name.find('.')));
  for (const char* device : {"con", "prn", "aux", "nul", "com1", "lpt9"}) {
    if (stem == device) return "a device";
  }
  return PathInside("/out", name) ? "" : "outside";
}

TEST_CASE("harmless names are themselves") {
  for (const char* text : {"young_couple_01",
                           "a",
                           "7",
                           "gpt-5.1",
                           "a+b",
                           "x=1",
                           "me@home",
                           "Linear functions",
                           "Nonlinear functions, part 2",
                           "Größe",
                           "日本語",
                           "Ωmega",
                           "😀",
                           "_summary",
                           "a..b",
                           "CONSOLE",
                           "com",
                           "com10",
                           "nullify.txt",
                           "a.con"}) {
    CAPTURE(text);
    CHECK(SafeName(text) == text);
    CHECK(Broken(text) == "");
  }
  CHECK(SafeName(std::string(100, 'x')) == std::string(100, 'x'));
}

TEST_CASE("anything else keeps its harmless characters and gets a hash behind them") {
  struct Case {
    std::string text;
    const char* part;
  };
  const Case cases[] = {{"", "_"},
                        {".", "_"},
                        {"..", "_"},
                        {"../../etc/passwd", "_.._etc_passwd"},
                        {"/etc/passwd", "_etc_passwd"},
                        {"a/b", "a_b"},
                        {"a\\b", "a_b"},
                        {"-rf", "rf"},
                        {".con.x", "_con.x"},
                        {"--help", "help"},
                        {".hidden", "hidden"},
                        {"=1+2", "1+2"},
                        {" padded ", "padded"},
                        {"end.", "end"},
                        {"CON", "_CON"},
                        {"con.txt", "_con.txt"},
                        {"Nul", "_Nul"},
                        {"aux .x", "_aux .x"},
                        {"LPT1", "_LPT1"},
                        {"com\u00b9.x", "_com\u00b9.x"},
                        {"line\nbreak", "line_break"},
                        {std::string("nul\0byte", 8), "nul_byte"},
                        {"tab\tbell\a\x1b[2J", "tab_bell_2J"},
                        {"rtl\u202e", "rtl_"},
                        {"zero\u200bwidth", "zero_width"},
                        {"wide\u3000blank", "wide_blank"},
                        {"latin\xE9", "latin_"},
                        {"cut \xF0\x9F\x98", "cut _"},
                        {"e\u0301", "e_"},  // é in two parts
                        {"👩\u200d🚀", "👩_🚀"},
                        {"a~b", "a_b"},
                        {"what? (*) <it> $HOME `x` 'y' \"z\"", "what_ _ _it_ _HOME _x_ _y_ _z_"},
                        {"item#2", "item_2"}};
  for (const Case& each : cases) {
    CAPTURE(each.text);
    std::string name = SafeName(each.text);
    CHECK(name.substr(0, name.find('~')) == each.part);
    CHECK(name.size() == std::string(each.part).size() + 13);
    CHECK(Broken(name) == "");
  }
}

TEST_CASE("different texts have different names, whatever the file system does to cases") {
  const std::vector<std::string> texts = {"a/b",
                                          "A/B",
                                          "a_b",
                                          "a\\b",
                                          "a:b",
                                          "a b",
                                          "a//b",
                                          "CON",
                                          "con",
                                          "_CON",
                                          "",
                                          "_",
                                          ".",
                                          "..",
                                          "\u00e9",
                                          "e\u0301",
                                          "-x",
                                          "x",
                                          "--x",
                                          "x.",
                                          "x..",
                                          " x",
                                          "x ",
                                          std::string(101, 'y'),
                                          std::string(102, 'y'),
                                          std::string(101, 'Y'),
                                          std::string(100, 'y'),
                                          std::string("x\0", 2),
                                          "x\n",
                                          "\xFF",
                                          "\xFE",
                                          SafeName("a/b"),
                                          SafeName(SafeName("a/b"))};
  std::set<std::string> names;
  for (const std::string& text : texts) {
    CAPTURE(text);
    CHECK(Broken(SafeName(text)) == "");
    CHECK(names.insert(Lower(SafeName(text))).second);
  }
}

TEST_CASE("case twins that are harmless keep names that differ by case alone") {
  CHECK(SafeName("Trend") == "Trend");
  CHECK(SafeName("trend") == "trend");
}

TEST_CASE("long texts are cut between characters") {
  std::string kilobytes(10 * 1024, 'k');
  CHECK(SafeName(kilobytes).size() == 99);
  CHECK(SafeName(kilobytes) != SafeName(kilobytes + "k"));
  for (int shift = 0; shift < 4; ++shift) {
    std::string text(static_cast<size_t>(shift), 'a');
    for (int i = 0; i < 3000; ++i) text += "😀";
    CAPTURE(shift);
    CHECK(Broken(SafeName(text)) == "");
    CHECK(SafeName(text).size() >= 96);
  }
}

TEST_CASE("any bytes become a safe name, equal bytes the same, others another") {
  std::mt19937 random(4);
  std::set<std::string> texts, names;
  static constexpr char kBytes[] =
      "./\\-~ _aAbcon\0\n\x7f\xC3\xA9\xF0\x9F\x98\x80\xE2\x80\xAE\xFF,=+@*";
  const std::string alphabet(kBytes, sizeof kBytes - 1);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (size_t n = random() % (i % 10 == 0 ? 300 : 9); n > 0; --n) {
      text += alphabet[random() % alphabet.size()];
    }
    CAPTURE(text);
    std::string name = SafeName(text);
    CHECK(Broken(name) == "");
    CHECK(SafeName(text) == name);
    texts.insert(text);
    names.insert(name);
  }
  CHECK(texts.size() == names.size());
}

TEST_CASE("in a path only what is put in is made safe") {
  auto json = ParseJson(R"json({"item": {"id": "../x", "topic": "a b", "n": 7, "list": [1],
                            "none": null, "tags": ["p/q", "r"], "empty": ""}})json");
  REQUIRE(json.ok());
  auto path = [&](const std::string& text) {
    auto rendered = RenderPath(text, "c.yaml:1:1", *json);
    return rendered ? *rendered : rendered.error();
  };
  CHECK(path("out/../{{item.topic}}/{{item.n}}.txt") == "out/../a b/7.txt");
  CHECK(path("{{item.id}}/x.txt") == SafeName("../x") + "/x.txt");
  CHECK(path("{{item.list}}.txt") == SafeName("[1]") + ".txt");
  CHECK(path("a{{item.none}}.txt") == "a.txt");
  CHECK(path("{{item.empty}}/x") == SafeName("") + "/x");
  CHECK(path("{{#item.tags}}{{.}}/{{/item.tags}}x") == SafeName("p/q") + "/r/x");
  CHECK(path("{{item.idd}}") == "c.yaml:1:1: unknown name \"item.idd\"; did you mean \"item.id\"?");
}

}  // namespace
}  // namespace muster
