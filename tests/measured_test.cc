#include "supervisor/plan/measured.h"

#include "tests/ledger_testing.h"

namespace muster {
namespace {

struct Asked {
  std::string item, step;
  int64_t ask = 1;
  std::string provider = "openai", model = "gpt-5.1";
};

record::TryStarted Start(int64_t call, const Asked& asked) {
  record::TryStarted started = StartTry(call, asked.item);
  started.step = asked.step;
  started.ask = asked.ask;
  started.provider = asked.provider;
  started.model = asked.model;
  return started;
}

record::TryEnded Timed(record::TryEnded ended, int64_t ms) {
  ended.total_ms = ms;
  return ended;
}

// Two calls of step "parts" of item a, one of them asked twice; a failed try of item b that was
// billed; one of "whole" of item b without usage and price, and one still in the air.
void WriteCalls(Ledger& ledger) {
  CommitAll(ledger, MakeItem(1, "a"), MakeItem(2, "b"), MakeItem(3, "c"));
  CommitAll(ledger, Start(1, {"a", "parts[1]"}), Start(2, {"a", "parts[2]"}),
            Start(3, {"a", "parts[2]", 2}), Start(4, {"b", "parts[1]"}), Start(5, {"b", "whole"}),
            Start(6, {"b", "parts[3]"}));
  record::TryEnded bare = Timed(Answered(5, "e", std::nullopt), 50);
  bare.usage.reset();
  CommitAll(ledger, Timed(Answered(1, "a", 100, {10, 2, 0, 5, 1}), 400),
            Timed(Answered(2, "b", 200, {20, 0, 4, 7, 3}), 600), record::Rejected{2, "no"},
            Timed(Answered(3, "c", 300, {20, 0, 0, 8, 0}), 800),
            Timed(EndTry(4, record::TryOutcome::kFailed, 60), 9'000), bare);
}

TEST_CASE("measured: a step's calls count once, with all their asks and what failures cost") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "l.sqlite");
  WriteCalls(ledger);
  auto opened = MeasuredLedger::Open(dir / "l.sqlite");
  REQUIRE_MESSAGE(opened, opened.error());
  auto all = opened->Read();
  REQUIRE_MESSAGE(all, all.error());
  CHECK(all->items == 2);
  REQUIRE(all->steps.size() == 2);

  const Measured& parts = all->steps.at({"parts", "openai", "gpt-5.1"});
  CHECK(parts.calls == 2);
  CHECK(parts.answers == 3);
  CHECK(parts.priced == 3);
  CHECK(parts.usage == Usage{50, 2, 4, 20, 4});
  CHECK(parts.cost == 100 + 200 + 300 + 60);
  CHECK(parts.total_ms == 400 + 600 + 800);
  // One call as these were: half of it all; ten: five times.
  CHECK(parts.UsageOf(1) == Usage{25, 1, 2, 10, 2});
  CHECK(parts.UsageOf(10) == Usage{250, 10, 20, 100, 20});
  CHECK(parts.CostOf(1) == 330);
  CHECK(parts.CostOf(7) == 2'310);
  CHECK(parts.MsOf(1) == 900);

  const Measured& whole = all->steps.at({"whole", "openai", "gpt-5.1"});
  CHECK(whole.calls == 1);
  CHECK_MESSAGE(!whole.UsageOf(1), "no usage came");
  CHECK_MESSAGE(!whole.CostOf(1), "a cost that is not known is not nothing");
  CHECK(whole.MsOf(3) == 150);
}

TEST_CASE("measured: models are told apart") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "l.sqlite");
  CommitAll(ledger, MakeItem(1, "a"));
  CommitAll(ledger, Start(1, {"a", "s", 1, "x", "m"}), Start(2, {"a", "s", 2, "y", "m"}),
            Start(3, {"a", "t[a[b]c]", 1, "y", "m"}));
  CommitAll(ledger, Answered(1, "a", 1), Answered(2, "b", 2), Answered(3, "c", 3));
  auto all = MeasuredLedger::Open(dir / "l.sqlite")->Read();
  REQUIRE(all);
  CHECK(all->steps.contains({"s", "x", "m"}));
  CHECK(all->steps.contains({"t", "y", "m"}));
  CHECK_MESSAGE(!all->steps.contains({"s", "y", "m"}), "a second ask is no call of its own");
}

TEST_CASE("measured: means are rounded, and large sums do not overflow") {
  Measured measured;
  measured.calls = measured.answers = measured.with_usage = measured.priced = 3;
  measured.cost = 10, measured.usage.input = 10;
  CHECK(measured.CostOf(1) == 3);  // 3.33
  CHECK(measured.CostOf(2) == 7);  // 6.67
  CHECK(measured.UsageOf(2)->input == 7);
  measured.cost = 9'000'000'000'000'000'000;
  CHECK(measured.CostOf(2) == 6'000'000'000'000'000'000);
  CHECK(measured.CostOf(1'000'000) == std::numeric_limits<int64_t>::max());
  CHECK_FALSE(Measured().CostOf(1));
  CHECK_FALSE(Measured().UsageOf(1));
  CHECK(Measured().MsOf(1) == 0);
}

TEST_CASE("measured: which calls of an item have an answer that will be replayed") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "l.sqlite");
  WriteCalls(ledger);
  auto opened = MeasuredLedger::Open(dir / "l.sqlite");
  REQUIRE_MESSAGE(opened, opened.error());
  CHECK(opened->AnsweredSteps("a") == std::set<std::string>{"parts[1]", "parts[2]"});
  CHECK(opened->AnsweredSteps("b") == std::set<std::string>{"whole"});
  CHECK(opened->AnsweredSteps("c").empty());
  CHECK(opened->AnsweredSteps("nobody").empty());
}

TEST_CASE("measured: what is no ledger is refused, and none is made") {
  TempDir dir;
  CHECK_FALSE(MeasuredLedger::Open(dir / "l.sqlite"));
  CHECK_FALSE(std::filesystem::exists(dir / "l.sqlite"));
  WriteBytes(dir / "l.sqlite", "text");
  CHECK_FALSE(MeasuredLedger::Open(dir / "l.sqlite"));
}

}  // namespace
}  // namespace muster
