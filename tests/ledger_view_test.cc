#include "supervisor/ledger/view.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <set>

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
  CHECK(ledger.view().RunTotals().unknown_usage == 0);
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

TEST_CASE("ledger: an answer whose usage is not known costs its worst case at most") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a", 600), StartTry(2, "b", std::nullopt), StartTry(3, "c", 50));
  record::TryEnded bare = EndTry(1, TryOutcome::kAnswered);
  bare.answer = "x";
  CommitAll(ledger, bare, EndTry(2, TryOutcome::kFailed), EndTry(3, TryOutcome::kFailed));
  Totals run = ledger.view().RunTotals();
  CHECK(run.calls == 1);
  CHECK(run.failed_tries == 2);
  CHECK(run.unknown_tries == 0);
  CHECK(run.unknown_usage == 2);
  CHECK(run.unknown_cost == 650);
  CHECK(run.unpriced == 1);  // b's: it was billed, and has no price
  CHECK(run.unknown_unbounded == 0);
  CHECK(run.cost == 0);
}

TEST_CASE("ledger: booked are spent and unknown money, by provider and by item, not the air") {
  Ledger ledger = ThreeItems();
  CHECK(ledger.view().BookedByProvider().empty());
  CHECK(ledger.view().BookedForItem("a") == 0);
  auto started = [](int64_t call, const char* item, const char* step, const char* provider) {
    record::TryStarted record = StartTry(call, item, 600);
    record.step = step;
    record.provider = provider;
    return record;
  };
  CommitAll(ledger, started(1, "a", "one", "openai"), started(2, "a", "two", "gemini"),
            started(3, "b", "one", "openai"), started(4, "b", "two", "gemini"));
  CommitAll(ledger, Answered(1, "x", 70), EndTry(2, TryOutcome::kUnknown),
            EndTry(3, TryOutcome::kFailed, 5));
  auto booked = ledger.view().BookedByProvider();
  CHECK(booked == std::map<std::string, Picodollars>{{"gemini", 600}, {"openai", 75}});
  CHECK(ledger.view().BookedForItem("a") == 670);
  CHECK(ledger.view().BookedForItem("b") == 5);
  CHECK(ledger.view().BookedForItem("c") == 0);
  CHECK(ledger.view().BookedForItem("nobody") == 0);
  CommitAll(ledger, EndTry(4, TryOutcome::kUnknown));
  CHECK(ledger.view().BookedForItem("b") == 605);
}

std::vector<LedgerView::SentTry> TriesSince(const LedgerView& view, int64_t since_ms) {
  std::vector<LedgerView::SentTry> all;
  view.ForEachTrySince(since_ms, [&](const LedgerView::SentTry& sent) { all.push_back(sent); });
  return all;
}

TEST_CASE("ledger: a try counts the tokens it used, else those reserved; a free failure none") {
  Ledger ledger = ThreeItems();
  for (int64_t call = 1; call <= 6; ++call) {
    record::TryStarted started = StartTry(call, "a");
    started.step = fmt::format("s{}", call);
    started.time_ms = 100 * call;
    started.input_estimate = 40;
    started.output_estimate = 7;
    ledger.Add(started);
  }
  record::TryEnded bare = EndTry(2, TryOutcome::kAnswered);
  bare.answer = "x";
  record::TryEnded billed = EndTry(4, TryOutcome::kFailed, 3);
  billed.usage = Usage{5, 0, 0, 1, 0};
  CommitAll(ledger, Answered(1, "x", 70, {100, 20, 5, 30, 10}), bare,
            EndTry(3, TryOutcome::kFailed, 0), billed, EndTry(5, TryOutcome::kUnknown));
  auto tries = TriesSince(ledger.view(), 0);
  REQUIRE(tries.size() == 6);
  std::vector<std::pair<int64_t, int64_t>> tokens;
  for (const LedgerView::SentTry& sent : tries) tokens.emplace_back(sent.input, sent.output);
  CHECK(tokens == std::vector<std::pair<int64_t, int64_t>>{
                      {100, 30}, {40, 7}, {0, 0}, {5, 1}, {40, 7}, {40, 7}});
  CHECK(tries[0].provider == "openai");
  CHECK(tries[0].model == "gpt-5.1");
  CHECK(tries[0].started_ms == 100);
  CHECK(tries[0].ended);
  CHECK(tries[0].ended_ms == 3000);
  CHECK_FALSE(tries[5].ended);
  CHECK(tries[5].ended_ms == 0);
}

TEST_CASE("ledger: tries come in the order of sending, each once, over pages and equal times") {
  auto ledger = Ledger::Open(":memory:", TestSession());
  constexpr int64_t kTries = 3'000;
  ledger->Add(MakeItem(1, "a"));
  for (int64_t call = 1; call <= kTries; ++call) {
    record::TryStarted started = StartTry(call, "a");
    started.step = fmt::format("s{}", call);
    started.time_ms = 1'000 - call / 700;  // hundreds in one millisecond, the last sent first
    started.model = fmt::format("m{}", call);
    ledger->Add(started);
  }
  REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
  std::set<std::string> seen;
  int64_t last = 0;
  ledger->view().ForEachTrySince(0, [&](const LedgerView::SentTry& sent) {
    CHECK(sent.started_ms >= last);
    last = sent.started_ms;
    seen.insert(sent.model);
    // Writing meanwhile is allowed: no read transaction is open.
    if (seen.size() % 500 == 0) CommitAll(*ledger, record::Note{"meanwhile", 1});
  });
  CHECK(seen.size() == kTries);
  CHECK(TriesSince(ledger->view(), 1'000).size() == 699);
  CHECK(TriesSince(ledger->view(), 999).size() == 1'399);
  CHECK(TriesSince(ledger->view(), 1'001).empty());
}

TEST_CASE("ledger: a try whose supervisor died keeps its estimate and has no end") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger");
    record::TryStarted started = StartTry(1, "a");
    started.input_estimate = 40;
    CommitAll(ledger, MakeItem(1, "a"), started);
  }
  auto tries = TriesSince(OpenAt(dir / "ledger").view(), 0);
  REQUIRE(tries.size() == 1);
  CHECK(tries[0].input == 40);
  CHECK(tries[0].output == 0);
  CHECK_FALSE(tries[0].ended);
}

// The steps of the engine's plan for a query, one a line.
std::string PlanOf(Database& database, std::string_view sql) {
  std::string plan;
  Rows rows = database.Query(sql);
  while (rows.Next()) plan += rows.Text(3) + "\n";
  return plan;
}

TEST_CASE("ledger: pages of a lane and of sendings come from an index, without sorting") {
  TempDir dir;
  OpenAt(dir / "ledger");
  auto database = Database::Open(dir / "ledger", Database::Access::kReadOnly);
  REQUIRE(database);
  std::string items =
      PlanOf(**database,
             "EXPLAIN QUERY PLAN SELECT id FROM items WHERE status = 0 AND lane = 'x'"
             " AND position > 5 ORDER BY position LIMIT 9");
  CHECK(items.find("items_by_lane (status=? AND lane=? AND position>?)") != std::string::npos);
  CHECK(items.find("TEMP B-TREE") == std::string::npos);
  std::string tries =
      PlanOf(**database,
             "EXPLAIN QUERY PLAN SELECT outcome FROM tries WHERE (started_ms, call, number) >"
             " (1, 1, 1) ORDER BY started_ms, call, number LIMIT 9");
  CHECK(tries.find("tries_by_time ((started_ms,call,number)>(?,?,?))") != std::string::npos);
  CHECK(tries.find("TEMP B-TREE") == std::string::npos);
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
