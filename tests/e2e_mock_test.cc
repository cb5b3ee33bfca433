// The transcripts config as a new user runs it: on the mock, then once more.

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kItems = 14, kCalls = 112;

int64_t NumberAfter(const std::string& text, const std::string& label) {
  size_t at = text.find(label);
  return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + label.size());
}

}  // namespace

TEST_CASE("e2e: the transcripts config runs to its end on the mock; once more calls nothing") {
  Workplace place;
  ChildEnd first = place.RunToEnd();
  REQUIRE_MESSAGE(first.code == 0, first.err << first.out);
  CHECK(first.err == "");
  CHECK(Has(first.out, "14 items found, 14 to do with 4 workers (mock/gpt-5.1, simulated)"));
  CHECK(Has(first.out, "calls: 8 for each item, 112 in all"));
  CHECK(Has(first.out, "run directory: runs/transcripts\n"));
  CHECK(Has(first.out, "transcripts finished: all 14 items are done"));
  CHECK(Has(first.out, "costs are simulated: nothing was paid"));
  CHECK(Has(first.out, "14 files in runs/transcripts"));
  for (const std::string& id : place.Ids()) CHECK(Has(first.out, "✓ [" + id + "] done · 8 calls"));
  CHECK(CommandAfter("to go on", first.out) == "");

  Files files = place.FilesIn("runs/transcripts/transcripts");
  CHECK(files.size() == kItems);
  for (const std::string& id : place.Ids()) {
    const std::string& text = files[id + ".txt"];
    CHECK(text.starts_with("Persona: " + id + "\n"));
    CHECK(Has(text, "Model: mock/gpt-5.1\nCalls: 8\n"));
    CHECK(NumberAfter(text, "\nTokens: ") > 1'000);
    CHECK(Has(text, "\n====="));
    CHECK(text.size() > 500);
  }
  Json status = place.Status();
  CHECK(CountIn(status, "totals", "calls") == kCalls);

  ChildEnd again = place.RunToEnd();
  CHECK(again.code == 0);
  CHECK(again.out == "nothing to do: all 14 items are done; no calls were made\n");
  CHECK(place.FilesIn("runs/transcripts/transcripts") == files);
  CHECK(CountIn(place.Status(), "totals", "tries") == kCalls);
}

TEST_CASE("e2e: status tells a finished run, for people and for machines, with the same figures") {
  Workplace place(3);
  REQUIRE(place.RunToEnd().code == 0);
  ChildEnd text = RunChild(place.Muster({"status", "runs/transcripts"}));
  CHECK(text.code == 0);
  CHECK(text.err == "");
  CHECK(Has(text.out, "transcripts: not running; last session ended"));
  CHECK(Has(text.out, "with exit code 0"));
  CHECK(Has(text.out, "3: 3 done"));
  CHECK(Has(text.out, "simulated"));

  Json status = place.Status();
  CHECK(status["live"] == false);
  CHECK(status["name"] == "transcripts");
  CHECK(CountIn(status, "counts", "done") == 3);
  CHECK(status["session"]["exit_code"] == 0);
  CHECK(status["totals"]["simulated"] == true);
  CHECK(status["items"].size() == 3);
  int64_t input = 0, cost = 0;
  for (const Json& item : status["items"]) {
    CHECK(item["status"] == "done");
    CHECK(CountIn(item, "totals", "calls") == 8);
    input += CountIn(item, "totals", "input_tokens");
    cost += CountIn(item, "totals", "cost_picodollars");
  }
  CHECK(input == CountIn(status, "totals", "input_tokens"));
  CHECK(cost == CountIn(status, "totals", "cost_picodollars"));
  CHECK(cost > 0);

  ChildEnd items = RunChild(place.Muster({"status", "runs/transcripts", "--items"}));
  for (const std::string& id : place.Ids()) CHECK(Has(items.out, "✓ [" + id + "] done"));
}

TEST_CASE("e2e: status of a live run names what is in the air, and how to stop it") {
  FakeServer server(R"({"rules": [{"action": {"hang": true}}]})");
  Workplace place(2);
  place.Ask(server);
  Child run(place.Run());
  REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 2; }));
  ChildEnd text = RunChild(place.Muster({"status", "runs/transcripts"}));
  CHECK(text.code == 0);
  CHECK(Has(text.out, "running for"));
  CHECK(Has(text.out, "2 in the air"));
  CHECK(Has(text.out, "openai/gpt-5.1 is at it · for "));
  CHECK(Has(text.out, "muster ctl runs/transcripts stop"));
  Json status = place.Status();
  CHECK(status["live"] == true);
  CHECK(status["in_the_air"].size() == 2);
  CHECK(CountIn(status, "counts", "running") == 2);
}

TEST_CASE("e2e: check tells items, calls, endpoint, cost and the first prompt, and makes nothing") {
  Workplace place;
  ChildEnd end = RunChild(place.Muster({"check", kTranscripts}));
  CHECK(end.code == 0);
  CHECK(end.err == "");
  CHECK(end.out.starts_with("transcripts: 14 items, 112 calls, nothing was sent\n"));
  CHECK(Has(end.out, "embedded mock, costs are simulated"));
  CHECK(Has(end.out, "at most $"));
  CHECK(Has(end.out, "first prompt (item adopting_couple_12, step chunks[1-income]"));
  std::string prompt = place.Read("transcripts/prompts/chunk.md");
  CHECK(Has(end.out, prompt.substr(0, prompt.find('\n'))));
  CHECK_FALSE(std::filesystem::exists(place / "runs"));
  CHECK_FALSE(std::filesystem::exists(place / "transcripts/runs"));
}

}  // namespace muster
