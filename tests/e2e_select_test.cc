// Which items a run does, with how many workers, and how much it shows.

#include <algorithm>

#include "tests/workplace.h"

namespace muster {
namespace {

// A config of `items` numbered items with one question each, on the mock.
void WriteNumbers(const Workplace& place, int items) {
  place.Write("numbers.yaml", "name: numbers\nitems: {range: 1.." + std::to_string(items) +
                                  "}\nproviders:\n  mock: {api: mock, mock: {latency: 1ms..2ms}}\n"
                                  "steps:\n  - id: ask\n    chat: {model: mock/gpt-5.1, user: "
                                  "\"Question {{item.number}}\"}\noutputs:\n"
                                  "  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n");
}

std::vector<std::string> Done(const Json& status) {
  std::vector<std::string> ids;
  for (const Json& item : status["items"]) {
    if (item["status"] == "done") ids.push_back(item["id"].get<std::string>());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("e2e: --only, --limit and --range select, one after another, until all is done") {
  Workplace place(6);
  std::vector<std::string> ids = place.Ids();
  ChildEnd end = place.RunToEnd({"--only", ids[4], "--only", ids[1]});
  REQUIRE_MESSAGE(end.code == 0, end.err);
  CHECK(Has(end.out, "6 items found, 2 selected, 2 to do with 2 workers"));
  CHECK(Done(place.Status()) == std::vector{ids[1], ids[4]});

  CHECK(place.RunToEnd({"--limit", "2"}).code == 0);
  CHECK(Done(place.Status()) == std::vector{ids[0], ids[1], ids[4]});

  CHECK(place.RunToEnd({"--range", "3..4"}).code == 0);
  CHECK(Done(place.Status()) == std::vector{ids[0], ids[1], ids[2], ids[3], ids[4]});

  ChildEnd rest = place.RunToEnd();
  CHECK(rest.code == 0);
  CHECK(Has(rest.out, "6 items found, 5 already done, 1 to do with 1 worker"));
  CHECK(Done(place.Status()) == ids);
  CHECK(CountIn(place.Status(), "totals", "calls") == 6 * 8);

  ChildEnd done = place.RunToEnd({"--limit", "2"});
  CHECK(done.out == "nothing to do: all 2 selected items are done; no calls were made\n");
  ChildEnd none = place.RunToEnd({"--range", "50..60"});
  CHECK(none.code == 0);
  CHECK(Has(none.out, "none of the 6 items is selected"));
}

TEST_CASE("e2e: of numbered items, --range means the numbers") {
  Workplace place(1);
  WriteNumbers(place, 30);
  CHECK(RunChild(place.Muster({"run", "numbers.yaml", "--range", "9..11"})).code == 0);
  CHECK(Done(place.Status("runs/numbers")) == std::vector<std::string>{"10", "11", "9"});
}

TEST_CASE("e2e: --workers says how many processes there are, never more than items") {
  FakeServer server(R"({"rules": [{"action": {"hang": true}}]})");
  Workplace place(3);
  place.Ask(server);
  for (auto [asked, there] : {std::pair{"2", 2u}, std::pair{"9", 3u}, std::pair{"1", 1u}}) {
    Child run(place.Run({"--workers", asked, "--run", std::string("runs/") + asked}));
    int64_t before = server.Book("asked");
    REQUIRE(run.ReadUntil([&] { return server.Book("asked") == before + there; }));
    CHECK(run.Workers().size() == there);
    CHECK(Has(run.out(), "with " + std::to_string(there) + " worker"));
  }
}

TEST_CASE("e2e: --sequential does one item after another and shows every step") {
  Workplace place(2);
  ChildEnd end = place.RunToEnd({"--sequential"});
  REQUIRE_MESSAGE(end.code == 0, end.err);
  CHECK(Has(end.out, "2 to do with 1 worker "));
  size_t last = 0;
  for (const std::string& id : place.Ids()) {
    for (const char* step : {"chunks[1-income]", "chunks[7-attitude-to-risk]", "transcript"}) {
      size_t at = end.out.find("[" + id + "] " + std::string(step) + ": answer of ");
      REQUIRE_MESSAGE(at != std::string::npos, id << " " << step);
      CHECK(at > last);
      last = at;
    }
  }
}

TEST_CASE("e2e: --verbose shows every step of all workers") {
  Workplace place(2);
  ChildEnd end = place.RunToEnd({"--verbose"});
  REQUIRE(end.code == 0);
  CHECK(Has(end.out, "with 2 workers"));
  int answers = 0;
  for (const std::string& line : LinesOf(end.out)) answers += Has(line, ": answer of ");
  CHECK(answers == 16);
}

TEST_CASE("e2e: --output-dir and --run put things where they say") {
  Workplace place(1);
  REQUIRE(place.RunToEnd({"--run", "here/run", "--output-dir", "there"}).code == 0);
  CHECK(std::filesystem::exists(place / "here/run/ledger.sqlite"));
  CHECK(place.FilesIn("there").size() == 1);
  CHECK_FALSE(std::filesystem::exists(place / "runs"));
}

TEST_CASE("e2e: two hundred items with a few workers, each once") {
  Workplace place(1);
  WriteNumbers(place, 200);
  ChildEnd end = RunChild(place.Muster({"run", "numbers.yaml", "-j", "4"}));
  REQUIRE_MESSAGE(end.code == 0, end.err);
  CHECK(Has(end.out, "all 200 items are done"));
  Json status = place.Status("runs/numbers");
  CHECK(CountIn(status, "totals", "tries") == 200);
  for (const Json& item : status["items"]) CHECK(item["attempts"] == 1);
  CHECK(LinesOf(end.out).size() < 600);
}

}  // namespace muster
