#include "supervisor/ledger/view.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

using record::TryOutcome;

TEST_CASE("ledger: a call is found by item, step, ask and request; its answer byte by byte") {
  Ledger ledger = ThreeItems();
  int64_t call = ledger.TakeCallId();
  CHECK_FALSE(ledger.view().FindCall("a", "chat", 1, "hash"));
  CommitAll(ledger, StartTry(call, "a"));
  auto row = ledger.view().FindCall("a", "chat", 1, "hash");
  REQUIRE(row);
  CHECK(row->call == call);
  CHECK_FALSE(row->answer);
  CHECK(row->tries == 1);
  record::TryStarted again = StartTry(call, "a");
  again.number = 2;
  CommitAll(ledger, EndTry(call, TryOutcome::kFailed, 0), again);
  const std::string raw("{\"x\":\"\0\xff\xfe\"}", 11);
  record::TryEnded answered = Answered(call, raw, 7);
  answered.number = 2;
  CommitAll(ledger, answered);
  row = ledger.view().FindCall("a", "chat", 1, "hash");
  CHECK(row->answer == raw);
  CHECK(row->tries == 2);
  CHECK_FALSE(row->rejected);
  CommitAll(ledger, record::Rejected{call, "no JSON"});
  row = ledger.view().FindCall("a", "chat", 1, "hash");
  CHECK(row->rejected);
  CHECK(row->answer == raw);
  CHECK_FALSE(ledger.view().FindCall("a", "chat", 2, "hash"));
  CHECK_FALSE(ledger.view().FindCall("a", "chat", 1, "hash2"));
  CHECK_FALSE(ledger.view().FindCall("a", "other", 1, "hash"));
  CHECK_FALSE(ledger.view().FindCall("b", "chat", 1, "hash"));
}

TEST_CASE("ledger: an empty answer is an answer") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a"), Answered(1, "", 7));
  auto row = ledger.view().FindCall("a", "chat", 1, "hash");
  REQUIRE(row);
  REQUIRE(row->answer);
  CHECK(row->answer->empty());
}

TEST_CASE("ledger: totals add up over run, session, item and worker") {
  Ledger ledger = ThreeItems();
  record::TryStarted mock = StartTry(4, "b", std::nullopt);
  mock.step = "other";
  mock.worker = "w2";
  mock.simulated = true;
  CommitAll(ledger, StartTry(1, "a"), StartTry(2, "b"), StartTry(3, "c", 500), mock);
  record::TryEnded paid = Answered(1, "x", 70, {100, 20, 5, 30, 10});
  paid.cache_saving = 4;
  CommitAll(ledger, paid, EndTry(2, TryOutcome::kFailed, 3), EndTry(3, TryOutcome::kUnknown));
  Totals run = ledger.view().RunTotals();
  CHECK(run.calls == 1);
  CHECK(run.tries == 4);
  CHECK(run.failed_tries == 1);
  CHECK(run.unknown_tries == 1);
  CHECK(run.unknown_cost == 500);
  CHECK(run.cost == 73);
  CHECK(run.cache_saving == 4);
  CHECK(run.usage == Usage{100, 20, 5, 30, 10});
  CHECK(run.simulated);
  CHECK(run.unpriced == 0);
  CommitAll(ledger, Answered(4, "y", std::nullopt));
  CHECK(ledger.view().RunTotals().unpriced == 1);
  CHECK(ledger.view().SessionTotals(ledger.session()).tries == 4);
  CHECK(ledger.view().SessionTotals(ledger.session() + 1).tries == 0);
  Totals item = ledger.view().ItemTotals("a");
  CHECK(item.tries == 1);
  CHECK(item.cost == 70);
  CHECK_FALSE(item.simulated);
  CommitAll(ledger, record::AttemptStarted{"a", 1, "w1", 1},
            record::AttemptEnded{"a", 1, "done", "", 2}, record::AttemptStarted{"b", 1, "w2", 1},
            record::AttemptEnded{"b", 1, "failed", "", 2}, record::AttemptStarted{"c", 1, "w3", 1},
            record::AttemptEnded{"c", 1, "done", "", 2});
  auto workers = ledger.view().TotalsByWorker();
  REQUIRE(workers.size() == 3);
  CHECK(workers[0].worker == "w1");
  CHECK(workers[0].items_done == 1);
  CHECK(workers[0].totals.tries == 3);
  CHECK(workers[1].items_done == 0);
  CHECK(workers[1].totals.calls == 1);
  CHECK(workers[2].worker == "w3");
  CHECK(workers[2].items_done == 1);
}

