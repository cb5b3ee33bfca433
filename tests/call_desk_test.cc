// One call's conversation, message by message, with a real ledger and governor.

#include "supervisor/call_desk.h"

#include <doctest/doctest.h>

#include "tests/call_desk_testing.h"

namespace muster {
namespace {

using std::chrono::seconds;

TEST_CASE("call desk: asked, let go, answered, kept with its cost") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  CHECK(test.desk->CountsOf(1).waiting == 1);
  test.Turn();
  auto go = test.Heard<Go>();
  REQUIRE(go.size() == 1);
  CHECK(go[0].call == 1);
  CHECK(go[0].total_ms == test.config.time.base.count());
  CHECK(test.desk->CountsOf(1).in_the_air == 1);
  CHECK(test.desk->AtStake() == 100 * 1 + 10 * 10);
  CHECK(test.ledger->view().InTheAir().size() == 1);
  REQUIRE(test.Answer(1, "good"));
  CHECK(test.Heard<Kept>().empty());  // not before its commit
  test.Turn();
  REQUIRE(test.Heard<Kept>().size() == 1);
  CHECK(test.Heard<Kept>()[0].cost == 50 * 1 + 5 * 10);
  CHECK(test.desk->AtStake() == 0);
  CHECK(test.desk->CountsOf(1).made == 1);
}

TEST_CASE("call desk: an answer that the ledger has is replayed, with what it cost, and not sent") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  test.Turn();
  test.desk->Close(1, "done");
  REQUIRE(test.Ask(1, "s", 2));
  test.Turn();
  auto replay = test.Heard<Replay>(2);
  REQUIRE(replay.size() == 1);
  CHECK(replay[0].answer.data == "good");
  CHECK(replay[0].cost == 100);
  CHECK(test.Heard<Go>(2).empty());
  CHECK(test.desk->CountsOf(2).replayed == 1);
}

TEST_CASE("call desk: another request at the same step is another call") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  Call call;
  call.item = "a";
  call.call = 2;
  call.step = "s";
  call.provider = "p";
  call.model = "m";
  call.request_hash = "another hash";
  REQUIRE(test.desk->OnCall({1, "w1", 0}, call, test.clock.Now()));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 2);
  CHECK(test.Heard<Replay>().empty());
}

TEST_CASE("call desk: a failure that passes is tried again under the same call, unasked") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kOverloaded));
  test.clock.Advance(seconds(60));
  test.Turn();
  auto go = test.Heard<Go>();
  REQUIRE(go.size() == 2);
  CHECK(go[1].try_number == 2);
  REQUIRE(test.Answer(1, "good"));
  test.Turn();
  CHECK(test.ledger->view().FindCall("a", "s", 1, "hash of s")->tries == 2);
  CHECK(test.ledger->view().RunTotals().failed_tries == 1);
}

TEST_CASE("call desk: tries used up refuse for good, a stopped lane refuses for now") {
  for (auto [kind, final] : {std::pair(FailureKind::kBadRequest, true),
                             {FailureKind::kAuth, false},
                             {FailureKind::kModelNotFound, false}}) {
    CAPTURE(Name(kind));
    DeskTest test;
    REQUIRE(test.Ask(1, "s"));
    test.Turn();
    REQUIRE(test.Fails(1, kind));
    test.Turn();
    auto refuse = test.Heard<Refuse>();
    REQUIRE(refuse.size() == 1);
    CHECK(refuse[0].final == final);
    CHECK(refuse[0].reason.find(std::string(Name(kind))) != std::string::npos);
    CHECK(test.desk->HasEnded(1));
    CHECK(test.notices.size() == (final ? 0 : 1));
  }
}

TEST_CASE("call desk: a refusal takes waiting siblings along, and lets those in the air end") {
  DeskTest test;
  test.config.providers["p"].limits.concurrency = 2;
  test.Govern();
  for (int64_t number : {1, 2, 3}) REQUIRE(test.Ask(number, fmt::format("s{}", number)));
  REQUIRE(test.Ask(9, "t", 2));  // another item's is left alone
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kBadRequest));
  test.Turn();
  auto refused = test.Heard<Refuse>();
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].final);
  CHECK(refused[1].call == 3);
  CHECK_FALSE(refused[1].final);
  CHECK(test.Heard<Go>(2).size() == 1);
  REQUIRE(test.Ask(4, "s4"));  // a sibling that asks later
  REQUIRE(test.Answer(2, "good"));
  test.Turn();
  CHECK(test.Heard<Refuse>().size() == 3);
  CHECK(test.Heard<Kept>().size() == 1);
}

