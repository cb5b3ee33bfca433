#include "common/tables/jsonl.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/config_testing.h"

namespace muster {
namespace {

// Each object with its line; or the error alone.
std::vector<std::string> Lines(const std::string& bytes) {
  ConfigFolder folder;
  folder.Write("t.jsonl", bytes);
  auto reader = JsonlReader::Open(folder.path(), "t.jsonl");
  if (!reader) return {reader.error()};
  std::vector<std::string> lines;
  for (;;) {
    auto line = reader->Next();
    if (!line) return {line.error()};
    if (!*line) return lines;
    lines.push_back(std::to_string((*line)->line) + " " + DumpJson((*line)->object));
  }
}

std::string ErrorOf(const std::string& bytes) {
  auto lines = Lines(bytes);
  REQUIRE(lines.size() == 1);
  return lines[0];
}

using Found = std::vector<std::string>;

TEST_CASE("an object a line, blank lines skipped, the last line break may be missing") {
  CHECK(Lines("{\"a\":1}\n{\"b\":[2]}\n") == Found{"1 {\"a\":1}", "2 {\"b\":[2]}"});
  CHECK(Lines("\n \t\r\n{\"a\":1}\r\n\n{\"b\":2}") == Found{"3 {\"a\":1}", "5 {\"b\":2}"});
  CHECK(Lines("\xEF\xBB\xBF{}") == Found{"1 {}"});
  CHECK(Lines(" { \"a\" : \"\\n{}\" } ") == Found{"1 {\"a\":\"\\n{}\"}"});
  CHECK(Lines("").empty());
  CHECK(Lines("\n\n").empty());
}

TEST_CASE("numbers keep every digit or are refused") {
  CHECK(Lines(R"({"a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615})") ==
        Found{R"(1 {"a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615})"});
  CHECK(Lines(R"({"a":1e30,"b":0.1,"c":123456789012345678901234.5,"d":"18446744073709551616"})")
            .size() == 1);
  CHECK(Lines(R"({"\"18446744073709551616":"\\"})").size() == 1);
  const char* error =
      "t.jsonl:2: the number 18446744073709551616 is too large to be exact; write it as a text, in "
      "quotes";
  CHECK(ErrorOf("{}\n{\"a\":18446744073709551616}") == error);
  CHECK(ErrorOf("{}\n{\"a\":[\"\\\"\",{\"b\": 18446744073709551616 }]}") == error);
  CHECK(ErrorOf("{\"a\":-9223372036854775809}").find("-9223372036854775809 is too large") !=
        std::string::npos);
  CHECK(ErrorOf("{\"a\":" + std::string(300, '7') + "}").find("777… is too large") !=
        std::string::npos);
  CHECK(ErrorOf("{\"a\":1e999}").starts_with("t.jsonl:1: not JSON"));
  std::string overflow = ErrorOf("{\"a\":" + std::string(50'000, '7') + "}");
  CHECK(overflow.starts_with("t.jsonl:1: not JSON"));
  CHECK(overflow.size() < 400);
}

TEST_CASE("anything but one object is a mistake that names file and line") {
  struct Case {
    const char* line;
    const char* error;
  };
  const Case cases[] = {
      {"{\"a\":1} {\"b\":2}", "not JSON: syntax error at byte 9; a line holds one JSON object"},
      {"{\"a\":1},", "not JSON: syntax error at byte 8"},
      {"{\"a\":", "not JSON: syntax error at byte 6"},
      {"{\"a\":1}x", "not JSON: syntax error at byte 8"},
      {"{'a':1}", "not JSON: syntax error at byte 2"},
      {"{\"a\":NaN}", "not JSON"},
      {"{\"a\":1,\"a\":2}", "duplicate key \"a\""},
      {"[1]", "a list, where a JSON object is expected"},
      {"5", "a number, where a JSON object is expected"},
      {"\"x\"", "a text, where a JSON object is expected"},
      {"null", "null, where a JSON object is expected"},
      {"{\"a\":\"\xE4\"}", "byte 10 of the file (0xE4) is not UTF-8; save the file as UTF-8"}};
  for (const Case& each : cases) {
    CAPTURE(each.line);
    std::string error = ErrorOf("{}\n" + std::string(each.line) + "\n{}\n");
    CAPTURE(error);
    CHECK(error.starts_with("t.jsonl:2: "));
    CHECK(error.find(each.error) != std::string::npos);
  }
  CHECK(ErrorOf(std::string("{}\0", 3)) == "t.jsonl:1: byte 3 of the file is NUL; a table is text");
  CHECK(ErrorOf("{\"a\":" + std::string(100'000, '[')).find("nested deeper than 128 levels") !=
        std::string::npos);
}

TEST_CASE("lines longer than a piece of the file are read, over 16 MB refused") {
  std::string text(200'000, 'x');
  auto lines = Lines("{}\n{\"a\":\"" + text + "\"}\n{\"b\":1}\n");
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == "2 {\"a\":\"" + text + "\"}");
  CHECK(lines[2] == "3 {\"b\":1}");
  CHECK(ErrorOf("{}\n{\"a\":\"" + std::string(kMaxRecord, 'x') + "\"}\n") ==
        "t.jsonl:2: the line is over 16 MB");
  CHECK(ErrorOf("{}\n" + std::string(kMaxRecord + 1, ' ')) == "t.jsonl:2: the line is over 16 MB");
}

TEST_CASE("what is no regular file is refused at once") {
  ConfigFolder folder;
  auto error = [&](const std::string& path) {
    auto reader = JsonlReader::Open(folder.path(), path);
    return reader ? "" : reader.error();
  };
  CHECK(error("none.jsonl") == "none.jsonl: no such file");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(error("pipe") == "pipe: not a file");
}

}  // namespace
}  // namespace muster
