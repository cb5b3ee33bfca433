#include "supervisor/ledger/ledger.h"

#include <doctest/doctest.h>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

TEST_CASE("ledger: nothing is there before its commit, everything after") {
  auto ledger = Ledger::Open(":memory:", TestSession());
  REQUIRE(ledger);
  ledger->Add(MakeItem(1, "a"));
  CHECK(ledger->pending() == 1);
  CHECK_FALSE(ledger->view().FindItem("a"));
  CHECK(ledger->Commit() == CommitOutcome::kCommitted);
  CHECK(ledger->pending() == 0);
  auto item = ledger->view().FindItem("a");
  REQUIRE(item);
  CHECK(item->position == 1);
  CHECK(item->fields == "{\"id\":\"a\"}");
  CHECK(item->fields_hash == "hash-of-a");
  CHECK(item->status == ItemStatus::kPending);
  CHECK(item->attempts == 0);
}

TEST_CASE("ledger: a changed item keeps its status and takes its new contents and place") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, MakeStatus("a", ItemStatus::kDone));
  CommitAll(ledger, record::Item{9, "a", "{}", "other"});
  auto item = ledger.view().FindItem("a");
  CHECK(item->status == ItemStatus::kDone);
  CHECK(item->position == 9);
  CHECK(item->fields == "{}");
  CHECK(item->fields_hash == "other");
  CHECK(ledger.view().MaxPosition() == 9);
}

TEST_CASE("ledger: a status sets reason and deaths; working time 0 leaves the last one") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, record::Status{"a", ItemStatus::kFailed, "no such model", 1, 250});
  auto item = ledger.view().FindItem("a");
  CHECK(item->status == ItemStatus::kFailed);
  CHECK(item->reason == "no such model");
  CHECK(item->worker_deaths == 1);
  CHECK(item->work_ms == 250);
  CommitAll(ledger, record::Status{"a", ItemStatus::kDone, "", 2, 0});
  item = ledger.view().FindItem("a");
  CHECK(item->reason.empty());
  CHECK(item->worker_deaths == 2);
  CHECK(item->work_ms == 250);
  CHECK(ledger.view().DoneWorkMs() == 250);
}

TEST_CASE("ledger: a reopened item is pending again, with another ask only if granted") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, record::Status{"a", ItemStatus::kQuarantined, "killed 2 workers", 2, 10});
  CommitAll(ledger, record::Reopen{"a", false});
  auto item = ledger.view().FindItem("a");
  CHECK(item->status == ItemStatus::kPending);
  CHECK(item->reason.empty());
  CHECK(item->worker_deaths == 0);
  CHECK(item->extra_asks == 0);
  CommitAll(ledger, record::Reopen{"a", true}, record::Reopen{"a", true});
  CHECK(ledger.view().FindItem("a")->extra_asks == 2);
}

std::string IdsAfter(const LedgerView& view, int64_t after, ItemStatus status,
                     const std::string& lane, int64_t limit) {
  std::string all;
  for (const ItemRow& item : view.ItemsAfter(after, status, lane, limit)) all += item.id;
  return all;
}

TEST_CASE("ledger: items are counted by status and found behind a position, in order") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, MakeItem(4, "d"), MakeItem(5, "e"), MakeStatus("b", ItemStatus::kDone));
  CHECK(CountOf(ledger.view(), ItemStatus::kPending) == 4);
  CHECK(CountOf(ledger.view(), ItemStatus::kDone) == 1);
  auto ids = [&](int64_t after, ItemStatus status, int64_t limit) {
    return IdsAfter(ledger.view(), after, status, "", limit);
  };
  CHECK(ids(0, ItemStatus::kPending, 10) == "acde");
  CHECK(ids(0, ItemStatus::kPending, 2) == "ac");
  CHECK(ids(3, ItemStatus::kPending, 10) == "de");
  CHECK(ids(5, ItemStatus::kPending, 10) == "");
  CHECK(ids(0, ItemStatus::kDone, 10) == "b");
}

