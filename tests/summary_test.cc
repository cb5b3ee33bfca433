#include "supervisor/progress/summary.h"

#include <doctest/doctest.h>

#include "supervisor/progress/lines.h"
#include "supervisor/progress/rate.h"
#include "tests/progress_samples.h"

namespace muster {
namespace {

std::string Joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

}  // namespace

TEST_CASE("what came from the ledger is told apart from new calls") {
  ItemReport report = SomeReport("a");
  report.calls_made = 2;
  report.calls_replayed = 5;
  report.attempt = 2;
  report.totals.failed_tries = 1;
  CHECK(ItemLine(report, {.mark_simulated = true}) ==
        "✓ [a] done · 7 calls (5 replayed, 2 new) · 1 failed try · 12,345 in (2,048 cached) · "
        "6,789 out (1,024 reasoning) · $0.0300 · attempt 2 · 12.3 s");
  CHECK(ItemLine(report, {.mark_simulated = true, .brief = true}) ==
        "✓ [a] done · 7 calls (5 replayed) · 1 failed try · 12,345 in · 6,789 out · $0.0300 · "
        "attempt 2 · 12.3 s");
}

TEST_CASE("what a price is missing for never shows as nothing") {
  Totals totals = SomeTotals();
  totals.unpriced = 2;
  CHECK(CostText(totals) == "$0.0300 and 2 calls of unknown price");
  totals.cost = 0;
  CHECK(CostText(totals) == "unknown");
  totals.unknown_tries = totals.unknown_unbounded = 1;
  CHECK(UnknownText(totals) == "1 call may have been paid without an answer, of unknown price");
  totals.unknown_tries = 3;
  totals.unknown_cost = 2 * kCent;
  CHECK(UnknownText(totals) ==
        "3 calls may have been paid without an answer: at most $0.0200 and 1 of unknown price");
  totals.unknown_unbounded = 0;
  totals.unknown_cost = 0;
  CHECK(UnknownText(totals) == "3 calls, of what costs nothing");
}

TEST_CASE("simulated cost is marked on an item where the run is not simulated as a whole") {
  ItemReport report = SomeReport("a");
  report.totals.simulated = true;
  CHECK(ItemLine(report, {.mark_simulated = true}).find("$0.0300 simulated") != std::string::npos);
  CHECK(ItemLine(report, {.mark_simulated = false}).find("simulated") == std::string::npos);
}

TEST_CASE("summary: a run that went well") {
  CHECK(Joined(SummaryLines(SomeSummary())) ==
        "\n"
        "transcripts finished: all 14 items are done\n"
        "  items             14: 14 done\n"
        "    this session    11 done\n"
        "  calls                   8\n"
        "  input tokens       12,345\n"
        "    cached            2,048\n"
        "  output tokens       6,789\n"
        "    reasoning         1,024\n"
        "  total tokens       19,134\n"
        "  cost              $0.0300\n"
        "  saved by caching  $0.0020\n"
        "                    costs are simulated: nothing was paid\n"
        "  time              1m00s with 4 workers, 3.6 times as fast as one item after another\n"
        "  time per item     19.6 s on average\n"
        "  outputs           11 files in /data/runs/transcripts\n");
}

TEST_CASE("summary: a resumed run that was stopped, with failures and unknown outcomes") {
  RunSummary summary = SomeSummary();
  summary.plan.simulated = false;
  At(summary.last.counts, ItemStatus::kDone) = 8;
  At(summary.last.counts, ItemStatus::kFailed) = 1;
  At(summary.last.counts, ItemStatus::kPending) = 5;
  summary.done_now = 5;
  summary.failed_now = 1;
  summary.last.totals.calls = summary.last.totals.tries = 1'234;
  summary.last.totals.usage.input = 1'000'000;
  summary.last.totals.unknown_tries = 2;
  summary.last.totals.unknown_cost = 4 * kCent;
  summary.unknown = {{"a", "chunks/3", "openai", "gpt-5.1", 0, 4 * kCent},
                     {"b", "transcript", "openai", "gpt-5.1", 0, {}}};
  summary.workers = {{"1", 3, SomeTotals()}, {"2", 2, SomeTotals()}};
  summary.stopped_by = "Ctrl+C";
  summary.failures = {{"x", "HTTP 400: no such model"}};
  summary.resume_command = "muster run t.yaml";
  summary.retry_command = "muster run t.yaml --retry-failed";
  CHECK(Joined(SummaryLines(summary)) ==
        "\n"
        "transcripts stopped: Ctrl+C\n"
        "  items             14: 8 done, 1 failed, 5 pending\n"
        "    this session    5 done, 1 failed\n"
        "                    this session  whole run\n"
        "  calls                        8      1,234\n"
        "  input tokens            12,345  1,000,000\n"
        "    cached                 2,048      2,048\n"
        "  output tokens            6,789      6,789\n"
        "    reasoning              1,024      1,024\n"
        "  total tokens            19,134  1,006,789\n"
        "  cost                   $0.0300    $0.0300\n"
        "  saved by caching       $0.0020    $0.0020\n"
        "  unknown outcome   2 calls may have been paid without an answer: at most $0.0400\n"
        "    [a] chunks/3 · openai/gpt-5.1 · at most $0.0400\n"
        "    [b] transcript · openai/gpt-5.1 · price not known\n"
        "  time              1m00s with 4 workers, 3.6 times as fast as one item after another\n"
        "  time per item     43.2 s on average\n"
        "  workers (whole run)\n"
        "    1               3 items · 8 calls · 19,134 tokens · $0.0300\n"
        "    2               2 items · 8 calls · 19,134 tokens · $0.0300\n"
        "  outputs           11 files in /data/runs/transcripts\n"
        "\n"
        "  failed items\n"
        "    ✗ [x] HTTP 400: no such model\n"
        "\n"
        "  to go on          muster run t.yaml\n"
        "  to try again      muster run t.yaml --retry-failed\n");
}

TEST_CASE("the provider's own figure is told where it differs by more than rounding") {
  Totals totals = SomeTotals();
  CHECK(OwnFigureText(totals) == "");
  totals.own_costs = 8;
  totals.own_cost = totals.cost_beside_own = totals.cost;
  CHECK(OwnFigureText(totals) == "");
  totals.own_cost = totals.cost + 8 * 1'000'000;  // a millionth of a dollar for each try
  CHECK(OwnFigureText(totals) == "");
  ++totals.own_cost;
  CHECK(OwnFigureText(totals) == "the provider's own figure: $0.0300");
  totals.own_cost = 0;
  CHECK(OwnFigureText(totals) == "the provider's own figure: $0.00");
  totals.own_costs = 3;
  totals.own_cost = 2 * kCent;
  totals.cost_beside_own = kCent;
  totals.failed_tries = 1;
  CHECK(OwnFigureText(totals) == "the provider's own figure: $0.0200 (of 3 of 9 tries)");
  RunSummary summary = SomeSummary();
  summary.last.totals = totals;
  CHECK(Joined(SummaryLines(summary))
            .find("                    the provider's own figure: $0.0200 (of 3 of 9 tries)\n") !=
        std::string::npos);
}

TEST_CASE("summary: cache writes for an hour are told apart where there are any") {
  Totals totals = SomeTotals();
  totals.usage.cache_write = 500;
  CHECK(Joined(FiguresTable(totals, nullptr)).find("for an hour") == std::string::npos);
  totals.usage.cache_write_1h = 400;
  CHECK(Joined(FiguresTable(totals, nullptr))
            .find("    cache writes        500\n      for an hour       400\n") !=
        std::string::npos);
}

TEST_CASE("summary: nothing to do is one calm line") {
  RunSummary summary = SomeSummary();
  summary.plan.to_do = 0;
  summary.last.session = {};
  CHECK(Joined(SummaryLines(summary)) ==
        "nothing to do: all 14 items are done; no calls were made\n");
  At(summary.last.counts, ItemStatus::kDone) = 13;
  At(summary.last.counts, ItemStatus::kFailed) = 1;
  CHECK(Joined(SummaryLines(summary)) ==
        "nothing to do: of 14 items, 13 done, 1 failed; no calls were made\n");
  summary.plan.found = 0;
  CHECK(Joined(SummaryLines(summary)) == "nothing to do: no items were found\n");
  CHECK(PlanLines(summary.plan).empty());
}

TEST_CASE("the rate needs a basis, follows the last minutes and gives the time left") {
  RateMeter rate;
  rate.Add(milliseconds(1'000), 2);
  CHECK_FALSE(rate.PerMinute());
  CHECK_FALSE(rate.TimeFor(10));
  for (int64_t minute = 1; minute <= 60; ++minute)
    rate.Add(milliseconds(minute * 60'000), minute * 6);
  CHECK(*rate.PerMinute() == doctest::Approx(6));
  CHECK(rate.TimeFor(12)->count() == doctest::Approx(120'000));
  for (int64_t i = 1; i <= 10; ++i) rate.Add(milliseconds(3'600'000 + i * 60'000), 360 + i * 60);
  CHECK(*rate.PerMinute() == doctest::Approx(60));
  rate.Add(milliseconds(2 * 3'600'000), 960);  // nothing for 50 minutes
  CHECK(*rate.PerMinute() < 10);
}

}  // namespace muster
