#include "common/text.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace muster {
namespace {

// ---- NearestName ----

TEST_CASE("the nearest name is the one that a slip of the fingers turns into what was typed") {
  std::vector<std::string> names = {"temperature", "model", "max_tokens", "system", "user"};
  CHECK(NearestName("temprature", names) == "temperature");  // left out
  CHECK(NearestName("modle", names) == "model");             // swapped
  CHECK(NearestName("modell", names) == "model");            // added
  CHECK(NearestName("sistem", names) == "system");           // replaced
  CHECK(NearestName("model", names) == "model");
}

TEST_CASE("case, underscores and dashes do not count") {
  CHECK(NearestName("maxTokens", {"max_cost", "max_tokens"}) == "max_tokens");
  CHECK(NearestName("MAX-TOKENS", {"max_cost", "max_tokens"}) == "max_tokens");
}

TEST_CASE("a beginning of three bytes is near, a shorter one is not") {
  CHECK(NearestName("temp", {"user", "temperature"}) == "temperature");
  CHECK(NearestName("temperature_of_it", {"user", "temperature"}) == "temperature");
  CHECK(NearestName("te", {"user", "temperature"}) == "");
  CHECK(NearestName("item", {"items_of_the_run", "itme"}) == "itme");  // a slip is nearer
}

TEST_CASE("nothing is near when more than a third differs") {
  CHECK(NearestName("workers", {"budget", "limits", "retry"}) == "");
  CHECK(NearestName("abcdef", {"abxyef"}) == "abxyef");
  CHECK(NearestName("abcdef", {"axyzef"}) == "");
  CHECK(NearestName("a", {"b"}) == "");
  CHECK(NearestName("", {"a", "abc"}) == "");
  CHECK(NearestName("_", {"a", "-"}) == "");
  CHECK(NearestName("abc", {}) == "");
}

TEST_CASE("of equally near names the first wins") {
  CHECK(NearestName("bat", {"cat", "bar"}) == "cat");
  CHECK(NearestName("bat", {"bar", "cat"}) == "bar");
}

TEST_CASE("a hostile name of a megabyte is near nothing") {
  std::string huge(1 << 20, 'a');
  CHECK(NearestName(huge, {huge, "aaa"}) == "");
}

// ---- UTF-8 ----

TEST_CASE("UTF-8 is told from what only looks like it") {
  CHECK(IsUtf8(""));
  CHECK(IsUtf8("plain"));
  CHECK(IsUtf8("\u00e9 \u20ac \U0001f600 \U0010ffff"));
  CHECK(IsUtf8(std::string_view("\0", 1)));
  CHECK_FALSE(IsUtf8("\x80"));              // continues nothing
  CHECK_FALSE(IsUtf8("\xc3"));              // cut off
  CHECK_FALSE(IsUtf8("\xe2\x82"));          // cut off
  CHECK_FALSE(IsUtf8("\xc3\x28"));          // not continued
  CHECK_FALSE(IsUtf8("\xc0\xaf"));          // overlong
  CHECK_FALSE(IsUtf8("\xe0\x80\xaf"));      // overlong
  CHECK_FALSE(IsUtf8("\xf0\x80\x80\xaf"));  // overlong
  CHECK_FALSE(IsUtf8("\xed\xa0\x80"));      // surrogate
  CHECK_FALSE(IsUtf8("\xf4\x90\x80\x80"));  // past U+10FFFF
  CHECK_FALSE(IsUtf8("\xff"));
}

// ---- VisibleText ----

TEST_CASE("ordinary text in any script stays as it is") {
  std::string text = "abc \\ \u00e9\u00df \u65e5\u672c \u05e9\u05dc\u05d5\u05dd \U0001f600 e\u0301";
  CHECK(VisibleText(text) == text);
}

TEST_CASE("control characters become escapes") {
  CHECK(VisibleText("\x1b[31mred\x07") == "\\x1b[31mred\\x07");
  CHECK(VisibleText(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(VisibleText("a\x7f\rb") == "a\\x7f\\x0db");
  CHECK(VisibleText("\u0080\u009b31m\u009f") == "\\u0080\\u009b31m\\u009f");
}

TEST_CASE("newline and tab stay only where asked for, carriage returns never") {
  CHECK(VisibleText("a\n\tb\r\n") == "a\\n\\tb\\x0d\\n");
  CHECK(VisibleText("a\n\tb\r\n", true) == "a\n\tb\\x0d\n");
}

TEST_CASE("what reorders, hides or breaks lines becomes an escape") {
  struct Case {
    const char* text;
    const char* shown;
  };
  for (const Case& each : {Case{"\u202a", "\\u202a"},
                           {"\u202e", "\\u202e"},
                           {"\u2066", "\\u2066"},
                           {"\u2069", "\\u2069"},
                           {"\u200e", "\\u200e"},
                           {"\u200f", "\\u200f"},
                           {"\u061c", "\\u061c"},
                           {"\u200b", "\\u200b"},
                           {"\u200c", "\\u200c"},
                           {"\u200d", "\\u200d"},
                           {"\u2060", "\\u2060"},
                           {"\ufeff", "\\ufeff"},
                           {"\u2028", "\\u2028"},
                           {"\u2029", "\\u2029"},
                           {"\u00ad", "\\u00ad"},
                           {"\U000e0001", "\\U000e0001"},
                           {"\U000e0041", "\\U000e0041"},
                           {"\U000e007f", "\\U000e007f"}}) {
    CAPTURE(each.shown);
    CHECK(VisibleText(each.text) == each.shown);
    CHECK(VisibleText(each.text, true) == each.shown);
  }
}

TEST_CASE("neighbours of what is hidden stay") {
  std::string text = " ~\u00a0\u00ac\u061b\u200a\u2010\u2027\u202f\u205f\u2070\ufefe";
  CHECK(VisibleText(text) == text);
}

TEST_CASE("bytes that are not UTF-8 are shown one by one and nothing after them is lost") {
  CHECK(VisibleText("a\xff\xc3(b") == "a\\xff\\xc3(b");
  CHECK(VisibleText("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(VisibleText("\xf0\x9f\x98") == "\\xf0\\x9f\\x98");
}

TEST_CASE("the result is UTF-8 and safe already, whatever goes in") {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (int i = 255; i >= 0; --i) all.push_back(static_cast<char>(i));
  std::string shown = VisibleText(all);
  CHECK(IsUtf8(shown));
  CHECK(VisibleText(shown) == shown);
}

// ---- columns ----

TEST_CASE("wide characters count two columns and combining ones none") {
  CHECK(ColumnsOf("") == 0);
  CHECK(ColumnsOf("abc") == 3);
  CHECK(ColumnsOf("\u00e9") == 1);
  CHECK(ColumnsOf("e\u0301") == 1);
  CHECK(ColumnsOf("\u65e5\u672c") == 4);
  CHECK(ColumnsOf("\uac00\uff21") == 4);
  CHECK(ColumnsOf("\U0001f600\U00020000") == 4);
  CHECK(ColumnsOf("\u2026\u2713") == 2);
}

TEST_CASE("what fits stays whole and what does not ends in an ellipsis") {
  CHECK(FitColumns("abcde", 5) == "abcde");
  CHECK(FitColumns("abcdef", 5) == "abcd\u2026");
  CHECK(FitColumns("abc", 1) == "\u2026");
  CHECK(FitColumns("a", 1) == "a");
  CHECK(FitColumns("", 0) == "");
  CHECK(FitColumns("abc", 0) == "");
  CHECK(FitColumns("abc", -3) == "");
}

TEST_CASE("a wide character is never cut in half nor an accent torn off") {
  CHECK(FitColumns("\u65e5\u672c\u8a9e", 6) == "\u65e5\u672c\u8a9e");
  CHECK(FitColumns("\u65e5\u672c\u8a9e", 5) == "\u65e5\u672c\u2026");
  CHECK(FitColumns("\u65e5\u672c\u8a9e", 4) == "\u65e5\u2026");
  CHECK(FitColumns("e\u0301e\u0301e\u0301", 2) == "e\u0301\u2026");
}

TEST_CASE("a fitted text is never wider than asked for") {
  std::string text = "a\u65e5e\u0301\U0001f600b\xff\u672cc";
  for (int columns = 0; columns < 14; ++columns) {
    CAPTURE(columns);
    CHECK(ColumnsOf(FitColumns(text, columns)) <= columns);
  }
}

// ---- FormatCount ----

TEST_CASE("thousands are set apart") {
  CHECK(FormatCount(0) == "0");
  CHECK(FormatCount(999) == "999");
  CHECK(FormatCount(1'000) == "1,000");
  CHECK(FormatCount(1'234'567) == "1,234,567");
  CHECK(FormatCount(-999) == "-999");
  CHECK(FormatCount(-100'000) == "-100,000");
  CHECK(FormatCount(INT64_MIN) == "-9,223,372,036,854,775,808");
}

}  // namespace
}  // namespace muster
