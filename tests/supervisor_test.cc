// A whole run, item by item and call by call, with nothing real around it but the ledger.

#include "supervisor/supervisor.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("supervisor: every item is done once, with every call made once") {
  for (size_t workers : {1, 3, 8}) {
    CAPTURE(workers);
    TestRun run(20);
    run.script.plan = [](const std::string&) { return Chain(3); };
    auto trace = run.Run({.workers = workers});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(trace.end.stopped_by.empty());
    CHECK(trace.end.done == 20);
    CHECK(trace.alive == 0);
    CHECK(run.sent() == 60);
    CHECK(run.Count(ItemStatus::kDone) == 20);
    CHECK(trace.progress.ends.size() == 20);
    CHECK(trace.progress.starts.size() == 20);
    CHECK(run.OutputOf("7") == "s1=7/s1\ns2=7/s2\ns3=7/s3\n");
    CHECK(run.script.spawned == static_cast<int64_t>(workers));
    CHECK(run.script.misfits == 0);
    CHECK(run.script.spin < 5);
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: with as many workers, independent items take a fraction of the time") {
  auto wall = [](size_t workers) {
    TestRun run(16);
    run.config.providers["p"].limits.concurrency = 8;
    run.script.provider = [](const SentCall&) { return FakeReply{.takes = seconds(10)}; };
    return run.Run({.workers = workers}).end.wall;
  };
  CHECK(wall(8) * 7 < wall(1));
}

TEST_CASE("supervisor: no more workers are started than there are items") {
  TestRun run(3);
  auto trace = run.Run({.workers = 10});
  CHECK(run.script.spawned == 3);
  CHECK(trace.end.done == 3);
}

TEST_CASE("supervisor: a run with nothing left to do starts no worker") {
  TestRun run(5);
  run.Run();
  auto again = run.Run();
  CHECK(again.end.exit_code == kAllDone);
  CHECK(again.log.empty());
  CHECK(run.script.spawned == 2);
  run.CheckBooks(again);
}

TEST_CASE("supervisor: calls of one item go side by side as far as its step allows") {
  TestRun run(1);
  run.script.plan = [](const std::string&) { return Fan(9, 3); };
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.done == 1);
  CHECK(MostInTheAir(trace.log) == 3);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: sums of money follow the usage of every answer") {
  TestRun run(4);
  auto trace = run.Run();
  Picodollars each = 1000 * run.script.input_price + 100 * run.script.output_price;
  CHECK(run.view().RunTotals().cost == 4 * each);
  CHECK(run.view().RunTotals().usage.input == 4000);
  CHECK(trace.progress.last.totals.cost == 4 * each);
}

TEST_CASE("supervisor: absurd usage is unknown, never a sum") {
  for (Usage usage : {Usage{-5, 0, 0, 1, 0}, Usage{int64_t{1} << 60, 0, 0, 1, 0},
                      Usage{10, 11, 0, 1, 0}, Usage{10, 0, 0, 1, 2}}) {
    CAPTURE(usage.input);
    TestRun run(1);
    run.script.provider = [usage](const SentCall&) { return FakeReply{.usage = usage}; };
    auto trace = run.Run();
    CHECK(trace.end.done == 1);
    CHECK(run.view().RunTotals().unknown_usage == 1);
    CHECK(run.view().RunTotals().cost == 0);
    CHECK(run.view().RunTotals().usage == Usage{});
  }
}

TEST_CASE(
    "supervisor: nothing is sent before its intent, nothing shown before its end is committed") {
  TestRun run(12);
  run.script.plan = [](const std::string&) { return Fan(3, 2); };
  run.script.provider = [&](const SentCall& sent) {
    auto view = LedgerView::Open(run.ledger_path());
    REQUIRE(view);
    auto call = view->FindCall(sent.item, sent.step, sent.ask, "hash of " + sent.step);
    CHECK(call);
    CHECK(call->tries == sent.try_number);
    return sent.item == "5" ? FailedReply(MakeFailure(FailureKind::kBadRequest)) : FakeReply{};
  };
  auto trace = run.Run({.workers = 3, .watch_commits = true});
  CHECK(trace.progress.ends.size() == 12);
  CHECK(trace.progress.lies == std::vector<std::string>{});
  CHECK(trace.end.exit_code == kSomeFailed);
}

