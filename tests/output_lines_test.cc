// Records as lines of CSV and JSON Lines.

#include "common/output_lines.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

Json Rows(const std::string& text) {
  auto rows = ParseRows(text);
  REQUIRE_MESSAGE(rows, rows.error());
  return *rows;
}

Output Table(bool csv, bool safe = false) {
  Output output;
  (csv ? output.csv : output.jsonl) = TextSource{"x", "test:1"};
  output.spreadsheet_safe = safe;
  return output;
}

const char* const kRecord =
    R"({"columns":["a","b"],"rows":[["x,y",-12],["say \"hi\"",null],["",[1,"z"]],[true]]})";

TEST_CASE("output lines: CSV keeps texts, signs and digits, and quotes what must be quoted") {
  CHECK(TableLines(Rows(kRecord), Table(true), true) ==
        "a,b\n\"x,y\",-12\n\"say \"\"hi\"\"\",\n,\"[1,\"\"z\"\"]\"\ntrue,\n");
  CHECK(TableLines(Rows(R"({"columns":["n"],"rows":[[-0.125],[9007199254740993]]})"), Table(true),
                   false) == "-0.125\n9007199254740993\n");
}

TEST_CASE("output lines: formulas are guarded only where asked, numbers never") {
  const char* record = R"({"columns":["=c"],"rows":[["=1+1"],["-5"],[-5],["@x"]]})";
  CHECK(TableLines(Rows(record), Table(true), true) == "=c\n=1+1\n-5\n-5\n@x\n");
  CHECK(TableLines(Rows(record), Table(true, true), true) == "'=c\n'=1+1\n-5\n-5\n'@x\n");
}

TEST_CASE("output lines: JSON Lines has an object a row, of the columns it has") {
  CHECK(TableLines(Rows(kRecord), Table(false), true) ==
        "{\"a\":\"x,y\",\"b\":-12}\n{\"a\":\"say \\\"hi\\\"\",\"b\":null}\n"
        "{\"a\":\"\",\"b\":[1,\"z\"]}\n{\"a\":true}\n");
}

TEST_CASE("output lines: a record fits the columns of its file, by name") {
  std::vector<std::string> columns{"z"};
  Json first = Rows(R"({"columns":["b","a","b"],"rows":[["1","2","3"]]})");
  CHECK(AddColumns(first, &columns));
  CHECK(columns == std::vector<std::string>{"z", "b", "a"});
  CHECK_FALSE(AddColumns(first, &columns));
  CHECK(CsvRows(first, columns, false) == ",1,2\n");
  CHECK(CsvRows(Rows(R"({"columns":[],"rows":[]})"), columns, false) == "");
}

TEST_CASE("output lines: what is no table is refused") {
  for (const char* text :
       {"", "text", "[]", "{}", R"({"columns":["a"]})", R"({"columns":[1],"rows":[]})",
        R"({"columns":["a"],"rows":["x"]})", R"({"columns":["a"],"rows":[["1","2"]]})"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRows(text));
  }
}

}  // namespace
}  // namespace muster
