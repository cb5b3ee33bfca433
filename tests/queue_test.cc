#include "supervisor/queue.h"

#include <doctest/doctest.h>

#include "supervisor/ledger/ledger.h"

namespace muster {
namespace {

using std::chrono::seconds;

const Queue::Time kNow{std::chrono::hours(1'000)};

// Items 1..n, pending but for those in `done`.
Ledger MakeLedger(int64_t n, const std::set<int64_t>& done = {}) {
  auto ledger = Ledger::Open(":memory:", {1, "host", "muster run", 1'000});
  REQUIRE(ledger);
  for (int64_t i = 1; i <= n; ++i) {
    ledger->Add(record::Item{i, std::to_string(i), "{}", "hash"});
    if (!done.contains(i)) continue;
    ledger->Add(record::Status{std::to_string(i), ItemStatus::kDone, "", 0, 0});
  }
  REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
  return *std::move(ledger);
}

std::vector<std::string> TakeAll(Queue& queue) {
  std::vector<std::string> ids;
  while (auto row = queue.Next(kNow)) ids.push_back(row->id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST_CASE("queue: pending items come in the source's order, each once, page after page") {
  Ledger ledger = MakeLedger(1'000, {1, 256, 257, 700});
  Queue queue(ledger.view(), {});
  auto ids = TakeAll(queue);
  REQUIRE(ids.size() == 996);
  CHECK(ids.front() == "2");
  CHECK(ids.back() == "1000");
  CHECK(std::is_sorted(ids.begin(), ids.end(),
                       [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); }));
  CHECK(queue.Empty());
}

TEST_CASE("queue: what comes back goes first, what is parked when its time has come") {
  Ledger ledger = MakeLedger(3);
  Queue queue(ledger.view(), {});
  ItemRow first = *queue.Next(kNow), second = *queue.Next(kNow);
  queue.Park(first, kNow + seconds(10));
  queue.Return(second);
  CHECK(queue.NextDue() == kNow + seconds(10));
  CHECK(queue.Ready(kNow, 10) == 2);
  CHECK(queue.Next(kNow)->id == "2");
  CHECK(queue.Next(kNow)->id == "3");
  CHECK_FALSE(queue.Next(kNow));
  CHECK_FALSE(queue.Empty());  // one is parked
  CHECK(queue.Ready(kNow + seconds(9), 10) == 0);
  CHECK(queue.Ready(kNow + seconds(10), 10) == 1);
  CHECK(queue.Next(kNow + seconds(10))->id == "1");
  CHECK(queue.Empty());
  CHECK(queue.NextDue() == std::nullopt);
}

TEST_CASE("queue: counts no more ready items than it is asked for") {
  Ledger ledger = MakeLedger(100);
  Queue queue(ledger.view(), {});
  CHECK(queue.Ready(kNow, 7) == 7);
  CHECK(queue.Ready(kNow, 700) == 100);
}

TEST_CASE("queue: only, range and limit choose together, and the limit counts done items too") {
  Ledger ledger = MakeLedger(20, {1, 5});
  auto chosen = [&](const Selection& selection) {
    Queue queue(ledger.view(), selection);
    return TakeAll(queue);
  };
  Selection selection;
  selection.limit = 3;
  CHECK(chosen(selection) == Ids{"2", "3"});
  selection.range = {4, 9};
  CHECK(chosen(selection) == Ids{"4", "6"});
  selection.limit.reset();
  selection.only = {"3", "4", "8"};
  CHECK(chosen(selection) == Ids{"4", "8"});
  selection = {};
  selection.limit = 0;
  CHECK(chosen(selection) == Ids{});
  selection.limit = 500;
  CHECK(chosen(selection).size() == 18);
}

TEST_CASE("queue: the selection holds over many pages") {
  Ledger ledger = MakeLedger(1'000);
  Selection selection;
  selection.range = {600, 605};
  Queue queue(ledger.view(), selection);
  CHECK(TakeAll(queue) == Ids{"600", "601", "602", "603", "604", "605"});
}

TEST_CASE("selection: a range names ids where these are the numbers") {
  Selection selection;
  selection.range = {5, 6};
  CHECK(selection.Takes(5, "900"));
  CHECK_FALSE(selection.Takes(1, "5"));
  selection.range_by_id = true;
  CHECK(selection.Takes(1, "5"));
  CHECK_FALSE(selection.Takes(5, "900"));
  CHECK_FALSE(selection.Takes(5, "5x"));
  CHECK_FALSE(selection.Takes(5, ""));
}

}  // namespace
}  // namespace muster