TEST_CASE("ledger: sums of money are exact, and saturate instead of failing") {
  constexpr Picodollars kMost = std::numeric_limits<Picodollars>::max();
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a", kMost), StartTry(2, "b", kMost), StartTry(3, "c"));
  CommitAll(ledger, Answered(3, "x", kMost - 1));
  CHECK(ledger.view().RunTotals().cost == kMost - 1);
  CommitAll(ledger, EndTry(1, TryOutcome::kUnknown), EndTry(2, TryOutcome::kFailed, kMost));
  CHECK(ledger.view().RunTotals().cost == kMost);
  CHECK(ledger.view().RunTotals().unknown_cost == kMost);
  CHECK(ledger.view().error().empty());
}

TEST_CASE("ledger: a try without a worst case is unknown without bound") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a", std::nullopt), EndTry(1, TryOutcome::kUnknown));
  CHECK(ledger.view().RunTotals().unknown_unbounded == 1);
  auto unknown = ledger.view().UnknownTries();
  REQUIRE(unknown.size() == 1);
  CHECK_FALSE(unknown[0].worst);
}

TEST_CASE("ledger: what is in the air is listed until its try ends") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a"), StartTry(2, "b"));
  auto air = ledger.view().InTheAir();
  REQUIRE(air.size() == 2);
  CHECK(air[0].item == "a");
  CHECK(air[0].step == "chat");
  CHECK(air[0].worker == "w1");
  CHECK(air[0].model == "gpt-5.1");
  CHECK(air[0].started_ms == 2000);
  CommitAll(ledger, Answered(1, "x", 1));
  REQUIRE(ledger.view().InTheAir().size() == 1);
  CHECK(ledger.view().InTheAir()[0].item == "b");
}

TEST_CASE("ledger: sendings of a provider are found by time") {
  Ledger ledger = ThreeItems();
  auto sent = [](int64_t call, const char* item, const char* provider, int64_t time_ms) {
    record::TryStarted started = StartTry(call, item);
    started.provider = provider;
    started.time_ms = time_ms;
    return started;
  };
  CommitAll(ledger, sent(1, "a", "openai", 300), sent(2, "b", "openai", 100),
            sent(3, "c", "gemini", 200));
  CHECK(ledger.view().SentSince("openai", 100) == std::vector<int64_t>{100, 300});
  CHECK(ledger.view().SentSince("openai", 101) == std::vector<int64_t>{300});
  CHECK(ledger.view().SentSince("gemini", 0) == std::vector<int64_t>{200});
}

TEST_CASE("ledger: outputs come in done order; rewritten ones are unwritten and last again") {
  Ledger ledger = ThreeItems();
  for (int i = 0; i < 20; ++i) ledger.Add(record::Output{"c", i, fmt::format("c{}", i), "text"});
  CommitAll(ledger, record::Output{"a", 0, "a0", "first"}, record::OutputWritten{"c", 0});
  auto paths = [&](bool unwritten_only) {
    std::vector<std::string> all;
    ledger.view().ForEachOutput(unwritten_only,
                                [&](const OutputRow& row) { all.push_back(row.path); });
    return all;
  };
  CHECK(paths(false).size() == 21);
  CHECK(paths(false).front() == "c0");
  CHECK(paths(false).back() == "a0");
  CHECK(paths(true).size() == 20);
  CHECK(paths(true).front() == "c1");
  CommitAll(ledger, record::Output{"c", 0, "c0", "anew"});
  CHECK(paths(true).size() == 21);
  CHECK(paths(false).back() == "c0");
  OutputRow last;
  ledger.view().ForEachOutput(false, [&](const OutputRow& row) { last = row; });
  CHECK(last.text == "anew");
  CHECK(last.item == "c");
  CHECK_FALSE(last.written);
}

}  // namespace
}  // namespace muster
