// A config that is changed between two runs in one directory.

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kCalls = 24;  // 3 items of 8: seven chunks and the whole

// A finished run against `server`, which has since been given another prompt for the last step.
void FinishAndEdit(Workplace& place, const FakeServer& server) {
  place.Ask(server);
  REQUIRE(place.RunToEnd().code == 0);
  REQUIRE(server.Book("asked") == kCalls);
  std::string prompt = place.Read("transcripts/prompts/combine.md");
  place.Write("transcripts/prompts/combine.md", prompt + "\nLeave nothing out.\n");
}

}  // namespace

TEST_CASE("e2e: an edited prompt stops the next run with the difference and the choices, unasked") {
  FakeServer server;
  Workplace place(3);
  FinishAndEdit(place, server);
  Files before = place.FilesIn("runs/transcripts/transcripts");
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 2);
  CHECK(end.out == "");
  CHECK(Has(end.err, "Leave nothing out."));
  for (const char* choice : {"--redo", "--keep-done", "--fresh", "--run"}) {
    CHECK(Has(end.err, choice));
  }
  CHECK(server.Book("asked") == kCalls);
  CHECK(place.FilesIn("runs/transcripts/transcripts") == before);
  CHECK(place.RunToEnd().code == 2);  // and it stays so until something is chosen
}

TEST_CASE("e2e: a changed setting is named with both values") {
  FakeServer server;
  Workplace place(1);
  place.Ask(server);
  REQUIRE(place.RunToEnd().code == 0);
  ChildEnd end = place.RunToEnd({"--set", "steps.transcript.chat.reasoning_effort=medium"});
  CHECK(end.code == 2);
  CHECK(Has(end.err, "reasoning_effort: low → medium"));
  CHECK(server.Book("asked") == 8);
}

TEST_CASE("e2e: workers, limits and retries may change at any time") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  REQUIRE(place.RunToEnd().code == 0);
  ChildEnd end = place.RunToEnd(
      {"-j", "1", "--set", "providers.openai.limits.concurrency=1", "--set", "retry.attempts=2"});
  CHECK(end.code == 0);
  CHECK(server.Book("asked") == kCalls);
}

TEST_CASE("e2e: --redo pays only for requests that changed") {
  FakeServer server;
  Workplace place(3);
  FinishAndEdit(place, server);
  Files before = place.FilesIn("runs/transcripts/transcripts");
  ChildEnd end = place.RunToEnd({"--redo"});
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(server.Book("asked") == kCalls + 3);
  CHECK(server.Book("repeats_of_answered") == 0);
  CHECK(Has(end.out, "8 calls (7 replayed, 1 new)"));
  CHECK(place.FilesIn("runs/transcripts/transcripts") != before);
  CHECK(CountIn(place.Status(), "totals", "cost_picodollars") == server.Book("picodollars"));
  ChildEnd again = place.RunToEnd();
  CHECK(again.code == 0);
  CHECK(server.Book("asked") == kCalls + 3);
}

TEST_CASE("e2e: --keep-done keeps what is done and pays nothing, also afterwards") {
  FakeServer server;
  Workplace place(3);
  FinishAndEdit(place, server);
  CHECK(place.RunToEnd({"--keep-done"}).code == 0);
  CHECK(place.RunToEnd().code == 0);
  CHECK(server.Book("asked") == kCalls);
}

TEST_CASE("e2e: --fresh sets the old run aside, deletes nothing, and pays for everything again") {
  FakeServer server;
  Workplace place(3);
  FinishAndEdit(place, server);
  Files before = place.FilesIn("runs/transcripts/transcripts");
  ChildEnd end = place.RunToEnd({"--fresh"});
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Has(end.out, "set aside as "));
  CHECK(Has(end.out, "runs/transcripts.1"));
  CHECK(server.Book("asked") == 2 * kCalls);
  CHECK(place.FilesIn("runs/transcripts.1/transcripts") == before);
  CHECK(CountIn(place.Status("runs/transcripts.1"), "counts", "done") == 3);
  CHECK(CountIn(place.Status(), "totals", "calls") == kCalls);
}

TEST_CASE("e2e: changed contents of an item are named; --redo pays for that item's requests") {
  FakeServer server;
  Workplace place(2);
  place.Ask(server);
  REQUIRE(place.RunToEnd().code == 0);
  std::string id = place.Ids()[1], file = "transcripts/personas/" + id + "/1-income.txt";
  place.Write(file, place.Read(file) + "They forgot to mention a lodger.\n");
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 2);
  CHECK(Has(end.err, "item " + id + ": its contents changed"));
  CHECK(place.RunToEnd({"--redo"}).code == 0);
  CHECK(server.Book("asked") == 16 + 2);  // its first chunk, and what is made of all
}

TEST_CASE("e2e: new items are added to a finished run, missing ones are kept and told") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  std::string id = place.Ids()[0];
  std::filesystem::rename(place / ("transcripts/personas/" + id), place / "elsewhere");
  REQUIRE(place.RunToEnd().code == 0);
  CHECK(server.Book("asked") == 16);
  std::filesystem::rename(place / "elsewhere", place / ("transcripts/personas/" + id));
  REQUIRE(place.RunToEnd().code == 0);
  CHECK(server.Book("asked") == 24);
  std::filesystem::remove_all(place / ("transcripts/personas/" + id));
  CHECK(place.RunToEnd().code == 0);
  CHECK(server.Book("asked") == 24);
  CHECK(CountIn(place.Status(), "counts", "absent") == 1);
  CHECK(std::filesystem::exists(place / ("runs/transcripts/transcripts/" + id + ".txt")));
}

TEST_CASE("e2e: a run that asked nothing yet holds nobody to its prompts") {
  FakeServer server;
  Workplace place(1);
  place.Ask(server);
  CHECK(place.RunToEnd({"--range", "5..9"}).code == 0);  // selects nothing
  std::string prompt = place.Read("transcripts/prompts/combine.md");
  place.Write("transcripts/prompts/combine.md", prompt + "\nLeave nothing out.\n");
  ChildEnd end = place.RunToEnd();
  CHECK_MESSAGE(end.code == 0, end.err);
  CHECK(server.Book("asked") == 8);
}

}  // namespace muster
