// The catalogue of faults (faults.csv) names for each what is to be done about it and which tests
// show that it is. Here the catalogue itself is looked at: complete, and true of the tree.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/csv_rows.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

struct FaultRow {
  std::string id, fault, behaviour, tests, kind;
};

// How many faults each group has: workers, pipes, supervisor and disk, signals and terminal,
// network, input, money, security.
const std::map<char, int> kGroups = {{'A', 19}, {'B', 12}, {'C', 18}, {'D', 9},
                                     {'E', 22}, {'F', 9},  {'G', 6},  {'H', 14}};

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file, "cannot read " << path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<FaultRow> Catalogue() {
  std::vector<FaultRow> rows;
  CsvFile file = ReadCsv(fs::absolute("tests/faults.csv").string());
  CHECK(file.header == std::vector<std::string>{"id", "fault", "behaviour", "tests", "kind"});
  for (CsvRow& row : file.rows) {
    rows.push_back({row["id"], row["fault"], row["behaviour"], row["tests"], row["kind"]});
  }
  return rows;
}

// The names of a file's test cases: the literals after TEST_CASE(, joined.
std::set<std::string> CasesIn(const std::string& text) {
  std::set<std::string> cases;
  constexpr std::string_view kBegin = "TEST_CASE(";
  for (size_t at = 0; (at = text.find(kBegin, at)) != text.npos;) {
    at += kBegin.size();
    std::string name;
    for (;;) {
      at = text.find_first_not_of(" \n", at);
      if (at == text.npos || text[at] != '"') break;
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
        name += text[at];
      }
      ++at;
    }
    cases.insert(name);
  }
  return cases;
}

// "tests/a_test.cc: a case; tests/b_test.cc: another; make c" in its parts.
std::vector<std::string> PartsOf(const std::string& tests) {
  std::vector<std::string> parts;
  static const std::regex kBetween("; (?=tests/|make |scripts/)");
  for (std::sregex_token_iterator it(tests.begin(), tests.end(), kBetween, -1), end; it != end;
       ++it) {
    parts.push_back(*it);
  }
  return parts;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("faults: the catalogue has every fault of every group once, in order, in words") {
  std::map<char, int> counts;
  for (const FaultRow& row : Catalogue()) {
    CAPTURE(row.id);
    REQUIRE(row.id.size() >= 2);
    CHECK(row.id == row.id.substr(0, 1) + std::to_string(++counts[row.id[0]]));
    CHECK(row.fault.size() > 5);
    CHECK(row.behaviour.size() > 10);
    for (const std::string& text : {row.fault, row.behaviour, row.tests, row.kind}) {
      for (const char* unfinished : {"todo", "TODO", "tbd", "TBD", "???"}) {
        CHECK_FALSE(Contains(text, unfinished));
      }
    }
  }
  CHECK(counts == kGroups);
}

TEST_CASE("faults: every test that the catalogue names is there, under that name") {
  std::map<std::string, std::set<std::string>> cases;
  std::string makefile = TextOf("Makefile");
  for (const FaultRow& row : Catalogue()) {
    int tests = 0;
    for (const std::string& part : PartsOf(row.tests)) {
      CAPTURE(row.id);
      CAPTURE(part);
      if (part.starts_with("make ")) {
        CHECK(Contains(makefile, "\n.PHONY: " + part.substr(5) + "\n"));
        continue;
      }
      std::string file = part.substr(0, part.find(": "));
      REQUIRE(fs::exists(file));
      if (!file.ends_with("_test.cc")) continue;  // a script
      if (!cases.contains(file)) cases[file] = CasesIn(TextOf(file));
      CHECK(cases[file].contains(part.substr(std::min(file.size() + 2, part.size()))));
      ++tests;
    }
    bool reasoned = row.kind.starts_with("not-tested: ") && row.kind.size() > 30;
    CHECK_MESSAGE((row.kind == "test" || row.kind == "campaign" || reasoned), row.id);
    if (row.kind == "test") CHECK_MESSAGE(tests > 0, row.id);
  }
}

TEST_CASE("faults: a name that stands in no file would be noticed") {
  std::set<std::string> cases = CasesIn(TextOf("tests/faults_test.cc"));
  CHECK(cases.contains("faults: a name that stands in no file would be noticed"));
  CHECK_FALSE(cases.contains("faults: a name that stands in no"));
}

}  // namespace muster
