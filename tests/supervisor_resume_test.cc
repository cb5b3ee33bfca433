// The same command again: after a crash, after a stop, with other items selected.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Selection Only(std::set<std::string> ids) {
  Selection selection;
  selection.only = std::move(ids);
  return selection;
}

Selection Between(int64_t first, int64_t last) {
  Selection selection;
  selection.range = {first, last};
  return selection;
}

Selection FirstOf(int64_t limit) {
  Selection selection;
  selection.limit = limit;
  return selection;
}

std::function<void(FakePool&)> CrashAfter(milliseconds when) {
  return [when](FakePool& pool) { pool.After(when, [] { throw Crash{}; }); };
}

TEST_CASE("supervisor: after a crash only the missing calls are made") {
  TestRun run(1);
  run.script.plan = [](const std::string&) { return Chain(7); };
  auto first = run.Run({.workers = 1, .set_up = CrashAfter(milliseconds(560))});
  REQUIRE(first.crashed);
  CHECK(run.sent() == 6);  // five answered, one in the air
  auto second = run.Run({.workers = 1});
  CHECK(second.end.exit_code == kAllDone);
  CHECK(second.log.size() == 2);
  CHECK(second.log[0].step == "s6");
  CHECK(second.log[0].try_number == 2);
  CHECK(run.view().UnknownTries().size() == 1);
  CHECK(run.OutputOf("1").find("s7=1/s7") != std::string::npos);
  run.CheckBooks(second, true);
}

TEST_CASE("supervisor: killed at any use of its pool, a run loses nothing and pays nothing twice") {
  for (int64_t use = 1;; use += 3) {
    CAPTURE(use);
    TestRun run(3);
    run.script.plan = [](const std::string&) { return Chain(2); };
    auto first = run.Run({.set_up = [use](FakePool& pool) { pool.crash_at_use = use; }});
    auto second = run.Run();
    CHECK(second.end.exit_code == kAllDone);
    CHECK(run.Count(ItemStatus::kDone) == 3);
    auto unknown = static_cast<int64_t>(run.view().UnknownTries().size());
    CHECK(unknown <= 2);
    CHECK(run.sent() <= 6 + unknown);
    std::map<std::string, int> answered;
    for (int i = 1; i <= 3; ++i) {
      std::string id = std::to_string(i);
      CHECK(run.OutputOf(id) == fmt::format("s1={0}/s1\ns2={0}/s2\n", id));
      CHECK(run.RowOf(id).worker_deaths == 0);
    }
    run.CheckBooks(second, true);
    if (!first.crashed) break;
  }
}

TEST_CASE("supervisor: an item shown as done is done after any crash") {
  for (int64_t at_ms = 50; at_ms < 900; at_ms += 60) {
    CAPTURE(at_ms);
    TestRun run(8);
    auto first = run.Run({.watch_commits = true, .set_up = CrashAfter(milliseconds(at_ms))});
    CHECK(first.progress.lies.empty());
    run.Run({.selection = FirstOf(0)});  // opens it, hands out nothing
    for (const ItemReport& report : first.progress.ends) {
      CHECK(run.StatusOf(report.id) == report.status);
    }
  }
}

TEST_CASE("supervisor: the limit per minute holds over a restart") {
  TestRun run(40);
  run.config.providers["p"].limits.requests_per_minute = 10;
  run.Run({.workers = 4, .set_up = CrashAfter(seconds(5))});
  CHECK(run.sent() == 10);
  run.clock.Advance(seconds(7));
  run.Run({.workers = 4, .set_up = CrashAfter(seconds(70))});
  run.clock.Advance(seconds(2));
  auto last = run.Run({.workers = 4});
  CHECK(last.end.exit_code == kAllDone);
  CHECK(MostWithin(TimesOf(run.script.log, "p"), seconds(60)) == 10);
}

