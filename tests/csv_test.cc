#include "common/tables/csv.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <random>

#include "common/json.h"
#include "common/text.h"
#include "tests/config_testing.h"

namespace muster {
namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

// Header and records of a file; or its error, alone in a row.
Rows ReadAll(const ConfigFolder& folder, const std::string& name, char delimiter = ',') {
  auto reader = CsvReader::Open(folder.path(), name, delimiter);
  if (!reader) return {{reader.error()}};
  Rows rows{reader->header()};
  for (;;) {
    auto record = reader->Next();
    if (!record) return {{record.error()}};
    if (!*record) return rows;
    CHECK((*record)->number == static_cast<int64_t>(rows.size()));
    rows.push_back(std::move((*record)->values));
  }
}

Rows Table(const std::string& bytes, char delimiter = ',') {
  ConfigFolder folder;
  folder.Write("t.csv", bytes);
  return ReadAll(folder, "t.csv", delimiter);
}

std::string ErrorOf(const std::string& bytes) {
  Rows rows = Table(bytes);
  CAPTURE(rows.size());
  REQUIRE(rows.size() == 1);
  return rows[0][0];
}

std::string Written(const Rows& rows) {
  std::string lines;
  for (const Row& row : rows) lines += CsvLine(row);
  return lines;
}

TEST_CASE("a table reads as RFC 4180 has it") {
  CHECK(Table("a,b\n1,2\n") == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(Table("a,b\r\n1,2\r\n") == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(Table("a,b\n1,2") == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(Table("a,b\r\n1,2\r") == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(Table("\xEF\xBB\xBF"
              "a,b\n1,2\n") == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(Table("a;b\n1,5;2\n", ';') == Rows{{"a", "b"}, {"1,5", "2"}});
  CHECK(Table("a\tb\n1\t\n", '\t') == Rows{{"a", "b"}, {"1", ""}});
  CHECK(Table("a,b\n,\n\"\",\"\"\n") == Rows{{"a", "b"}, {"", ""}, {"", ""}});
  CHECK(Table("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n") == Rows{{"a", "b"}, {"x,y", "say \"hi\""}});
  CHECK(Table("a,b\n\"1\r\n2\n\n3\",\"\r\"\n") == Rows{{"a", "b"}, {"1\r\n2\n\n3", "\r"}});
  CHECK(Table("\"a b\",\"c\"\"\"\n1,2\n") == Rows{{"a b", "c\""}, {"1", "2"}});
  CHECK(Table("a,b\n 1 ,5\" pipe\n") == Rows{{"a", "b"}, {" 1 ", "5\" pipe"}});
  CHECK(Table("a,b\n\"\"\"\",\"\"\"\"\"\"") == Rows{{"a", "b"}, {"\"", "\"\""}});
  CHECK(Table("ä,😀\nñ,\"\u4e2d\"\n") == Rows{{"ä", "😀"}, {"ñ", "\u4e2d"}});
  CHECK(Table("a\n") == Rows{{"a"}});
  CHECK(Table("a") == Rows{{"a"}});
}

TEST_CASE("lines without any character are no records, an empty value in quotes is one") {
  CHECK(Table("\n\r\na\n\n1\n\r\n\n2\n\n") == Rows{{"a"}, {"1"}, {"2"}});
  CHECK(Table("a\n\"\"\n \n\"\"") == Rows{{"a"}, {""}, {" "}, {""}});
  CHECK(Table("a\n1\n\r") == Rows{{"a"}, {"1"}});
}

TEST_CASE("a record says where it begins and which one it is") {
  ConfigFolder folder;
  folder.Write("t.csv", "\na,b\n\n\"1\n2\",x\r\n\n3,\"\n\n\"\n4,5");
  auto reader = CsvReader::Open(folder.path(), "t.csv");
  REQUIRE(reader.ok());
  for (auto [line, number] : {std::pair{4, 1}, {7, 2}, {10, 3}}) {
    auto record = reader->Next();
    REQUIRE(record.ok());
    REQUIRE(*record);
    CHECK((*record)->line == line);
    CHECK((*record)->number == number);
  }
  CHECK_FALSE(*reader->Next());
  CHECK_FALSE(*reader->Next());
}

TEST_CASE("mistakes name the file, the line and the record") {
  CHECK(ErrorOf("") == "t.csv:1: the file is empty; its first line names the columns");
  CHECK(ErrorOf("\n\r\n") == "t.csv:1: the file is empty; its first line names the columns");
  CHECK(ErrorOf("\xEF\xBB\xBF") == "t.csv:1: the file is empty; its first line names the columns");
  CHECK(ErrorOf("a,,c\n") == "t.csv:1: column 2 has no name");
  CHECK(ErrorOf("\na,\n") == "t.csv:2: column 2 has no name");
  CHECK(ErrorOf("a,b,a\n") == "t.csv:1: two columns have the name \"a\"");
  CHECK(ErrorOf("a,b\n1,2\n\n3\n") == "t.csv:4: record 2: 1 value, where the header has 2");
  CHECK(ErrorOf("a,b\n1,2,3,\n") == "t.csv:2: record 1: 4 values, where the header has 2");
  CHECK(ErrorOf("a\n1\n\"2\n3\n4") == "t.csv:3: record 2: a quote opens here and is never closed");
  CHECK(ErrorOf("a,b\n\"1\n2\",\"3\n") ==
        "t.csv:3: record 1, which begins in line 2: a quote opens here and is never closed");
  CHECK(ErrorOf("\"a\n1\n") == "t.csv:1: the header: a quote opens here and is never closed");
  CHECK(ErrorOf("a\n\"1\" x\n") ==
        "t.csv:2: record 1: text follows a closing quote; a quote inside of quotes is written "
        "twice");
  CHECK(ErrorOf("a\n1\rx\n") ==
        "t.csv:2: record 1: a carriage return without a line feed; lines end with LF or CRLF");
  CHECK(ErrorOf(std::string("a,b\n1,2\n3,\0\n", 12)) ==
        "t.csv:3: record 2: byte 11 of the file is NUL; a table is text");
  CHECK(ErrorOf("\xEF\xBB\xBF"
                "a,b\n1,gr\xFC\xDF\n") ==
        "t.csv:2: record 1: byte 12 of the file (0xFC) is not UTF-8; save the file as UTF-8");
  CHECK(ErrorOf("\xFF\xFE"
                "a") ==
        "t.csv:1: the header: byte 1 of the file (0xFF) is not UTF-8; save the file as UTF-8");
}

TEST_CASE("what is no regular file is refused at once") {
  ConfigFolder folder;
  CHECK(ReadAll(folder, "none.csv") == Rows{{"none.csv: no such file"}});
  CHECK(ReadAll(folder, ".") == Rows{{".: not a file"}});
  CHECK(ReadAll(folder, "") == Rows{{"the name of the file is empty"}});
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(ReadAll(folder, "pipe") == Rows{{"pipe: not a file"}});
  CHECK(ReadAll(folder, "/dev/zero") == Rows{{"/dev/zero: not a file"}});
  CHECK(ReadAll(folder, "a\x1b[2J") == Rows{{"a\\x1b[2J: no such file"}});
}

TEST_CASE("a record of 16 MB is read, more is refused, and so are too many columns") {
  std::string large(kMaxRecord - 10, 'x');
  Rows rows = Table("a,b\n" + large + ",1\n" + "\"" + large + "\",\"\"\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[1][0].size() == large.size());
  CHECK(rows[2] == Row{large, ""});
  large.resize(kMaxRecord + 1, 'x');
  const char* over = "t.csv:2: record 1: over 16 MB; perhaps a quote is not closed";
  CHECK(ErrorOf("a\n" + large + "\n") == over);
  CHECK(ErrorOf("a\n\"" + large + large) == over);
  std::string columns(kMaxColumns, ',');
  CHECK(ErrorOf(columns + "\n") == "t.csv:1: the header: over 16384 columns");
  CHECK(ErrorOf("a\n" + std::string(1'000'000, ',') + "\n") ==
        "t.csv:2: record 1: 1000001 values, where the header has 1");
}

TEST_CASE("pieces of the file may end anywhere in a record") {
  const std::string tricky = "\"q\"\"\r\n\",x\r\n\r\n\"\",\"é\"\n";
  for (size_t before = 64 * 1024 - 24; before <= 64 * 1024 + 2; ++before) {
    CAPTURE(before);
    std::string first = "a,b\n" + std::string(before - 7, '.') + ",1\n";
    Rows rows = Table(first + tricky + "last,1\n");
    REQUIRE(rows.size() == 5);
    CHECK(rows[2] == Row{"q\"\r\n", "x"});
    CHECK(rows[3] == Row{"", "é"});
    CHECK(rows[4] == Row{"last", "1"});
  }
}

TEST_CASE("a file that grows is read as it was when it was opened") {
  ConfigFolder folder;
  folder.Write("t.csv", "a\n1\n");
  auto reader = CsvReader::Open(folder.path(), "t.csv");
  REQUIRE(reader.ok());
  std::ofstream(folder / "t.csv", std::ios::app) << "2\n";
  CHECK((*reader->Next())->values == Row{"1"});
  CHECK_FALSE(*reader->Next());
}

TEST_CASE("values are quoted where they must be") {
  CHECK(CsvLine({"a", "b c", "-1"}) == "a,b c,-1\n");
  CHECK(CsvLine({"a,b", "say \"hi\"", "1\n2", "\r"}) ==
        "\"a,b\",\"say \"\"hi\"\"\",\"1\n2\",\"\r\"\n");
  CHECK(CsvLine({" a", "b "}) == "\" a\",\"b \"\n");
  CHECK(CsvLine({""}) == "\"\"\n");
  CHECK(CsvLine({"", ""}) == ",\n");
  CHECK(CsvLine({std::string("a\0b", 3), "x\xFFy"}) ==
        "a\uFFFD"
        "b,x\uFFFDy\n");
}

TEST_CASE("formulas are guarded where it is asked for, numbers keep their signs") {
  auto guarded = [](const std::string& value) {
    CHECK(CsvLine({value, "x"}) == CsvLine({value, "x"}, false));
    std::string line = CsvLine({value, "x"}, true);
    return line.substr(0, line.size() - 3);
  };
  CHECK(guarded("=1+2") == "'=1+2");
  CHECK(guarded("=cmd|'/c calc'!A1") == "'=cmd|'/c calc'!A1");
  CHECK(guarded("@SUM(A1)") == "'@SUM(A1)");
  CHECK(guarded("-1+2") == "'-1+2");
  CHECK(guarded("-inf") == "'-inf");
  CHECK(guarded("+") == "'+");
  CHECK(guarded("-") == "'-");
  CHECK(guarded("+-1") == "'+-1");
  CHECK(guarded("\tx") == "'\tx");
  CHECK(guarded("\rx") == "\"'\rx\"");
  CHECK(guarded("=\"a\"") == "\"'=\"\"a\"\"\"");
  for (const char* same : {"-1", "+1", "-0.5", "+1e-5", "-1e999", "a=b", "", "5", " =1"}) {
    CAPTURE(same);
    CHECK(CsvLine({same, "x"}, true) == CsvLine({same, "x"}, false));
  }
}

// ---- by chance, but always the same ----

std::string HostileText(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"\"",     "\"\"", ",",
                                                   "\n",     "\r\n", "\r",
                                                   " ",      "'",    "a",
                                                   "é",      "😀",    "\t",
                                                   ";",      "=",    "\xEF\xBB\xBF",
                                                   "\\",     "\"\n", "x,y",
                                                   "\u2028", "0",    "long long text"};
  std::string text;
  for (size_t n = random() % 6; n > 0; --n) text += kPieces[random() % kPieces.size()];
  return text;
}

Rows HostileTable(std::mt19937& random, size_t most_rows) {
  size_t columns = 1 + random() % 5;
  Rows rows(1 + random() % most_rows);
  for (Row& row : rows) {
    for (size_t i = 0; i < columns; ++i) row.push_back(HostileText(random));
  }
  for (size_t i = 0; i < columns; ++i)
    rows[0][i] += std::to_string(i);  // names: none empty, no two
  return rows;
}

TEST_CASE("what CsvLine writes reads as it was, for 300 hostile tables") {
  std::mt19937 random(20);
  ConfigFolder folder;
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    Rows rows = HostileTable(random, round % 50 == 0 ? 4000 : 30);
    folder.Write("t.csv", Written(rows));
    bool same = ReadAll(folder, "t.csv") == rows;
    CHECK(same);
  }
}

// What a shell command prints.
std::string Printed(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  REQUIRE(pipe);
  std::string text;
  char piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, pipe.get())) > 0;) text.append(piece, n);
  return text;
}

TEST_CASE("python reads what CsvLine writes, and CsvReader what python writes") {
  if (Printed("python3 -c 'print(1)' 2>/dev/null") != "1\n") return;  // it is not here
  std::mt19937 random(21);
  Rows rows = HostileTable(random, 3000);
  while (rows.size() < 500) rows.push_back(rows[random() % rows.size()]);
  ConfigFolder folder;
  folder.Write("ours.csv", Written(rows));
  folder.Write("rows.json", DumpJson(Json(rows)));
  folder.Write("oracle.py", R"(import csv, json
read = list(csv.reader(open('ours.csv', encoding='utf-8', newline=''), strict=True))
expected = json.load(open('rows.json', encoding='utf-8'))
print('same' if read == expected else 'different')
for name, end, quoting in (('lf.csv', '\n', csv.QUOTE_ALL), ('crlf.csv', '\r\n', csv.QUOTE_MINIMAL)):
    with open(name, 'w', encoding='utf-8', newline='') as file:
        csv.writer(file, lineterminator=end, quoting=quoting).writerows(expected)
)");
  CHECK(Printed("cd '" + folder.path() + "' && python3 oracle.py 2>&1") == "same\n");
  bool lf = ReadAll(folder, "lf.csv") == rows, crlf = ReadAll(folder, "crlf.csv") == rows;
  CHECK(lf);
  CHECK(crlf);
}

TEST_CASE("any bytes are a table or a mistake with a place") {
  std::mt19937 random(22);
  static constexpr char kBytes[] = "\"\"\",,\n\n\rab \0\xEF\xBB\xBF\xC3\xFF";
  const std::string alphabet(kBytes, sizeof kBytes - 1);
  ConfigFolder folder;
  int tables = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = round % 2 ? "a,b\n" : "";
    for (size_t n = random() % 24; n > 0; --n) bytes += alphabet[random() % alphabet.size()];
    CAPTURE(bytes);
    folder.Write("t.csv", bytes);
    Rows rows = ReadAll(folder, "t.csv");
    bool mistake = rows.size() == 1 && rows[0].size() == 1 && rows[0][0].starts_with("t.csv:");
    for (const Row& row : rows) CHECK((mistake || row.size() == rows[0].size()));
    tables += mistake ? 0 : 1;
  }
  CHECK(tables > 50);
}

}  // namespace
}  // namespace muster
