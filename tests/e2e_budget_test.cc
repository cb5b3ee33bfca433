// Money, with the real programs: a cap that holds against the provider's own books, what a run
// would cost, and a pilot that asks before the rest.

#include <signal.h>

#include <filesystem>

#include "common/money.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// Answers that are short enough for several calls to fit under a small cap.
const Args kShortAnswers = {"--set", "steps.chunks.chat.max_tokens=2000", "--set",
                            "steps.transcript.chat.max_tokens=2000"};

void CheckUnderCap(const Workplace& place, const FakeServer& server, const std::string& cap) {
  Picodollars most = *ParseDollars(cap);
  Json totals = place.Status()["totals"];
  int64_t spent = *IntMember(totals, "cost_picodollars");
  CHECK(server.Book("picodollars") <= most);
  CHECK(spent <= server.Book("picodollars"));
}

}  // namespace

TEST_CASE("e2e: a cap is a ceiling for the provider's bill, and a higher one goes on to the end") {
  FakeServer server("", {"--latency-ms=20"});
  Workplace place(3);
  place.Ask(server);
  ChildEnd stopped = place.RunToEnd(
      kShortAnswers + Args{"--max-cost", "0.10", "-j", "3", "--set", "budget.warn_at=0.2"});
  CHECK_MESSAGE(stopped.code == 5, stopped.out << stopped.err);
  CHECK(Has(stopped.out, "the budget of the run, $0.1000, has $"));
  CHECK(Has(stopped.out, "% of the budget is used"));
  CHECK(CommandAfter("to go on", stopped.out).ends_with("budget.warn_at=0.2"));
  CheckUnderCap(place, server, "0.10");
  int64_t answered = server.Book("answered");
  CHECK(answered > 0);
  CHECK(answered < 24);
  CHECK(CountIn(place.Status(), "counts", "failed") == 0);

  // The same cap: nothing more goes.
  CHECK(place.RunToEnd(kShortAnswers + Args{"--max-cost", "0.10", "-j", "3"}).code == 5);
  CheckUnderCap(place, server, "0.10");

  ChildEnd rest = place.RunToEnd(kShortAnswers + Args{"--max-cost", "5", "-j", "3"});
  CHECK_MESSAGE(rest.code == 0, rest.out << rest.err);
  CHECK(server.Book("repeats_of_answered") == 0);
  CHECK(server.Book("answered") == 24);
}

TEST_CASE("e2e: a cap holds over kill -9 with calls in the air") {
  FakeServer server("", {"--latency-ms=40"});
  Workplace place(4);
  place.Ask(server);
  Args capped = kShortAnswers + Args{"--max-cost", "0.30", "-j", "4"};
  for (int kills = 0; kills < 4; ++kills) {
    Child run(place.Run(capped));
    int64_t asked = server.Book("asked");
    run.ReadUntil([&] { return server.Book("asked") >= asked + 4; });
    run.Signal(SIGKILL);
    run.Wait();
  }
  ChildEnd end = place.RunToEnd(capped);
  CHECK_MESSAGE(end.code == 5, end.out << end.err);
  CheckUnderCap(place, server, "0.30");
  Json totals = place.Status()["totals"];
  double booked =
      totals["cost_usd"].get<double>() + totals["unknown_cost_at_most_usd"].get<double>();
  CHECK(booked <= 0.30 + 1e-9);
}

TEST_CASE("e2e: a budget refuses, before anything is sent, a model whose cost nobody knows") {
  FakeServer server;
  Workplace place(2);
  place.Ask(server);
  ChildEnd end =
      place.RunToEnd({"--set", "model=openai/a-model-without-a-price", "--max-cost", "1"});
  CHECK(end.code == 2);
  CHECK(Has(end.err, "a-model-without-a-price"));
  CHECK(server.Book("asked") == 0);
  CHECK(place.RunToEnd({"--max-cost", "a lot"}).code == 2);
  CHECK(server.Book("asked") == 0);
}

TEST_CASE("e2e: an item that costs more than an item may fails; the others are done") {
  FakeServer server;
  Workplace place(2);
  place.Ask(server);
  ChildEnd end = place.RunToEnd(kShortAnswers + Args{"--set", "budget.max_cost_per_item=0.05"});
  CHECK_MESSAGE(end.code == 1, end.out << end.err);
  CHECK(Has(end.out, "the budget of the item, $0.0500, has $"));
  CHECK(CountIn(place.Status(), "counts", "failed") == 2);
}

TEST_CASE("e2e: --dry-run says what is left, sends nothing and leaves nothing behind") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  ChildEnd all = place.RunToEnd({"--dry-run"});
  CHECK_MESSAGE(all.code == 0, all.out << all.err);
  CHECK(Has(all.out, "3 items, 24 calls"));
  CHECK_FALSE(std::filesystem::exists(place / "runs"));
  CHECK(place.RunToEnd({"--limit", "1"}).code == 0);
  ChildEnd left = place.RunToEnd({"--dry-run"});
  CHECK(Has(left.out, "2 items left, 16 calls"));
  CHECK(Has(left.out, "measured"));
  CHECK(server.Book("asked") == 8);
}

TEST_CASE("e2e: a pilot does its items, says what the rest will take, and waits for a yes") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  ChildEnd alone = place.RunToEnd({"--pilot", "1"});
  CHECK_MESSAGE(alone.code == 5, alone.out << alone.err);
  CHECK(Has(alone.out, "the other 2 items: about $"));
  CHECK(Has(alone.out, "stopped after the pilot"));
  CHECK(server.Book("answered") == 8);
  ChildEnd yes = place.RunToEnd({"--pilot", "1", "--yes"});
  CHECK_MESSAGE(yes.code == 0, yes.out << yes.err);
  CHECK(server.Book("answered") == 24);
  CHECK(CountIn(place.Status(), "counts", "done") == 3);
}

}  // namespace muster