TEST_CASE("call desk: an answer of no use is asked for again as often as its step and item allow") {
  for (int64_t extra : {0, 2}) {
    CAPTURE(extra);
    DeskTest test;
    test.extra_asks = extra;
    REQUIRE(test.Ask(1, "s", 1, 1));
    for (int64_t ask = 1; ask <= 2 + extra; ++ask) {
      test.Turn();
      REQUIRE(test.Heard<Go>().size() == static_cast<size_t>(ask));
      CHECK(test.Heard<Go>().back().ask == ask);
      CHECK(test.Heard<Go>().back().try_number == 1);
      REQUIRE(test.Answer(1, fmt::format("bad {}", ask)));
      test.Turn();
      REQUIRE(test.Reject(1));
    }
    test.Turn();
    REQUIRE(test.Heard<Refuse>().size() == 1);
    CHECK(test.Heard<Refuse>()[0].final);
    CHECK(test.Heard<Refuse>()[0].reason == "of no use");
    CHECK(test.ledger->view().FindCall("a", "s", 1, "hash of s")->rejected);
  }
}

TEST_CASE("call desk: what does not fit the conversation is an error and changes nothing") {
  DeskTest test;
  CHECK_FALSE(test.Answer(1, "unasked"));
  CHECK_FALSE(test.Reject(1));
  REQUIRE(test.Ask(1, "s"));
  CHECK_FALSE(test.Ask(1, "s2"));  // the same number
  CHECK_FALSE(test.Ask(2, "s"));   // the same request
  CHECK_FALSE(test.Answer(1, "too early"));
  CHECK_FALSE(test.Reject(1));
  test.Turn();
  CHECK_FALSE(test.Reject(1));
  CHECK_FALSE(test.Answer(1, "of another worker", 2));
  CHECK_FALSE(test.desk->OnCalled(1, DeskTest::MakeCalled(1), test.clock.Now()));
  REQUIRE(test.Fails(1, FailureKind::kOverloaded));
  CHECK_FALSE(test.Reject(1));
  CHECK_FALSE(test.Answer(1, "not sent again yet"));
  test.clock.Advance(seconds(60));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  CHECK_FALSE(test.Answer(1, "twice"));
  test.Turn();
  CHECK(test.ledger->view().RunTotals().calls == 1);
}

TEST_CASE("call desk: a call that an earlier session left unanswered cannot be rejected") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  test.desk->Close(1, "its worker was lost");
  test.config.providers["p"].limits.concurrency = 0;  // nothing goes
  test.Govern();
  REQUIRE(test.Ask(1, "s", 2));
  test.Turn();
  CHECK_FALSE(test.Reject(1, 2));
}

TEST_CASE("call desk: closing makes what is in the air unknown and frees its permits") {
  DeskTest test;
  for (int64_t number : {1, 2}) REQUIRE(test.Ask(number, fmt::format("s{}", number)));
  test.Turn();
  REQUIRE(test.Ask(3, "s3"));
  REQUIRE(test.Answer(1, "good"));
  test.desk->Close(1, "its worker was lost: SIGKILL");
  test.Turn();
  auto unknown = test.ledger->view().UnknownTries();
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0].step == "s2");
  CHECK(unknown[0].worst == 200);
  CHECK(test.governor->in_the_air() == 0);
  CHECK(test.governor->waiting() == 0);
  CHECK(test.Heard<Go>().size() == 2);
}

TEST_CASE("call desk: refusing from now on refuses who waits and who asks, but still replays") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  test.Turn();
  test.config.providers["p"].limits.concurrency = 0;
  REQUIRE(test.Ask(2, "s2"));
  test.desk->RefuseFromNowOn("stopped by Ctrl+C");
  REQUIRE(test.Ask(3, "s3"));
  REQUIRE(test.Ask(4, "s1", 2));
  test.Turn();
  auto refused = test.Heard<Refuse>();
  REQUIRE(refused.size() == 2);
  for (const Refuse& refuse : refused) {
    CHECK_FALSE(refuse.final);
    CHECK(refuse.reason == "stopped by Ctrl+C");
  }
  CHECK(test.Heard<Replay>(2).size() == 1);
  CHECK(test.Heard<Go>().size() == 1);
}

TEST_CASE("call desk: a silenced worker is told nothing, its late answers are kept") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Ask(2, "s2"));
  test.desk->Silence(1);
  REQUIRE(test.Answer(1, "late"));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 1);
  CHECK(test.Heard<Kept>().empty());
  CHECK(test.ledger->view().FindCall("a", "s1", 1, "hash of s1")->answer == "late");
  test.desk->Close(1, "cancelled");
  CHECK(test.governor->waiting() == 0);
}

