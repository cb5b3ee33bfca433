#include "supervisor/queue.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/queue_testing.h"

namespace muster {
namespace {

Ids TakeAll(Queue& queue, const Queue::HasRoom& has_room = Always) {
  Ids ids;
  while (auto row = queue.Next(kNow, has_room)) ids.push_back(row->id);
  return ids;
}

bool InOrder(const Ids& ids) {
  return std::is_sorted(ids.begin(), ids.end(),
                        [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
}

TEST_CASE("queue: pending items come in the source's order, each once, page after page") {
  for (const std::vector<std::string>& lanes :
       {std::vector<std::string>{""}, {"a/m", "b/m"}, {"a/m", "a/m", "", "b/m"}}) {
    Ledger ledger = MakeLedger(1'000, {1, 128, 129, 256, 700}, lanes);
    Queue queue(ledger.view(), {});
    CHECK_FALSE(queue.Empty());
    auto ids = TakeAll(queue);
    REQUIRE(ids.size() == 995);
    CHECK(ids.front() == "2");
    CHECK(ids.back() == "1000");
    CHECK(InOrder(ids));
    CHECK(queue.Empty());
  }
}

TEST_CASE("queue: items whose lane has room come, the others wait") {
  Ledger ledger = MakeLedger(9, {}, {"a/m", "b/m", ""});
  Queue queue(ledger.view(), {});
  CHECK(queue.Ready(kNow, 9, Only({"b/m"})) == 6);
  CHECK(TakeAll(queue, Only({"b/m"})) == Ids{"2", "3", "5", "6", "8", "9"});
  CHECK(queue.Ready(kNow, 9, Only({"b/m"})) == 0);
  CHECK_FALSE(queue.Next(kNow, Never));
  CHECK_FALSE(queue.Empty());
  CHECK(queue.Lanes() == std::vector<std::string>{"a/m"});
  CHECK(TakeAll(queue, Only({"a/m"})) == Ids{"1", "4", "7"});
  CHECK(queue.Lanes().empty());
  CHECK(queue.Empty());
}

TEST_CASE("queue: what came back goes first within its lane, the lowest of the source first") {
  Ledger ledger = MakeLedger(8, {}, {"a/m", "b/m"});
  Queue queue(ledger.view(), {});
  std::vector<ItemRow> rows;
  for (int i = 0; i < 4; ++i) rows.push_back(*queue.Next(kNow, Always));
  queue.Return(rows[2]);
  queue.Return(rows[0]);
  queue.Return(rows[1]);
  CHECK(queue.Ready(kNow, 99, Only({"a/m"})) == 4);
  CHECK(queue.Ready(kNow, 99, Always) == 7);
  CHECK(queue.Next(kNow, Only({"b/m"}))->id == "2");
  CHECK(queue.Next(kNow, Only({"b/m"}))->id == "6");
  CHECK(TakeAll(queue) == Ids{"1", "3", "5", "7", "8"});
}

TEST_CASE("queue: a parked item comes when the lane it waits for has room, not its first one") {
  Ledger ledger = MakeLedger(3, {}, {"a/m"});
  Queue queue(ledger.view(), {});
  queue.Park(*queue.Next(kNow, Always), "judge/m");
  CHECK(TakeAll(queue, Only({"a/m"})) == Ids{"2", "3"});
  CHECK_FALSE(queue.Empty());
  CHECK(queue.Lanes() == std::vector<std::string>{"judge/m"});
  CHECK(queue.Ready(kNow, 9, Only({"a/m"})) == 0);
  CHECK(queue.Ready(kNow, 9, Only({"judge/m"})) == 1);
  CHECK(queue.Next(kNow, Only({"judge/m"}))->id == "1");
  CHECK(queue.Empty());
}

TEST_CASE("queue: counts as many ready items as it is asked for, also beyond a page") {
  Ledger ledger = MakeLedger(1'000, {}, {"a/m", "b/m"});
  Queue queue(ledger.view(), {});
  CHECK(queue.Ready(kNow, 0, Always) == 0);
  CHECK(queue.Ready(kNow, 7, Always) == 7);
  CHECK(queue.Ready(kNow, 400, Only({"a/m"})) == 400);
  CHECK(queue.Ready(kNow, 700, Only({"a/m"})) == 500);
  CHECK(queue.Ready(kNow, 2'000, Always) == 1'000);
  CHECK(InOrder(TakeAll(queue)));
}

TEST_CASE("queue: a lane that ended with its page has nothing to come") {
  Ledger ledger = MakeLedger(256, {}, {"a/m", "b/m"});
  Queue queue(ledger.view(), {});
  TakeAll(queue, Only({"a/m"}));
  CHECK(queue.Lanes() == std::vector<std::string>{"b/m"});
  Selection selection;
  selection.range = {1, 1};  // none of b's
  Queue selected(ledger.view(), selection);
  CHECK(selected.Lanes() == std::vector<std::string>{"a/m"});
  CHECK(TakeAll(selected) == Ids{"1"});
  CHECK(selected.Empty());
}

TEST_CASE("queue: asks about a lane once a question, and not about lanes without items") {
  Ledger ledger = MakeLedger(40, {}, {"a/m", "b/m", ""});
  Queue queue(ledger.view(), {});
  std::map<std::string, int> asked;
  auto count = [&](const std::string& lane) { return ++asked[lane], lane != "a/m"; };
  while (!queue.Empty()) {
    asked.clear();
    bool more = queue.Next(kNow, count).has_value();
    for (const auto& [lane, times] : asked) CHECK(times == 1);
    asked.clear();
    queue.Ready(kNow, 99, count);
    for (const auto& [lane, times] : asked) CHECK(times == 1);
    if (!more) break;
  }
  CHECK(asked == std::map<std::string, int>{{"a/m", 1}});  // the others have none left
}

TEST_CASE("queue: only, range and limit choose together, and the limit counts done items too") {
  Ledger ledger = MakeLedger(20, {1, 5}, {"a/m", "b/m"});
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
  Ledger ledger = MakeLedger(1'000, {}, {"a/m", "b/m", "c/m"});
  Selection selection;
  selection.range = {600, 605};
  Queue queue(ledger.view(), selection);
  CHECK(queue.Ready(kNow, 99, Always) == 6);
  CHECK(TakeAll(queue) == Ids{"600", "601", "602", "603", "604", "605"});
}

TEST_CASE("queue: a reopened item comes once, whether or not its page was read") {
  Ledger ledger = MakeLedger(400, {3, 390}, {"a/m"});
  Selection selection;
  selection.range = {1, 395};
  Queue queue(ledger.view(), selection);
  CHECK(queue.Next(kNow, Always)->id == "1");
  for (const char* id : {"3", "390", "399"}) {  // the last is not even selected
    if (id != std::string("399")) ledger.Add(record::Reopen{id, false});
    Commit(ledger);
    queue.Add(*ledger.view().FindItem(id));
  }
  auto ids = TakeAll(queue);
  CHECK(Ids(ids.begin(), ids.begin() + 3) == Ids{"3", "390", "399"});
  CHECK(ids.size() == 395);  // 2..395 and 399
  std::sort(ids.begin(), ids.end());
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}

TEST_CASE("queue: an added item may bring a new lane") {
  Ledger ledger = MakeLedger(2, {2}, {"a/m", "b/m"});
  Queue queue(ledger.view(), {});
  ledger.Add(record::Reopen{"2", false});
  Commit(ledger);
  queue.Add(*ledger.view().FindItem("2"));
  CHECK(TakeAll(queue, Only({"b/m"})) == Ids{"2"});
  CHECK(TakeAll(queue) == Ids{"1"});
}

TEST_CASE("queue: a dropped item does not come, wherever it waits") {
  Ledger ledger = MakeLedger(400, {7}, {"a/m", "b/m"});
  Selection selection;
  selection.range = {1, 398};
  Queue queue(ledger.view(), selection);
  ItemRow first = *queue.Next(kNow, Always), second = *queue.Next(kNow, Always);
  ItemRow third = *queue.Next(kNow, Always);
  queue.Return(first);
  queue.Park(second, "judge/m");
  for (const char* id : {"1", "2", "5", "390"}) {  // returned, parked, read, not read yet
    CAPTURE(id);
    CHECK(queue.Drop(id).has_value());
    CHECK_FALSE(queue.Drop(id).has_value());
  }
  for (const char* id : {"3", "7", "399", "nobody"}) {  // handed out, done, not selected, unknown
    CAPTURE(id);
    CHECK_FALSE(queue.Drop(id).has_value());
  }
  auto ids = TakeAll(queue);
  CHECK(ids.size() == 398 - 6);  // without 1, 2, 3, 5, 7 and 390
  CHECK(std::find(ids.begin(), ids.end(), "390") == ids.end());
  CHECK(queue.Empty());
}

TEST_CASE("queue: a dropped item may be added again") {
  Ledger ledger = MakeLedger(400, {}, {"a/m"});
  Queue queue(ledger.view(), {});
  CHECK(queue.Drop("390").has_value());
  queue.Add(*ledger.view().FindItem("390"));
  CHECK(queue.Next(kNow, Always)->id == "390");
  CHECK_FALSE(queue.Drop("390").has_value());  // handed out
  CHECK(TakeAll(queue).size() == 399);
}

TEST_CASE("queue: dropping all that is left empties it") {
  Ledger ledger = MakeLedger(300, {}, {"a/m", "b/m"});
  Queue queue(ledger.view(), {});
  for (int i = 1; i <= 300; ++i) CHECK(queue.Drop(std::to_string(i)).has_value());
  CHECK(queue.Ready(kNow, 9, Always) == 0);
  CHECK(queue.Empty());
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