TEST_CASE("supervisor: selected items alone are done, the others later") {
  TestRun run(12);
  auto ids = [](const SessionTrace& trace) {
    std::set<std::string> ids;
    for (const ItemReport& report : trace.progress.ends) ids.insert(report.id);
    return ids;
  };
  using Ids = std::set<std::string>;
  CHECK(ids(run.Run({.selection = Only({"3", "11"})})) == Ids{"3", "11"});
  CHECK(ids(run.Run({.selection = Between(5, 7)})) == Ids{"5", "6", "7"});
  CHECK(ids(run.Run({.selection = FirstOf(4)})) == Ids{"1", "2", "4"});
  CHECK(ids(run.Run({.selection = FirstOf(4)})) == Ids{});
  auto rest = run.Run();
  CHECK(ids(rest) == Ids{"8", "9", "10", "12"});
  CHECK(run.sent() == 12);
  CHECK(rest.progress.last.counts[static_cast<size_t>(ItemStatus::kDone)] == 12);
}

TEST_CASE("supervisor: more items than a page of the queue are all done, in their order") {
  TestRun run(700);
  auto trace = run.Run({.workers = 1});
  CHECK(trace.end.done == 700);
  REQUIRE(trace.progress.starts.size() == 700);
  for (size_t i = 0; i < 700; ++i) CHECK(trace.progress.starts[i] == std::to_string(i + 1));
}

TEST_CASE("supervisor: items that were added later are done, those that are gone are not") {
  TestRun run(5);
  run.Run({.selection = FirstOf(3)});
  run.config.items.range = ItemSource::Range{2, 8};
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.StatusOf("1") == ItemStatus::kAbsent);
  CHECK(run.Count(ItemStatus::kDone) == 7);
  CHECK(trace.log.size() == 5);
  run.config.items.range = ItemSource::Range{1, 8};
  auto back = run.Run();
  CHECK(run.StatusOf("1") == ItemStatus::kDone);
  CHECK(back.log.empty());  // its answers were kept
}

TEST_CASE("supervisor: a growing file has each item once, over crashes, failures and retries") {
  for (const char* order : {"done", "item"}) {
    CAPTURE(order);
    TestRun run(8);
    Output output;
    output.append = {"all.txt", "test:1"};
    output.record = {"{{item.id}} failed: {{error}}\n", "test:1"};
    output.order = order;
    output.errors = true;
    run.config.outputs = {output};
    run.script.path = [](const std::string&) { return "all.txt"; };
    bool broken = true;
    run.script.provider = [&](const SentCall& sent) {
      bool fails = broken && sent.item == "3";
      return fails ? FailedReply(MakeFailure(FailureKind::kBadRequest)) : FakeReply{};
    };
    run.Run({.set_up = CrashAfter(milliseconds(260))});
    auto second = run.Run();
    CHECK(second.end.failed + second.end.done > 0);
    CHECK(run.OutputOf("all").find("3 failed: ") != std::string::npos);
    broken = false;
    auto third = run.Run({.retry_failed = true});
    CHECK(third.end.exit_code == kAllDone);
    std::string text = run.OutputOf("all");
    CHECK(std::count(text.begin(), text.end(), '\n') == 8);
    CHECK(text.find("failed") == std::string::npos);
    for (int i = 1; i <= 8; ++i) CHECK(text.find(fmt::format("={}/", i)) != std::string::npos);
    if (output.order == "item") CHECK(text.find("=3/") < text.find("=4/"));
    CHECK_FALSE(std::filesystem::exists(run.folder() / "all.txt.aside-1"));
    CHECK(run.view().ResultOf("3") == "{}");
  }
}

TEST_CASE("supervisor: an output that a crash kept from its file is there after the next start") {
  TestRun run(2);
  run.Run();
  std::filesystem::remove(run.folder() / "1.txt");
  Books books(run.ledger(), run.config, run.prices, run.clock);
  auto repaired = OutputFiles(run.config, books).Repair();
  REQUIRE(repaired);
  CHECK(*repaired == 1);
  CHECK(run.OutputOf("1") == "ask=1/ask\n");
}

}  // namespace
}  // namespace muster