TEST_CASE("call desk: an item that only waits for a lane without room gives way, one at a time") {
  DeskTest test;
  test.config.providers["p"].limits.concurrency = 1;
  test.Govern();
  REQUIRE(test.Ask(1, "s1", 1));
  REQUIRE(test.Ask(1, "s2", 2));
  REQUIRE(test.Ask(1, "s3", 3));
  REQUIRE(test.Ask(2, "t3", 3));
  REQUIRE(test.Ask(3, "u3", 3, 0, "q"));
  REQUIRE(test.Ask(1, "s4", 4, 0, "q"));
  test.Turn();
  REQUIRE(test.Heard<Go>(1).size() == 1);
  REQUIRE(test.Heard<Go>(3).size() == 1);  // of q: 3 waits for p, but not only
  test.desk->DeferOneLongWait(test.clock.Now());
  test.desk->DeferOneLongWait(test.clock.Now());  // the first one's worker is not free yet
  test.Turn();
  CHECK(test.desk->DeferredFor(2) == "p/m");
  CHECK(test.Heard<Defer>(2).size() == 1);
  CHECK(test.desk->HasEnded(2));
  for (WorkerId other : {1, 3, 4}) {
    CHECK_FALSE(test.desk->DeferredFor(other));
    CHECK(test.Heard<Defer>(other).empty());
  }
  test.desk->Close(2, "deferred");
  CHECK_FALSE(test.desk->DeferredFor(2));
  REQUIRE(test.Answer(3, "good", 3));
  test.Turn();
  test.desk->DeferOneLongWait(test.clock.Now());
  test.Turn();
  CHECK(test.desk->DeferredFor(3) == "p/m");  // what is answered does not hold it
  CHECK(test.governor->waiting() == 0);
}

TEST_CASE("call desk: all calls of an item that gives way are taken back") {
  DeskTest test;
  test.config.providers["p"].limits.concurrency = 1;
  test.Govern();
  REQUIRE(test.Ask(1, "s1", 1));
  REQUIRE(test.Ask(1, "s2", 2));
  REQUIRE(test.Ask(2, "t2", 2));
  test.Turn();
  test.desk->DeferOneLongWait(test.clock.Now());
  test.Turn();
  CHECK(test.Heard<Defer>(2).size() == 1);
  REQUIRE(test.Heard<Refuse>(2).size() == 1);
  CHECK_FALSE(test.Heard<Refuse>(2)[0].final);
  CHECK(test.governor->waiting() == 0);
  CHECK(test.desk->CountsOf(2).waiting == 0);
}

TEST_CASE("call desk: a wait that is over within a second is no reason to give way") {
  for (auto [delay, gives_way] : {std::pair(seconds(1), false), {seconds(3), true}}) {
    CAPTURE(delay.count());
    DeskTest test;
    test.config.providers["p"].limits.min_delay = delay;
    test.Govern();
    REQUIRE(test.Ask(1, "s1", 1));
    REQUIRE(test.Ask(1, "s2", 2));
    test.Turn();
    test.desk->DeferOneLongWait(test.clock.Now());
    CHECK(test.desk->DeferredFor(2).has_value() == gives_way);
  }
}

TEST_CASE("call desk: a call that waits to be tried again does not give way") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kServer));
  test.desk->DeferOneLongWait(test.clock.Now());
  CHECK_FALSE(test.desk->DeferredFor(1));
}

TEST_CASE("call desk: what a try cost, or at worst can have cost, is counted against the budget") {
  // A cap of three worst cases, each 100 × 1 + 10 × 10; an answer costs half of that.
  DeskTest test;
  test.config.budget.max_cost = 600;
  test.Govern();
  for (int64_t number : {1, 2, 3, 4}) REQUIRE(test.Ask(number, fmt::format("s{}", number)));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 3);
  REQUIRE(test.Answer(1, "good"));  // 100
  test.Turn();
  CHECK(test.Heard<Go>().size() == 3);  // 100 + 200 + 200 + 200 is over it
  REQUIRE(test.Answer(2, "good"));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 4);
  test.desk->Close(1, "its worker was lost");  // two in the air: unknown, at their worst
  test.Turn();
  REQUIRE(test.Ask(1, "t", 2));
  test.Turn();
  CHECK(test.Heard<Go>(2).empty());
  REQUIRE(test.Heard<Refuse>(2).size() == 1);
  CHECK_FALSE(test.Heard<Refuse>(2)[0].final);
  CHECK_FALSE(test.governor->why_stop().empty());
}

TEST_CASE("call desk: an item's budget counts what its calls cost in earlier attempts") {
  DeskTest test;
  test.config.budget.max_cost_per_item = 350;
  test.Govern();
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));  // 100
  test.Turn();
  test.desk->Close(1, "done");
  test.Govern();  // another session
  REQUIRE(test.Ask(1, "s2", 2));
  test.Turn();
  REQUIRE(test.Heard<Go>(2).size() == 1);
  REQUIRE(test.Answer(1, "good", 2));
  test.Turn();
  REQUIRE(test.Ask(2, "s3", 2));  // 200 + 200 is over it
  test.Turn();
  REQUIRE(test.Heard<Refuse>(2).size() == 1);
  CHECK(test.Heard<Refuse>(2)[0].final);
  CHECK(test.governor->why_stop().empty());
}

}  // namespace
}  // namespace muster