TEST_CASE("supervisor: an answer is used only after it is committed") {
  TestRun run(6);
  run.script.plan = [](const std::string&) { return Chain(2); };
  int64_t looked = 0;
  run.script.unusable = [&](const std::string& answer) {
    auto view = LedgerView::Open(run.ledger_path());
    REQUIRE(view);
    std::string item = answer.substr(0, answer.find('/')), step = answer.substr(item.size() + 1);
    auto call = view->FindCall(item, step, 1, "hash of " + step);
    CHECK(call);
    CHECK(call->answer == answer);
    ++looked;
    return false;
  };
  CHECK(run.Run().end.done == 6);
  CHECK(looked == 12);
}

TEST_CASE("supervisor: two items with one output file are an error of the second") {
  for (size_t workers : {1, 2}) {
    CAPTURE(workers);
    TestRun run(2);
    run.script.path = [](const std::string&) { return "same.txt"; };
    auto trace = run.Run({.workers = workers});
    CHECK(trace.end.exit_code == kSomeFailed);
    CHECK(run.Count(ItemStatus::kDone) == 1);
    CHECK(run.Count(ItemStatus::kFailed) == 1);
    CHECK(trace.end.failures.at(0).second.find("same.txt") != std::string::npos);
  }
}

TEST_CASE("supervisor: an output outside its folder fails its item and writes nothing") {
  TestRun run(2);
  run.script.path = [](const std::string& item) {
    return item == "1" ? std::string("../outside.txt") : item + ".txt";
  };
  auto trace = run.Run();
  CHECK(run.StatusOf("1") == ItemStatus::kFailed);
  CHECK(run.StatusOf("2") == ItemStatus::kDone);
  CHECK_FALSE(std::filesystem::exists(run.folder() / "../outside.txt"));
}

TEST_CASE("supervisor: a worker past its memory is replaced between items") {
  TestRun run(9);
  run.config.guard.worker_memory_mb = 100;
  run.script.memory_kb = [](WorkerId worker) { return worker == 1 ? 200'000 : 50'000; };
  auto trace = run.Run({.workers = 1});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.script.spawned == 2);
  std::map<WorkerId, int> items;
  for (const SentCall& sent : run.script.log) ++items[sent.worker];
  CHECK(items[1] == 1);
  CHECK(items[2] == 8);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: an earlier session's failures count in the exit code until retried") {
  TestRun run(3);
  run.script.provider = [&](const SentCall& sent) {
    bool first = run.SentOf(sent.item) == 0;
    return sent.item == "2" && first ? FailedReply(MakeFailure(FailureKind::kBadRequest))
                                     : FakeReply{};
  };
  CHECK(run.Run().end.exit_code == kSomeFailed);
  CHECK(run.Run().end.exit_code == kSomeFailed);
  CHECK(run.Run({.retry_failed = true}).end.exit_code == kAllDone);
  CHECK(run.Run().end.exit_code == kAllDone);
}

TEST_CASE("supervisor: an answer of no use is asked for again, up to ask_again times") {
  TestRun run(3);
  run.script.plan = [](const std::string&) { return FakePlan{{{{"s", "p", "m", 2}}, 1}}; };
  run.script.provider = [](const SentCall& sent) {
    bool good = sent.ask == 3 && sent.item != "2";
    return FakeReply{.answer = good ? "good" : "bad"};
  };
  run.script.unusable = [](const std::string& answer) { return answer == "bad"; };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kSomeFailed);
  CHECK(run.StatusOf("2") == ItemStatus::kFailed);
  CHECK(run.Count(ItemStatus::kDone) == 2);
  CHECK(run.sent() == 9);
  CHECK(run.OutputOf("1") == "s=good\n");
  CHECK(run.view().FindCall("1", "s", 1, "hash of s")->rejected);
  CHECK(run.view().FindCall("1", "s", 2, "hash of s")->answer == "bad");
  CHECK_FALSE(run.view().FindCall("1", "s", 3, "hash of s")->rejected);
  run.CheckBooks(trace);
}

TEST_CASE(
    "supervisor: --retry-failed replays what was answered and asks anew for what was no use") {
  TestRun run(2);
  run.script.plan = [](const std::string&) { return Chain(2); };
  bool better = false;
  run.script.provider = [&](const SentCall& sent) {
    return FakeReply{.answer = sent.step == "s2" && !better ? "bad" : "good"};
  };
  run.script.unusable = [](const std::string& answer) { return answer == "bad"; };
  CHECK(run.Run().end.exit_code == kSomeFailed);
  CHECK(run.sent() == 4);
  better = true;
  auto again = run.Run({.retry_failed = true});
  CHECK(again.end.exit_code == kAllDone);
  REQUIRE(again.log.size() == 2);
  for (const SentCall& sent : again.log) {
    CHECK(sent.step == "s2");
    CHECK(sent.ask == 2);
  }
  run.CheckBooks(again);
}

}  // namespace
}  // namespace muster
