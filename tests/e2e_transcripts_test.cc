// The transcripts config with a hundred personas, parts of them, and what can be done with a run
// that has ended.

#include <algorithm>
#include <set>

#include "tests/csv_rows.h"
#include "tests/workplace.h"

namespace muster {
namespace {

constexpr const char* kDone = "runs/transcripts/transcripts";
constexpr int kMany = 102;

std::set<std::string> IdsWith(const Json& status, const std::string& word) {
  std::set<std::string> ids;
  for (const Json& item : status["items"]) {
    if (item["status"] == word) ids.insert(item["id"].get<std::string>());
  }
  return ids;
}

// muster export, which must do well.
std::string Export(const Workplace& place, const Args& more = {}) {
  ChildEnd end = RunChild(place.Muster(Args{"export", "runs/transcripts"} + more));
  REQUIRE_MESSAGE(end.code == 0, end.err);
  return end.out;
}

}  // namespace

TEST_CASE("e2e: a hundred and two personas, and their transcripts again from the ledger") {
  Workplace place;
  ChildOptions python;
  python.argv = {"python3", "transcripts/make-personas.py", "--count", std::to_string(kMany)};
  python.cwd = place.folder().path();
  ChildEnd made = RunChild(python);
  REQUIRE_MESSAGE(made.code == 0, made.err);
  ChildOptions run =
      place.Run({"--set", "personas=personas-102", "--workers", "8", "--set",
                 "providers.mock.api=mock", "--set", "providers.mock.mock.latency=1ms"});
  run.deadline = std::chrono::seconds(100);
  ChildEnd end = RunChild(run);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  Json status = place.Status();
  CHECK(CountIn(status, "counts", "done") == kMany);
  CHECK(CountIn(status, "totals", "calls") == kMany * 8);
  Files files = place.FilesIn(kDone);
  CHECK(files.size() == kMany);
  std::set<std::string> ids = IdsWith(status, "done");
  for (const auto& [name, text] : files) {
    std::string id = name.substr(0, name.size() - 4);
    CHECK(ids.contains(id));
    CHECK(text.starts_with("Persona: " + id + "\n"));
    CHECK_FALSE(Has(text, "Client: \n"));
  }

  std::vector<std::string> lines = LinesOf(Export(place));
  REQUIRE(lines.size() == kMany);
  int64_t input = 0;
  std::string all;  // in the order of the items
  for (const std::string& line : lines) {
    auto item = ParseJson(line);
    REQUIRE(item);
    std::string id = StringMember(*item, "id"), path = "transcripts/" + id + ".txt";
    CHECK(StringMember(*item, "status") == "done");
    CHECK((StringMember((*item)["outputs"], path) == files[id + ".txt"]));
    input += (*item)["tokens"]["input"].get<int64_t>();
    all += files[id + ".txt"];
  }
  CHECK(input == CountIn(status, "totals", "input_tokens"));
  place.Write("all.csv", Export(place, {"--format", "csv"}));
  std::map<std::string, CsvRow> rows = RowsBy("id", ReadCsv(place / "all.csv"));
  CHECK(rows.size() == kMany);
  int64_t output = 0;
  for (const auto& [id, row] : rows) {
    CHECK(row.at("calls") == "8");
    output += std::stoll(row.at("output_tokens"));
  }
  CHECK(output == CountIn(status, "totals", "output_tokens"));
  // As text they come one behind the other, in the order in which they were done.
  std::string text = Export(place, {"--format", "text"});
  CHECK(text.size() == all.size());
  for (const auto& [name, each] : files) CHECK((Has(text, each)));

  Export(place, {"--to", "again"});
  CHECK((place.FilesIn("again/transcripts") == files));
  ChildEnd clean = RunChild(place.Muster({"clean", "runs/transcripts"}));
  CHECK_MESSAGE(clean.code == 0, clean.err);
  CHECK((place.FilesIn(kDone) == files));
  CHECK(CountIn(place.Status(), "counts", "done") == kMany);
}

TEST_CASE(
    "e2e: transcripts that are there from elsewhere are skipped, with nothing spent on them") {
  Workplace place(3);
  std::vector<std::string> ids = place.Ids();
  place.Write("out/transcripts/" + ids[1] + ".txt", "mine\n");
  ChildEnd end = place.RunToEnd(kQuickly + Args{"--output-dir", "out"});
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  Json status = place.Status();
  CHECK(IdsWith(status, "skipped") == std::set{ids[1]});
  CHECK(IdsWith(status, "done") == std::set{ids[0], ids[2]});
  CHECK(CountIn(status, "totals", "calls") == 2 * 8);
  CHECK(place.FilesIn("out/transcripts").size() == 3);
  CHECK(place.Read("out/transcripts/" + ids[1] + ".txt") == "mine\n");
  // Its own are no others': nothing is left to do.
  ChildEnd again = place.RunToEnd(kQuickly + Args{"--output-dir", "out"});
  CHECK_MESSAGE(again.code == 0, again.out << again.err);
  CHECK(CountIn(place.Status(), "totals", "calls") == 2 * 8);
}

TEST_CASE("e2e: --where takes those of a kind, --sample so many by chance, by its seed alone") {
  Workplace place;
  REQUIRE(place.RunToEnd(kQuickly + Args{"--where", "item.type==\"farming couple\""}).code == 0);
  CHECK(IdsWith(place.Status(), "done") == std::set<std::string>{"hill_farmers_10"});

  auto sampled = [&](const std::string& run, const Args& which) {
    ChildEnd end = place.RunToEnd(kQuickly + Args{"--run", run, "--workers", "3"} + which);
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    return IdsWith(place.Status(run), "done");
  };
  std::set<std::string> first = sampled("runs/a", {"--sample", "3", "--seed", "1"});
  CHECK(first.size() == 3);
  CHECK(sampled("runs/b", {"--sample", "3", "--seed", "1"}) == first);
  CHECK(sampled("runs/c", {"--sample", "3", "--seed", "2"}) != first);
  // Of those that --where leaves.
  std::set<std::string> some =
      sampled("runs/d", {"--where", "item.id in [\"gig_worker_09\", \"nhs_doctor_06\"]", "--sample",
                         "1", "--seed", "1"});
  REQUIRE(some.size() == 1);
  CHECK((some.contains("gig_worker_09") || some.contains("nhs_doctor_06")));
}

}  // namespace muster