TEST_CASE("ledger: items are found by lane, and lanes by their first item") {
  auto opened = Ledger::Open(":memory:", TestSession());
  REQUIRE(opened);
  Ledger ledger = *std::move(opened);
  CommitAll(ledger, MakeItem(1, "a", "z/m"), MakeItem(2, "b", "a/m"), MakeItem(3, "c", "z/m"),
            MakeItem(4, "d"), MakeItem(5, "e", "a/m"), MakeItem(6, "f", "a/m2"));
  const LedgerView& view = ledger.view();
  using Lanes = std::vector<std::string>;
  CHECK(view.Lanes(ItemStatus::kPending) == Lanes{"z/m", "a/m", "", "a/m2"});
  CHECK(view.Lanes(ItemStatus::kDone).empty());
  CHECK(IdsAfter(view, 0, ItemStatus::kPending, "z/m", 10) == "ac");
  CHECK(IdsAfter(view, 1, ItemStatus::kPending, "z/m", 10) == "c");
  CHECK(IdsAfter(view, 0, ItemStatus::kPending, "a/m", 10) == "be");  // not those of a/m2
  CHECK(IdsAfter(view, 0, ItemStatus::kPending, "", 10) == "d");
  CHECK(IdsAfter(view, 0, ItemStatus::kPending, "a", 10) == "");
  CommitAll(ledger, MakeStatus("b", ItemStatus::kDone), MakeStatus("a", ItemStatus::kDone),
            record::Lane{"c", "y/m"});
  CHECK(view.Lanes(ItemStatus::kPending) == Lanes{"y/m", "", "a/m", "a/m2"});
  CHECK(view.Lanes(ItemStatus::kDone) == Lanes{"z/m", "a/m"});
  CHECK(view.FindItem("c")->lane == "y/m");
  CHECK(view.FindItem("c")->fields_hash == "hash-of-c");
  CommitAll(ledger, MakeItem(9, "c", "x/m"));
  CHECK(view.FindItem("c")->lane == "x/m");
}

TEST_CASE("ledger: every item comes once in the source's order, also at equal positions") {
  auto ledger = Ledger::Open(":memory:", TestSession());
  for (int i = 0; i < 500; ++i) ledger->Add(MakeItem(1000 - i / 3, fmt::format("i{}", i)));
  REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
  std::vector<ItemRow> all;
  ledger->view().ForEachItem([&](const ItemRow& item) {
    all.push_back(item);
    // Asking and writing meanwhile is allowed: no read transaction is open.
    ledger->Add(MakeStatus(item.id, ItemStatus::kDone));
    REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
    REQUIRE(ledger->view().FindItem(item.id));
  });
  REQUIRE(all.size() == 500);
  for (size_t i = 1; i < all.size(); ++i) REQUIRE(all[i - 1].position <= all[i].position);
  CHECK(CountOf(ledger->view(), ItemStatus::kDone) == 500);
}

TEST_CASE("ledger: an attempt makes its item running and counts") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, record::AttemptStarted{"b", 1, "w1", 5});
  CHECK(ledger.view().FindItem("b")->status == ItemStatus::kRunning);
  CommitAll(ledger, record::AttemptEnded{"b", 1, "worker-lost(SIGKILL)", "rss 1 GB", 6},
            MakeStatus("b", ItemStatus::kPending), record::AttemptStarted{"b", 2, "w2", 7});
  CHECK(ledger.view().FindItem("b")->attempts == 2);
}

TEST_CASE("ledger: facts of the run and the session are kept and replaced") {
  Ledger ledger = ThreeItems();
  CHECK_FALSE(ledger.view().Meta("name"));
  CommitAll(ledger, record::Meta{"name", "one"}, record::Note{"lane openai stopped", 7});
  CommitAll(ledger, record::Meta{"name", "two"});
  CHECK(ledger.view().Meta("name") == "two");
  auto session = ledger.view().LastSession();
  REQUIRE(session);
  CHECK(session->session == ledger.session());
  CHECK(session->pid == getpid());
  CHECK(session->command == "muster run test.yaml");
  CHECK_FALSE(session->ended_ms);
  CommitAll(ledger, record::SessionEnded{130, 9000});
  session = ledger.view().LastSession();
  CHECK(session->ended_ms == 9000);
  CHECK(session->exit_code == 130);
}

TEST_CASE("ledger: numbers of calls are unique, also over sessions") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger");
    CHECK(ledger.TakeCallId() == 1);
    CHECK(ledger.TakeCallId() == 2);
    CommitAll(ledger, MakeItem(1, "a"), StartTry(2, "a"));
  }
  CHECK(OpenAt(dir / "ledger").TakeCallId() == 3);
}

