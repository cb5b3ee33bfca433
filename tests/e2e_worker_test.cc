// muster-worker in the foreground: one item, every step shown, no supervisor.

#include "tests/workplace.h"

namespace muster {
namespace {

const std::string kItem = "adopting_couple_12";  // the first of all

Args OnItem(const Args& more = {}) { return Args{kTranscripts, "--item", kItem} + more; }

}  // namespace

TEST_CASE(
    "e2e: muster-worker shows every step of one item, says what it can cost, writes nothing") {
  Workplace place(3);
  ChildEnd end = RunChild(place.Worker(OnItem()));
  REQUIRE_MESSAGE(end.code == 0, end.err);
  CHECK(end.err == "");
  size_t last = 0;
  for (const char* step : {"chunks[1-income]", "chunks[7-attitude-to-risk]", "transcript"}) {
    size_t worst = end.out.find(std::string(step) + " · at most $");
    size_t answer = end.out.find(std::string(step) + " · answer of ");
    REQUIRE(worst != std::string::npos);
    REQUIRE(answer != std::string::npos);
    CHECK(last < worst);
    CHECK(worst < answer);
    last = answer;
  }
  CHECK(Has(end.out, "✓ [" + kItem + "] done · 8 calls"));
  CHECK(Has(end.out, " simulated · "));
  CHECK_FALSE(std::filesystem::exists(place / "runs"));
}

TEST_CASE("e2e: muster-worker --json prints one object with calls, costs and outputs") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = RunChild(place.Worker(OnItem(Args{"--json"} + place.asking())));
  REQUIRE_MESSAGE(end.code == 0, end.err);
  auto report = ParseJson(end.out);
  REQUIRE_MESSAGE(report, end.out);
  CHECK((*report)["item"] == kItem);
  CHECK((*report)["outcome"] == "done");
  CHECK((*report)["simulated"] == false);
  CHECK((*report)["calls"].size() == 8);
  CHECK(IntMember(*report, "picodollars") == server.Book("picodollars"));
  CHECK(CountIn(*report, "usage", "input") == server.Book("input"));
  CHECK(CountIn(*report, "usage", "cached") == server.Book("cached"));
  CHECK(CountIn(*report, "usage", "output") == server.Book("output"));
  CHECK(CountIn(*report, "usage", "reasoning") == server.Book("reasoning"));
  REQUIRE((*report)["outputs"].size() == 1);
  std::string text = StringMember((*report)["outputs"][0], "text");
  CHECK(text.starts_with("Persona: " + kItem));

  SUBCASE("and --write beside it leaves stdout a JSON text, and the same bytes in the file") {
    ChildEnd wrote = RunChild(place.Worker(OnItem(Args{"--json", "--write"} + place.asking())));
    CHECK(wrote.code == 0);
    CHECK(ParseJson(wrote.out));
    CHECK(place.Read("runs/transcripts/transcripts/" + kItem + ".txt") == text);
  }
  SUBCASE("a run of the same item writes the same output") {
    REQUIRE(place.RunToEnd({"--only", kItem}).code == 0);
    CHECK(place.Read("runs/transcripts/transcripts/" + kItem + ".txt") == text);
  }
}

TEST_CASE("e2e: muster-worker --write names the file it wrote") {
  Workplace place(1);
  ChildEnd end = RunChild(place.Worker(OnItem({"--write", "--output-dir", "there"})));
  CHECK(end.code == 0);
  CHECK(Has(end.out, "wrote "));
  CHECK(Has(end.out, "there/transcripts/" + kItem + ".txt"));
  CHECK(place.Read("there/transcripts/" + kItem + ".txt").starts_with("Persona: " + kItem));
}

TEST_CASE("e2e: muster-worker --max-cost is held before anything is sent, and while it goes on") {
  FakeServer server;
  Workplace place(1);
  place.Ask(server);
  ChildEnd end = RunChild(place.Worker(OnItem(Args{"--max-cost", "0.01"} + place.asking())));
  CHECK(end.code == 1);
  CHECK(Has(end.out, "--max-cost"));
  CHECK(server.Book("asked") == 0);

  // Room for the worst case of a call, and no more than a few true ones besides.
  Args small = place.asking() + Args{"--set", "steps.chunks.chat.max_tokens=2000", "--set",
                                     "steps.transcript.chat.max_tokens=2000"};
  ChildEnd some = RunChild(place.Worker(OnItem(Args{"--max-cost", "0.04"} + small)));
  CHECK(some.code == 1);
  CHECK(server.Book("asked") >= 1);
  CHECK(server.Book("asked") < 8);
  CHECK(server.Book("picodollars") <= 40'000'000'000);
}

TEST_CASE("e2e: muster-worker fails an item with 1, and tries nothing twice") {
  FakeServer server(R"({"rules": [{"match": {"nth": 2}, "action": {"status": 500}}]})");
  Workplace place(1);
  place.Ask(server);
  ChildEnd end = RunChild(place.Worker(OnItem(place.asking())));
  CHECK(end.code == 1);
  CHECK(Has(end.out, "✗ [" + kItem + "] failed: chunks[2-spending]: HTTP 500"));
  CHECK(server.Book("asked") == 2);
}

TEST_CASE(
    "e2e: muster-worker tells mistakes in one line with exit code 2, before anything is sent") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  struct Case {
    Args args;
    std::vector<std::string> said;
  };
  const std::vector<Case> kCases = {
      {{kTranscripts, "--item", "adopting_couple_1"},
       {"adopting_couple_1\"", "adopting_couple_12"}},
      {{kTranscripts}, {"--item"}},
      {{"nowhere.yaml", "--item", "x"}, {"nowhere.yaml"}},
      {OnItem({"--max-cost", "much"}), {"--max-cost", "much"}},
      {OnItem({"--set", "modell=x"}), {"modell", "\"model\""}},
  };
  for (const Case& each : kCases) {
    ChildEnd end = RunChild(place.Worker(each.args));
    CHECK(end.code == 2);
    CHECK(end.out == "");
    CHECK_MESSAGE(LinesOf(end.err).size() == 1, end.err);
    for (const std::string& part : each.said) CHECK_MESSAGE(Has(end.err, part), end.err);
  }
  CHECK(server.Book("connections") == 0);
}

TEST_CASE("e2e: muster-worker goes on with its item when nobody reads what it prints") {
  Workplace place(1);
  ChildOptions options = place.Worker(OnItem(kQuickly + Args{"--write", "--output-dir", "there"}));
  Child worker(options);
  REQUIRE(worker.ReadUntil("\n"));
  worker.CloseOutput();
  CHECK(worker.Wait().code <= 3);
  CHECK(place.FilesIn("there").size() == 1);
}

}  // namespace muster