TEST_CASE("ledger: the next session finds nothing running and what was in the air unknown") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger");
    CommitAll(ledger, MakeItem(1, "a"), MakeItem(2, "b"), MakeItem(3, "c"), MakeItem(4, "d"),
              record::AttemptStarted{"a", 1, "w1", 1}, StartTry(1, "a", 600),
              MakeStatus("b", ItemStatus::kWaiting, "lane openai is full"),
              record::AttemptStarted{"c", 1, "w1", 1}, StartTry(2, "c"), Answered(2, "x", 9),
              record::AttemptEnded{"c", 1, "done", "", 2}, MakeStatus("c", ItemStatus::kDone),
              MakeStatus("d", ItemStatus::kFailed, "bad"));
  }
  for (int64_t session = 2; session <= 4; ++session) {  // again and again: no further change
    Ledger ledger = OpenAt(dir / "ledger");
    const LedgerView& view = ledger.view();
    CHECK(ledger.session() == session);
    CHECK(view.FindItem("a")->status == ItemStatus::kPending);
    CHECK(view.FindItem("a")->attempts == 1);
    CHECK(view.FindItem("b")->status == ItemStatus::kPending);
    CHECK(view.FindItem("b")->reason.empty());
    CHECK(view.FindItem("c")->status == ItemStatus::kDone);
    CHECK(view.FindItem("d")->reason == "bad");
    CHECK(view.InTheAir().empty());
    auto unknown = view.UnknownTries();
    REQUIRE(unknown.size() == 1);
    CHECK(unknown[0].item == "a");
    CHECK(unknown[0].worst == 600);
    CHECK(view.RunTotals().calls == 1);
    CHECK(view.RunTotals().cost == 9);
    CHECK(view.RunTotals().unknown_cost == 600);
    CHECK(view.SessionTotals(1).tries == 2);
  }
  auto raw = Database::Open(dir / "ledger", Database::Access::kReadOnly);
  REQUIRE(raw);
  CHECK((*raw)->QueryInt("SELECT count(*) FROM sessions WHERE lost = 1 AND exit_code IS NULL") ==
        3);
  CHECK((*raw)->QueryInt("SELECT count(*) FROM attempts WHERE outcome = 'supervisor-lost'") == 1);
}

TEST_CASE("ledger: an unknown try can be followed by another of the same call") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger");
    CommitAll(ledger, MakeItem(1, "a"), StartTry(1, "a", 600));
  }
  Ledger ledger = OpenAt(dir / "ledger");
  auto call = ledger.view().FindCall("a", "chat", 1, "hash");
  REQUIRE(call);
  record::TryStarted again = StartTry(call->call, "a", 600);
  again.number = call->tries + 1;
  record::TryEnded answered = Answered(call->call, "x", 5);
  answered.number = again.number;
  CommitAll(ledger, again, answered);
  CHECK(ledger.view().FindCall("a", "chat", 1, "hash")->answer == "x");
  CHECK(ledger.view().RunTotals().unknown_cost == 600);
  CHECK(ledger.view().RunTotals().cost == 5);
}

TEST_CASE("ledger: an empty batch touches no file") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger");
  std::string file = ReadBytes(dir / "ledger"), log = ReadBytes(dir / "ledger-wal");
  CHECK(ledger.Commit() == CommitOutcome::kCommitted);
  CHECK(ReadBytes(dir / "ledger") == file);
  CHECK(ReadBytes(dir / "ledger-wal") == log);
}

TEST_CASE("ledger: a record about an item it does not know breaks it and commits nothing") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger");
    ledger.Add(MakeItem(1, "a"));
    ledger.Add(MakeStatus("nobody", ItemStatus::kDone));
    CHECK(ledger.Commit() == CommitOutcome::kBroken);
    CHECK(ledger.last_error().find("nobody") != std::string::npos);
    CHECK(ledger.last_error().find(dir / "ledger") != std::string::npos);
    CHECK(ledger.Commit() == CommitOutcome::kBroken);
    CHECK(ledger.pending() == 2);
  }
  CHECK_FALSE(OpenAt(dir / "ledger").view().FindItem("a"));
}

}  // namespace
}  // namespace muster
